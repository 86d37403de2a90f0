"""Decides what the status of an Extension says. Pure.

No message holds a value of a Secret or the name of a tenant's namespace: whoever may read a shared Extension reads its
status too.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate, takewhile
from typing import Any, Final, NamedTuple

from registry.delivery.ledger import REASONS, Lack
from registry.records.extension_objects import SOURCE_LABEL
from registry.records.model import Credentials, Extension, SecretRef
from webhook.controller.followed_extensions import Record

READABLE: Final = "Readable"
CREDENTIALS_AVAILABLE: Final = "CredentialsAvailable"
READY: Final = "Ready"
DELIVERED: Final = "Delivered"
LONGEST_MESSAGE: Final = 1024
# Of the value of a label, in characters.
LONGEST_LABEL: Final = 63

_JOINT: Final = "; "


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What is known about a Secret in the registry's namespace; never a value.

    Attributes:
        extension: Its label SOURCE_LABEL; "" if it has none.
        keys: The names of its keys.
    """

    extension: str
    keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class DeliveryFacts:
    """What is known about the copies of an Extension's credentials.

    Attributes:
        delivered_to: The number of namespaces that have any.
        refused: By reason, the number of namespaces in which one cannot be written.
    """

    delivered_to: int
    refused: Mapping[Lack, int]


class _Finding(NamedTuple):
    """What a condition says. A condition that is true has its type as its reason."""

    type: str
    reason: str
    message: str

    @property
    def is_true(self) -> bool:
        return self.reason == self.type


def status_of(
    record: Record,
    *,
    generation: int,
    sources: Mapping[str, SourceFacts] | None,
    delivery: DeliveryFacts | None,
    now: datetime,
    before: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the status of an Extension.

    Args:
        generation: Of the object that *record* was read from.
        sources: The Secrets of its namespace, by name; None = nothing is said about them.
        delivery: Where its credentials are; None = nothing is said about it.
        before: The status until now, of which the times stay that still hold.
    """
    findings = [_readable(record)]
    if isinstance(record, Extension) and sources is not None:
        findings.append(_credentials_available(record, sources))
    findings.append(_ready(findings))
    if delivery is not None and isinstance(record, Extension) and any(_referring(record)):
        # Not part of Ready, which depends on the operator only: any namespace can refuse its copies.
        findings.append(_delivered(delivery.refused))
    status: dict[str, Any] = {
        "observedGeneration": generation,
        "conditions": [_condition(finding, generation, now, before) for finding in findings],
    }
    if isinstance(record, Extension):
        status["services"] = len(record.services)
    if delivery is not None:
        status["deliveredTo"] = delivery.delivered_to
    return status


def ready_condition(status: Mapping[str, Any]) -> Mapping[str, Any]:
    """The condition Ready of *status*; empty if there is none."""
    return _conditions(status).get(READY, {})


def is_ready(status: Mapping[str, Any]) -> bool:
    """True if *status* says that the Extension works."""
    return ready_condition(status).get("status") == "True"


def stops_working(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """True if *after* says that the Extension does not work, and *before* did not say so yet."""
    return ready_condition(after).get("status") == "False" != ready_condition(before).get("status")


def _readable(record: Record) -> _Finding:
    if isinstance(record, Extension):
        return _true(READABLE)
    return _Finding(READABLE, "InvalidRecord", _bounded([str(problem) for problem in record]))


def _credentials_available(extension: Extension, sources: Mapping[str, SourceFacts]) -> _Finding:
    missing = dict.fromkeys(_missing(extension, sources))
    if not missing:
        return _true(CREDENTIALS_AVAILABLE)
    reason, _ = next(iter(missing))
    return _Finding(CREDENTIALS_AVAILABLE, reason, _bounded([message for _, message in missing]))


def _missing(extension: Extension, sources: Mapping[str, SourceFacts]) -> Iterator[tuple[str, str]]:
    """What the credentials of *extension* refer to and is not there: reason and message."""
    for credentials, secret in _referring(extension):
        name, source = secret.name, sources.get(secret.name)
        if len(extension.id) > LONGEST_LABEL:
            label = f"an id of more than {LONGEST_LABEL} characters fits into no label"
            yield "SecretMissing", f"Secret {name!r} cannot have the label {SOURCE_LABEL} for this Extension: {label}"
            continue
        if source is None or source.extension != extension.id:
            # One text for both, so that nobody finds out by it which Secrets there are.
            label = f"{SOURCE_LABEL}={extension.id}"
            yield "SecretMissing", f"Secret {name!r} is not there, or lacks the label {label}"
            continue
        for variable, key in credentials.configuration.items():
            if key not in source.keys:
                yield "KeyMissing", f"variable {variable!r}: Secret {name!r} has no key {key!r}"


_REFUSED: Final[Mapping[Lack, str]] = {
    Lack.TAKEN: "another Secret has the name",
    Lack.QUOTA: "the quota of Secrets is used up",
    Lack.FORBIDDEN: "fuseml controller may not write Secrets",
    Lack.REFUSED: "the API server refuses them, and the log of fuseml controller says why",
}


def _delivered(refused: Mapping[Lack, int]) -> _Finding:
    if not refused:
        return _true(DELIVERED)
    counts = [f"in {count} namespace{'s' * (count != 1)} {_REFUSED[lack]}" for lack, count in refused.items()]
    message = _bounded([*counts, "Events there say which"])
    return _Finding(DELIVERED, REASONS[next(iter(refused))], message)


def _referring(extension: Extension) -> Iterator[tuple[Credentials, SecretRef]]:
    """The credentials whose values are in Secrets."""
    for service in extension.services:
        yield from ((c, c.secret_ref) for c in service.credentials if c.secret_ref)


def _ready(findings: Sequence[_Finding]) -> _Finding:
    wrong = next((finding for finding in findings if not finding.is_true), None)
    return wrong._replace(type=READY) if wrong else _true(READY)


def _true(of_type: str) -> _Finding:
    return _Finding(of_type, of_type, "")


def _condition(finding: _Finding, generation: int, now: datetime, before: Mapping[str, Any]) -> dict[str, Any]:
    status = "True" if finding.is_true else "False"
    known = _conditions(before).get(finding.type, {})
    since = known.get("lastTransitionTime") if known.get("status") == status else None
    return {
        "type": finding.type,
        "status": status,
        "reason": finding.reason,
        "message": finding.message,
        "observedGeneration": generation,
        "lastTransitionTime": since if isinstance(since, str) else f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }


def _conditions(status: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    found = status.get("conditions")
    conditions = found if isinstance(found, list) else []
    # A stored object may be older than the schema that it must fit today.
    return {c["type"]: c for c in conditions if isinstance(c, Mapping) and isinstance(c.get("type"), str)}


def _bounded(texts: Sequence[str]) -> str:
    """As many of *texts* as a message may hold, and how many more there are."""
    whole = _JOINT.join(texts)
    if len(whole) <= LONGEST_MESSAGE:
        return whole
    room = LONGEST_MESSAGE - len(f"{_JOINT}and {len(texts)} more")
    ends = accumulate(len(text) + len(_JOINT) for text in texts)
    kept = sum(1 for _ in takewhile(lambda end: end - len(_JOINT) <= room, ends))
    if not kept:
        return f"{whole[: LONGEST_MESSAGE - 1]}…"
    return f"{_JOINT.join(texts[:kept])}{_JOINT}and {len(texts) - kept} more"
