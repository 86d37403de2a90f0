"""Which service a selector means, for whom, and why. Pure.

Four rules in order: *match* (the selector's criteria), *may use* (credentials in scope), *can reach* (an endpoint
for the consumer's zone), *choose* (one of what is left). Each offer that a rule removed is kept with the reason.
"""

import heapq
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Literal

from registry.records.model import Credentials, Endpoint, Extension, Service
from registry.resolving import versions
from registry.resolving.index import EXACT, Index, Offer
from registry.resolving.selectors import Consumer, Selector

Rule = Literal["match", "may use", "can reach", "choose", ""]

# What a message or an explanation lists at most; a registry may hold a hundred thousand that fit.
MAX_LISTED = 20
_MAX_COMPARED = 1_000
_SCOPE_ORDER = {"user": 0, "project": 1, "global": 2}
_CHOOSING = ("it is in the same zone", "it is the default", "it has an internal endpoint")


@dataclass(frozen=True, slots=True)
class Binding:
    """The answer to a selector.

    Attributes:
        endpoint: None for a service that declares none.
        elsewhere: The namespace that holds its Secrets, if it is not the consumer's own.
    """

    extension: Extension
    service: Service
    endpoint: Endpoint | None
    credentials: Credentials | None
    elsewhere: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one offer. *rule* "" means that it was chosen."""

    offer: str
    rule: Rule
    why: str


@dataclass(frozen=True, slots=True)
class Resolution:
    """How a selector was resolved.

    Attributes:
        binding: What was chosen; None if nothing fits.
        why: Why that one, or why none: what came closest and what removed it.
        rivals: Other services that only version or id order ranked below it, at most MAX_LISTED.
        verdicts: What became of each offer that was looked at, at most MAX_LISTED.
        considered: How many were looked at.
    """

    selector: Selector
    binding: Binding | None
    why: str
    rivals: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    considered: int


def resolve(selector: Selector, index: Index, consumer: Consumer) -> Resolution:
    """Find the one service that fits *selector* and that *consumer* may use and can reach. Never raises."""
    # Selectors that differ only in what they do with the answer share it.
    question = (*selector.criteria.items(), consumer)
    answer: Resolution = index.remember(question, lambda: _resolve(selector, index, consumer))
    return answer if answer.selector == selector else replace(answer, selector=selector)


def _resolve(selector: Selector, index: Index, consumer: Consumer) -> Resolution:
    # What the index leaves out matches less than all; where there is little to leave out, say so of each.
    offers = index.offers if index.is_small(MAX_LISTED) else index.narrowed(selector.criteria)
    removed: list[Verdict] = []
    left: list[Offer] = []
    for offer in offers:
        verdict = _removed_by(offer, selector, consumer)
        if verdict is None:
            left.append(offer)
        elif len(removed) < MAX_LISTED or verdict.rule != "match":
            removed.append(verdict)
    if not left:
        return _nothing(selector, index, consumer, removed=removed, considered=len(offers))
    return _chosen(selector, consumer, left=left, removed=removed, considered=len(offers))


def _removed_by(offer: Offer, selector: Selector, consumer: Consumer) -> Verdict | None:
    if mismatches := _mismatches(offer, selector):
        return Verdict(offer.id, "match", ", ".join(mismatches))
    if offer.service.auth_required and not _in_scope(offer.service, consumer):
        return Verdict(offer.id, "may use", f"requires credentials and has none for {_who(consumer)}")
    if offer.service.endpoints and not _reachable(offer, consumer):
        zone = f"in zone {offer.extension.zone!r}" if offer.extension.zone else "and its record names no zone"
        return Verdict(
            offer.id,
            "can reach",
            f"has only internal endpoints, {zone}; you are in zone {consumer.zone!r}",
        )
    return None


def _mismatches(offer: Offer, selector: Selector) -> list[str]:
    found = []
    for field, wanted in selector.criteria.items():
        value = EXACT[field](offer) if field in EXACT else offer.extension.version
        if not (value == wanted or (field == "version" and _version_fits(value, wanted))):
            found.append(f"{field} is {value!r}, not {wanted!r}" if value else f"has no {field}")
    return found


def _version_fits(version: str, wanted: str) -> bool:
    try:
        return versions.satisfies(version, wanted)
    except versions.ConstraintError:
        return False


def _who(consumer: Consumer) -> str:
    return f"project {consumer.project!r}, user {consumer.user!r}"


def _in_scope(service: Service, consumer: Consumer) -> list[Credentials]:
    """The credentials that *consumer* may use, best first."""
    usable = [c for c in service.credentials if _may_use(c, consumer)]
    return sorted(usable, key=lambda c: (_SCOPE_ORDER[c.scope], not c.default, c.id))


def _may_use(credentials: Credentials, consumer: Consumer) -> bool:
    if credentials.scope == "global":
        return True
    if credentials.scope == "project":
        return consumer.project in credentials.projects
    in_project = not credentials.projects or consumer.project in credentials.projects
    return consumer.user in credentials.users and in_project


def _reachable(offer: Offer, consumer: Consumer) -> list[Endpoint]:
    """The endpoints that *consumer* can reach, best first: internal before external, then the record's order."""
    inside = consumer.zone in ("", offer.extension.zone)
    usable = [e for e in offer.service.endpoints if inside or e.type == "external"]
    return sorted(usable, key=lambda e: e.type != "internal")


def _preference(offer: Offer, consumer: Consumer) -> tuple[bool, bool, bool]:
    """False sorts first, in the order of _CHOOSING."""
    reachable = _reachable(offer, consumer)
    return (
        offer.extension.zone != consumer.zone if consumer.zone else False,
        not offer.service.default,
        not (reachable and reachable[0].type == "internal"),
    )


def _semver(offer: Offer) -> versions.Version:
    """Without the text that ``sort_key`` puts behind: '1.0' is as high as '1.0.0', and 'main' as 'latest'."""
    return versions.sort_key(offer.extension.version)[0]


def _rank(offer: Offer, consumer: Consumer) -> tuple[tuple[bool, ...], versions.Version]:
    """The higher, the better."""
    return tuple(not worse for worse in _preference(offer, consumer)), _semver(offer)


def _chosen(
    selector: Selector, consumer: Consumer, *, left: list[Offer], removed: list[Verdict], considered: int
) -> Resolution:
    # No more than can be listed: semver is slow to compare pre-releases. Among equals the order of ids stays.
    ranked = heapq.nlargest(1 + MAX_LISTED, left, key=lambda o: _rank(o, consumer))
    best, others = ranked[0], ranked[1:]
    endpoints = _reachable(best, consumer)
    credentials = _in_scope(best.service, consumer)
    binding = Binding(
        best.extension,
        best.service,
        endpoints[0] if endpoints else None,
        credentials[0] if credentials else None,
        best.namespace if best.namespace != consumer.namespace else "",
    )
    preference = _preference(best, consumer)
    # They come right after the best.
    rivals = itertools.takewhile(lambda o: _preference(o, consumer) == preference, others)
    why = "the only one that fits" if not others else _advantage(best, others[0], consumer)
    verdicts = [
        Verdict(best.id, "", why),
        *(Verdict(o.id, "choose", f"{best.id} is preferred: {_advantage(best, o, consumer)}") for o in others),
        *removed,
    ]
    return Resolution(selector, binding, why, tuple(o.id for o in rivals), tuple(verdicts[:MAX_LISTED]), considered)


def _advantage(best: Offer, other: Offer, consumer: Consumer) -> str:
    """The rule that put *best* before *other*."""
    for text, a, b in zip(_CHOOSING, _preference(best, consumer), _preference(other, consumer), strict=True):
        if a != b:
            return text
    if _semver(best) != _semver(other):
        than = repr(other.extension.version) if other.extension.version else "none"
        return f"its version {best.extension.version!r} is higher than {than}"
    return "its id comes first"


def _nothing(
    selector: Selector, index: Index, consumer: Consumer, *, removed: list[Verdict], considered: int
) -> Resolution:
    # What failed a later rule came closer; what only the match removed is looked at once more, by how much fits.
    by_rule = {rule: [v for v in removed if v.rule == rule] for rule in ("can reach", "may use")}
    closest = by_rule["can reach"] + by_rule["may use"] or _closest(selector, index)
    listed = closest or removed
    why = _why_nothing(selector, index, closest)
    return Resolution(selector, None, why, (), tuple(listed[:MAX_LISTED]), considered)


def _closest(selector: Selector, index: Index) -> list[Verdict]:
    """The offers that fail the fewest criteria, if they fulfil at least one."""
    near = [(o, _mismatches(o, selector)) for o in index.sharing(selector.criteria, _MAX_COMPARED)]
    fewest = min((len(m) for _, m in near), default=0)
    return [Verdict(o.id, "match", ", ".join(m)) for o, m in near if len(m) == fewest]


def _why_nothing(selector: Selector, index: Index, closest: Sequence[Verdict]) -> str:
    return _why_none_of_these(selector, index, closest) + _broken(index)


def _broken(index: Index) -> str:
    """A hint at what may be missing because its record cannot be read."""
    if not index.broken:
        return ""
    first, why = min(index.broken.items())
    others = f", and {len(index.broken) - 1} more" if len(index.broken) > 1 else ""
    return f"; extension {first!r}{others} cannot be read: {why}"


def _why_none_of_these(selector: Selector, index: Index, closest: Sequence[Verdict]) -> str:
    if not index.extensions:
        return "nothing fits; the registry is empty"
    if closest:
        shown = "; ".join(f"{v.offer}: {v.why}" for v in closest[:3])
        left_out = len(closest) - 3
        more = f"; and {left_out if left_out < 100 else 'many'} more" if left_out > 0 else ""
        return f"nothing fits; closest: {shown}{more}{_misspelt(selector, index)}"
    return f"nothing fits; {_unknown_value(selector, index)}"


def _misspelt(selector: Selector, index: Index) -> str:
    for field, value in selector.criteria.items():
        if field in EXACT and value not in index.values(field):
            close = _similar(value, _names(index, field))
            if close:
                return f"; did you mean {field} {close!r}?"
    return ""


def _unknown_value(selector: Selector, index: Index) -> str:
    for field, value in selector.criteria.items():
        if field == "extension_id" and any(e.id == value for e in index.extensions):
            return f"extension {value!r} has no services"
        if field in EXACT:
            return f"nothing registered has {field} {value!r}{_instead(value, _names(index, field))}"
    seen = {o.extension.version for o in index.offers[:_MAX_COMPARED] if o.extension.version}
    highest = sorted(seen, key=versions.sort_key, reverse=True)[:5]
    there = f"there are {', '.join(highest)}" if highest else "there are none"
    return f"no registered version fits {selector.version!r}; {there}"


def _instead(value: str, names: list[str]) -> str:
    close = _similar(value, names)
    if close:
        return f"; did you mean {close!r}?"
    return f"; there are {', '.join(names)}" if 1 <= len(names) <= 8 else ""


def _names(index: Index, field: str) -> list[str]:
    return sorted(name for name in index.values(field) if name)


def _similar(value: str, names: list[str]) -> str:
    # Looking for the similar is slow; with this many names it would not help a person either.
    close = get_close_matches(value, names, n=1) if len(names) <= 1000 else []
    return close[0] if close else ""
