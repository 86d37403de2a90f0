"""Why nothing fits a selector, and what comes closest. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from registry.resolving import versions
from registry.resolving.matching import mismatches
from registry.resolving.offers import EXACT
from registry.resolving.selectors import Selector
from registry.resolving.view import View
from registry.suggestions import closest, did_you_mean, there_are

_MAX_COMPARED = 1_000
_MAX_VALUES = 8


class Miss(NamedTuple):
    """An offer that does not fit, and why."""

    offer: str
    why: str


def near_misses(selector: Selector, view: View) -> list[Miss]:
    """The offers that fail the fewest criteria, of those that fulfil at least one."""
    near = [(o, mismatches(o, selector)) for o in view.sharing(selector.criteria, _MAX_COMPARED)]
    fewest = min((len(m) for _, m in near), default=0)
    return [Miss(o.id, ", ".join(m)) for o, m in near if len(m) == fewest]


def why_nothing(selector: Selector, view: View, near: Sequence[Miss]) -> str:
    """Say why nothing fits *selector*: what came *near*, or else what there is in its place."""
    return _why_none_of_these(selector, view, near) + _broken(view)


def _broken(view: View) -> str:
    """A hint at what may be missing because its record cannot be read."""
    if not view.broken:
        return ""
    first, why = min(view.broken.items())
    others = f", and {len(view.broken) - 1} more" if len(view.broken) > 1 else ""
    return f"; extension {first!r}{others} cannot be read: {why}"


def _why_none_of_these(selector: Selector, view: View, near: Sequence[Miss]) -> str:
    if not view.extensions:
        return "nothing fits; the registry is empty"
    if near:
        shown = "; ".join(f"{miss.offer}: {miss.why}" for miss in near[:3])
        left_out = len(near) - 3
        more = f"; and {left_out if left_out < 100 else 'many'} more" if left_out > 0 else ""
        return f"nothing fits; closest: {shown}{more}{_misspelt(selector, view)}"
    return f"nothing fits; {_unknown_value(selector, view)}"


def _misspelt(selector: Selector, view: View) -> str:
    for field, value in selector.criteria.items():
        if field in EXACT and value not in view.values(field):
            close = closest(value, _names(view, field))
            if close:
                return f"; did you mean {field} {close!r}?"
    return ""


def _unknown_value(selector: Selector, view: View) -> str:
    for field, value in selector.criteria.items():
        if field == "extension_id" and any(e.id == value for e in view.extensions):
            return f"extension {value!r} has no services"
        if field in EXACT:
            return f"nothing registered has {field} {value!r}{_instead(value, _names(view, field))}"
    seen = {o.extension.version for o in view.offers[:_MAX_COMPARED] if o.extension.version}
    highest = sorted(seen, key=versions.sort_key, reverse=True)[:5]
    return f"no registered version fits {selector.version!r}; {there_are(highest)}"


def _instead(value: str, names: list[str]) -> str:
    # Many values, none of them similar, would only make the message longer.
    helps = 1 <= len(names) <= _MAX_VALUES or closest(value, names)
    return f"; {did_you_mean(value, names)}" if helps else ""


def _names(view: View, field: str) -> list[str]:
    return sorted(name for name in view.values(field) if name)
