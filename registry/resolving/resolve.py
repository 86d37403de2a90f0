"""Which service a selector means, for whom, and why. Pure.

Four rules in order: *match* (the selector's criteria), *may use* (credentials in scope), *can reach* (an endpoint
for the consumer's zone), *choose* (one of what is left). Each offer that a rule removed is kept with the reason.
"""

import heapq
import itertools
from dataclasses import dataclass, replace
from typing import Literal

from registry.records.model import Credentials, Endpoint, Extension, Service
from registry.resolving import versions
from registry.resolving.access import credentials_for, lacks_project
from registry.resolving.matching import mismatches
from registry.resolving.no_match import Miss, near_misses, why_nothing
from registry.resolving.offers import Offer
from registry.resolving.selectors import Consumer, Selector
from registry.resolving.view import View

Rule = Literal["match", "may use", "can reach", "choose", ""]

# What a message or an explanation lists at most; a registry may hold a hundred thousand that fit.
MAX_LISTED = 20
_CHOOSING = ("it is in the same zone", "it is the default", "it has an internal endpoint")


@dataclass(frozen=True, slots=True)
class Binding:
    """The answer to a selector.

    Attributes:
        endpoint: None for a service that declares none.
        shared: True if its record is of another namespace than the consumer's, so that its credentials are delivered
            as copies.
        namespace: Of its record, and of the Secrets that the record names; "" = wherever the consumer is.
    """

    extension: Extension
    service: Service
    endpoint: Endpoint | None
    credentials: Credentials | None
    shared: bool = False
    namespace: str = ""


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
        lacks_project: True if credentials would be there if the consumer's namespace had a project: of what was chosen,
            or if nothing was, of what came closest.
    """

    selector: Selector
    binding: Binding | None
    why: str
    rivals: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    considered: int
    lacks_project: bool = False


def resolve(selector: Selector, view: View, consumer: Consumer) -> Resolution:
    """Find the one service that fits *selector* and that *consumer* may use and can reach. Never raises."""
    # Selectors that differ only in what they do with the answer share it.
    question = (*selector.criteria.items(), consumer)
    answer: Resolution = view.answers.get(question, lambda: _resolve(selector, view, consumer))
    return answer if answer.selector == selector else replace(answer, selector=selector)


def _resolve(selector: Selector, view: View, consumer: Consumer) -> Resolution:
    # What *narrowed* leaves out cannot match. In a small registry each offer is looked at, to say why it does not.
    offers = view.offers if view.is_small(MAX_LISTED) else view.narrowed(selector.criteria)
    removed: list[Verdict] = []
    left: list[Offer] = []
    for offer in offers:
        verdict = _removed_by(offer, selector, consumer)
        if verdict is None:
            left.append(offer)
        elif len(removed) < MAX_LISTED or verdict.rule != "match":
            removed.append(verdict)
    if not left:
        lacks = any(_would_fit(offer, selector, consumer) for offer in offers)
        return _nothing(selector, view, removed=removed, considered=len(offers), lacks_project=lacks)
    return _chosen(selector, consumer, left=left, removed=removed, considered=len(offers))


def _removed_by(offer: Offer, selector: Selector, consumer: Consumer) -> Verdict | None:
    if missed := mismatches(offer, selector):
        return Verdict(offer.id, "match", ", ".join(missed))
    shared = _is_shared(offer, consumer)
    if offer.service.auth_required and not credentials_for(offer.service, consumer, shared=shared):
        return Verdict(offer.id, "may use", _without_credentials(offer, consumer))
    if offer.service.endpoints and not _reachable(offer, consumer):
        theirs = offer.extension.zone
        zone = f"in zone {theirs!r}" if theirs else "and its record names no zone"
        # The webhook's zone is that of its cluster; it is wrong if the steps run elsewhere.
        remedy = "or --zone of the webhook, if yours is another" if theirs else "or the zone in its record"
        return Verdict(
            offer.id,
            "can reach",
            f"has only internal endpoints, {zone}; you are in zone {consumer.zone!r}: "
            f"what would help is an endpoint of type external, {remedy}",
        )
    return None


def _would_fit(offer: Offer, selector: Selector, consumer: Consumer) -> bool:
    """True if a project of the consumer's namespace might make *offer* fit."""
    shared = _is_shared(offer, consumer)
    return lacks_project(offer.service, consumer, shared=shared) and not mismatches(offer, selector)


def _is_shared(offer: Offer, consumer: Consumer) -> bool:
    return offer.namespace not in ("", consumer.namespace)


def _without_credentials(offer: Offer, consumer: Consumer) -> str:
    shared = _is_shared(offer, consumer)
    if lacks_project(offer.service, consumer, shared=shared):
        return f"requires credentials, and namespace {consumer.namespace!r} has neither a project nor an owner"
    who = f"owner {consumer.owner!r}" if shared else f"user {consumer.user!r}"
    return f"requires credentials and has none for project {consumer.project!r}, {who}"


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
    """The sort key without its text, so that '1.0' is as high as '1.0.0', and 'main' as 'latest'."""
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
    shared = _is_shared(best, consumer)
    credentials = credentials_for(best.service, consumer, shared=shared)
    binding = Binding(
        best.extension,
        best.service,
        endpoints[0] if endpoints else None,
        credentials[0] if credentials else None,
        shared,
        best.namespace,
    )
    preference = _preference(best, consumer)
    # Rivals come right after the best.
    rivals = itertools.takewhile(lambda o: _preference(o, consumer) == preference, others)
    why = "the only one that fits" if not others else _advantage(best, others[0], consumer)
    verdicts = [
        Verdict(best.id, "", why),
        *(Verdict(o.id, "choose", f"{best.id} is preferred: {_advantage(best, o, consumer)}") for o in others),
        *removed,
    ]
    lacks = lacks_project(best.service, consumer, shared=shared)
    others_like_it = tuple(o.id for o in rivals)
    return Resolution(selector, binding, why, others_like_it, tuple(verdicts[:MAX_LISTED]), considered, lacks)


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
    selector: Selector, view: View, *, removed: list[Verdict], considered: int, lacks_project: bool
) -> Resolution:
    # What a later rule removed came closest; else what fails the fewest criteria.
    by_rule = {rule: [v for v in removed if v.rule == rule] for rule in ("can reach", "may use")}
    closest = by_rule["can reach"] + by_rule["may use"]
    closest = closest or [Verdict(miss.offer, "match", miss.why) for miss in near_misses(selector, view)]
    listed = closest or removed
    why = why_nothing(selector, view, [Miss(v.offer, v.why) for v in closest])
    return Resolution(selector, None, why, (), tuple(listed[:MAX_LISTED]), considered, lacks_project)
