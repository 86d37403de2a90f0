"""What a change means for objects: as text for people, and as plain data for programs. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from registry.resolving.selectors import described
from webhook.preview.impact.plan import (
    Chosen,
    Difference,
    ObjectImpact,
    Outcome,
    Part,
    SelectorImpact,
    Summary,
)

# Longer values are cut for people; programs get all of them.
_LONGEST: Final = 60
_COUNTED: Final[Mapping[Outcome, str]] = {
    Outcome.UNCHANGED: "unchanged",
    Outcome.RESOLVED: "that can be resolved",
    Outcome.VALUES: "with other values",
    Outcome.SERVICE: "with another service",
    Outcome.REFUSED: "refused",
}
_IF_SENT_AGAIN: Final = "keeps what it was given; if it is sent again"


def as_text(found: ObjectImpact, *, has_change: bool) -> str:
    """*found* as text for people; without a change, only what its selectors mean today."""
    return "\n".join(_lines(found, has_change=has_change)) + "\n"


def _lines(found: ObjectImpact, *, has_change: bool) -> Iterator[str]:
    yield _headline(found, has_change=has_change)
    yield from (f"  was given {given}" for given in found.given)
    for part in found.parts:
        if part.is_kept and not found.is_kept:
            yield "  if it is sent again:"
        where = f"{part.where} " if part.where else ""
        for selector in part.selectors:
            yield from _selector_lines(selector, where, has_change=has_change)
        verb = "refused, as before" if has_change and part.outcome is Outcome.UNCHANGED else "refused"
        yield from (f"  {where}{verb}: {problem}" for problem in part.problems)


def _headline(found: ObjectImpact, *, has_change: bool) -> str:
    where = f", namespace {found.namespace}" if found.namespace else ""
    place = f" ({found.place})" if found.place else ""
    ended = ", has ended" if found.is_finished else ""
    head = f"{found.title}{where}{place}{ended}"
    if not has_change:
        return f"{head}: keeps what it was given" if found.is_kept else head
    ambiguous = ", newly ambiguous" if found.is_ambiguous else ""
    kept = f"{_IF_SENT_AGAIN}, " if found.is_kept else ""
    return f"{head}: {kept}{found.outcome.value}{ambiguous}"


def _selector_lines(found: SelectorImpact, where: str, *, has_change: bool) -> Iterator[str]:
    selector = found.selector
    yield f"  {where}{found.step}: selector {selector.name!r} ({described(selector.criteria)})"
    is_changed = has_change and found.outcome is not Outcome.UNCHANGED
    yield f"    {_change(found) if is_changed else f'= {_chosen(found.after)}'}"
    if found.rivals:
        yield f"    might mean {', '.join(found.rivals)} as well: {found.why}"
    yield from (f"      {line}" for line in _details(found))


def _change(found: SelectorImpact) -> str:
    if found.outcome is Outcome.REFUSED:
        return f"{_chosen(found.before)} -> refused"
    if found.outcome is Outcome.VALUES:
        return f"= {_chosen(found.after)}, with other values"
    return f"{_chosen(found.before)} -> {_chosen(found.after)}: {found.why}"


def _chosen(chosen: Chosen | None) -> str:
    return chosen.id if chosen else "nothing"


def _details(found: SelectorImpact) -> Iterator[str]:
    before, after = found.before, found.after
    if found.outcome in (Outcome.UNCHANGED, Outcome.REFUSED) or after is None:
        return
    if before is not None:
        for name, one, other in (
            ("endpoint", before.endpoint, after.endpoint),
            ("credentials", before.credentials, after.credentials),
        ):
            if one != other:
                yield f"{name}: {one or 'none'} -> {other or 'none'}"
    for difference in found.differences:
        yield _difference(difference, f"extension.{found.selector.name}." if difference.is_field else "")


def _difference(found: Difference, prefix: str) -> str:
    name = f"{prefix}{found.name}"
    if not found.is_there_before or not found.is_there_after:
        sign, value = ("+", found.after) if found.is_there_after else ("-", found.before)
        return f"{sign} {name}{_value(value)}"
    if found.before is None or found.after is None or found.before == found.after:
        return f"{name}: another value, which is not shown"
    return f"{name}: {_short(found.before)} -> {_short(found.after)}"


def _value(value: str | None) -> str:
    return "" if value is None else f": {_short(value)}"


def _short(value: str) -> str:
    return repr(value if len(value) <= _LONGEST else f"{value[: _LONGEST - 1]}…")


def verdict(summary: Summary, what: str, *, has_change: bool) -> str:
    """How many objects a change concerns, and how, in one line.

    Args:
        what: The change, or the extensions that are meant, in words.
    """
    number = f"{summary.listed} of {summary.seen} object{'' if summary.seen == 1 else 's'}"
    left_out = [f"{summary.left_out} that have ended left out"] if summary.left_out else []
    if not has_change:
        kept = [f"{summary.kept} keep what they were given"] if summary.kept else []
        return "; ".join([f"{number} {'gets' if summary.listed == 1 else 'get'} {what}", *kept, *left_out])
    counted = ", ".join(f"{summary.outcomes[o]} {words}" for o, words in _COUNTED.items() if summary.outcomes[o])
    ambiguous = [f"{summary.ambiguous} newly ambiguous"] if summary.ambiguous else []
    kept = [f"{summary.kept} only if sent again"] if summary.kept else []
    return "; ".join([f"{what} concerns {number}{f': {counted}' if counted else ''}", *ambiguous, *kept, *left_out])


# For programs


def as_data(found: ObjectImpact) -> dict[str, Any]:
    """*found* as plain data. Values of credentials are in neither form."""
    return {
        "object": found.title,
        "namespace": found.namespace,
        "place": found.place,
        "outcome": found.outcome.value,
        "newly_ambiguous": found.is_ambiguous,
        "only_if_sent_again": found.is_kept,
        "has_ended": found.is_finished,
        "was_given": list(found.given),
        "parts": [_part(part) for part in found.parts],
    }


def _part(part: Part) -> dict[str, Any]:
    return {
        "where": part.where,
        "outcome": part.outcome.value,
        "only_if_sent_again": part.is_kept,
        "problems": list(part.problems),
        "selectors": [_selector(selector) for selector in part.selectors],
    }


def _selector(found: SelectorImpact) -> dict[str, Any]:
    return {
        "step": found.step,
        "name": found.selector.name,
        "criteria": found.selector.criteria,
        "outcome": found.outcome.value,
        "before": _chosen_data(found.before),
        "after": _chosen_data(found.after),
        "why": found.why,
        "newly_ambiguous_with": list(found.rivals),
        "differences": [_difference_data(difference) for difference in found.differences],
    }


def _chosen_data(chosen: Chosen | None) -> dict[str, str | None] | None:
    if chosen is None:
        return None
    return {
        "namespace": chosen.namespace,
        "extension": chosen.extension,
        "service": chosen.service,
        "endpoint": chosen.endpoint or None,
        "credentials": chosen.credentials or None,
    }


def _difference_data(found: Difference) -> dict[str, Any]:
    kind = (
        "changed" if found.is_there_before and found.is_there_after else "added" if found.is_there_after else "removed"
    )
    return {
        "name": found.name,
        "kind": "field" if found.is_field else "variable",
        "change": kind,
        "credential": found.is_credential,
        "before": found.before,
        "after": found.after,
    }


def summary_data(summary: Summary) -> Mapping[str, Any]:
    """The counts as plain data."""
    return {
        "looked_at": summary.seen,
        "listed": summary.listed,
        "outcomes": {outcome.value: summary.outcomes[outcome] for outcome in Outcome},
        "newly_ambiguous": summary.ambiguous,
        "only_if_sent_again": summary.kept,
        "refused": summary.refused,
        "left_out": summary.left_out,
        "unknown": summary.unknown,
    }
