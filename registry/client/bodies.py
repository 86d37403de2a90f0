"""Records <-> the bodies of FuseML's REST API. Pure.

Answers hold ``<hidden>`` in place of each value of credentials, and more than a record does: status, ids of what a part
belongs to, empty fields. FuseML's original server gives the parts of a record in a random order, and has no place for
what our records add to FuseML's.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from registry.errors import Problem
from registry.records import codec, times
from registry.records.editing import HIDDEN, hide
from registry.records.model import Extension, Service

# What answers say beside the record.
_OF_ANSWERS: Final = ("extension_id", "service_id", "status")
_MOMENTS: Final = ("registered", "updated")
_PARTS: Final = ("services", "endpoints", "credentials")


def record_of(body: object, *, in_order: bool) -> Extension:
    """The record that an answer holds, with ``HIDDEN`` for the values of its credentials.

    Rules that depend on the settings of the server are not applied: it has judged by its own.

    Args:
        in_order: Its parts have the order that the record's author gave them; else they are ordered by id.

    Raises:
        InvalidRecordsError: With every problem that there is.
    """
    record = codec.decode(_without_status(body), allowed=frozenset(_names(body)), is_template=True, is_shown=True)
    return record if in_order else ordered(record)


def status_of(body: object) -> dict[str, datetime | None]:
    """When the extension of an answer was registered and updated, as far as the server says it."""
    status = body.get("status") if isinstance(body, Mapping) else None
    return {name: times.read(status.get(name)) if isinstance(status, Mapping) else None for name in _MOMENTS}


def ordered(record: Extension) -> Extension:
    """*record* with all its parts in the order of their ids."""
    services = (
        replace(
            service,
            endpoints=tuple(sorted(service.endpoints, key=lambda e: e.url)),
            credentials=tuple(sorted(service.credentials, key=lambda c: c.id)),
        )
        for service in record.services
    )
    return replace(record, services=tuple(sorted(services, key=lambda s: s.id)))


def digest_of(record: Extension) -> str:
    """Differs from that of any other record, but for order and values of credentials, which are hidden."""
    canonical = json.dumps(codec.encode(ordered(hide(record))), sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:24]


def unknown_values(record: Extension) -> Iterator[Problem]:
    """Values that must be given, but were only read from a server that hides them."""
    for path, name in _hidden(record):
        message = f"{HIDDEN} stands for a value that a server does not show; give the value"
        yield Problem(message, (*path, "configuration", name))


def unsupported(record: Extension) -> Iterator[Problem]:
    """What FuseML's original server would drop without a word."""
    for i, service in enumerate(record.services):
        if service.default:
            message = "FuseML's own server does not keep it: only of credentials"
            yield Problem(message, ("services", i, "default"))
        for j, login in enumerate(service.credentials):
            if login.secret_ref is not None:
                message = "FuseML's own server does not keep it: the names of keys would become values"
                yield Problem(message, ("services", i, "credentials", j, "secretRef"))


def differing(sent: Extension, kept: Extension) -> list[str]:
    """The ids of what *sent* and *kept* differ in; order and values of credentials do not count."""
    one, other = (ordered(_all_hidden(record)) for record in (sent, kept))
    found = [] if replace(one, services=()) == replace(other, services=()) else [one.id]
    ours, theirs = ({s.id: s for s in record.services} for record in (one, other))
    return found + [f"{one.id}/{i}" for i in sorted(ours.keys() | theirs.keys()) if ours.get(i) != theirs.get(i)]


def _all_hidden(record: Extension) -> Extension:
    """*record* with the names of keys in Secrets hidden as well: a server may show them, or not."""
    services = (
        replace(
            s,
            credentials=tuple(replace(c, configuration=dict.fromkeys(c.configuration, HIDDEN)) for c in s.credentials),
        )
        for s in record.services
    )
    return replace(record, services=tuple(services))


def has_hidden(configuration: Mapping[str, str]) -> bool:
    """True if any value is not known."""
    return HIDDEN in configuration.values()


def _hidden(record: Extension) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for i, service in enumerate(record.services):
        for j, name in _hidden_in(service):
            yield ("services", i, "credentials", j), name


def _hidden_in(service: Service) -> Iterator[tuple[int, str]]:
    for j, login in enumerate(service.credentials):
        yield from ((j, name) for name, value in login.configuration.items() if value == HIDDEN)


def _without_status(body: Any) -> Any:
    if not isinstance(body, Mapping):
        return body
    fields = {key: value for key, value in body.items() if key not in _OF_ANSWERS}
    for key in _PARTS:
        if isinstance(fields.get(key), list):
            fields[key] = [_without_status(item) for item in fields[key]]
    return fields


def _names(body: object) -> Iterator[str]:
    """The names in all configurations of an answer."""
    if not isinstance(body, Mapping):
        return
    if isinstance(body.get("configuration"), Mapping):
        yield from map(str, body["configuration"])
    for key in _PARTS:
        for item in body[key] if isinstance(body.get(key), list) else ():
            yield from _names(item)
