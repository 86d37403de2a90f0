"""The requests that lead from one state of a record to another. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from registry.client.bodies import has_hidden
from registry.errors import InvalidRecordsError, Problem
from registry.records import codec
from registry.records.editing import HIDDEN
from registry.records.model import Credentials, Endpoint, Extension, Service

Path: TypeAlias = tuple[str, ...]
Part: TypeAlias = Extension | Service | Endpoint | Credentials

# What each part is called in a path, and its fields apart from its id and the parts in it.
_FIELDS: Final[Mapping[type, tuple[str, ...]]] = {
    Extension: ("product", "version", "zone", "description", "configuration"),
    Service: ("resource", "category", "description", "auth_required", "configuration"),
    Endpoint: ("type", "configuration"),
    Credentials: ("scope", "default", "projects", "users", "configuration"),
}
# What clears a field that the encoded part leaves out.
_DEFAULTS: Final[Mapping[str, Any]] = {
    "configuration": {},
    "projects": [],
    "users": [],
    "services": [],
    "auth_required": False,
    "default": False,
    "type": "external",
    "scope": "global",
}


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Attributes:
        path: Its segments, below the address of the registry; not yet percent-encoded.
        body: None = no body.
    """

    method: str
    path: Path
    body: dict[str, Any] | None = None


def path_of(extension_id: str) -> Path:
    """The path of an extension."""
    return "extensions", extension_id


def replacement(record: Extension) -> Request:
    """Put all of *record* in the place of what is there, in one request.

    A list of services replaces the old one, and ``HIDDEN`` keeps a value: so a server of ours has it.
    """
    given = codec.encode(record)
    body = {field: given.get(field, _DEFAULTS.get(field, "")) for field in (*_FIELDS[Extension], "services")}
    return Request("PUT", path_of(record.id), body)


def single_changes(before: Extension, after: Extension) -> list[Request]:
    """One request for each part that differs, which names only the fields that do.

    So a value that FuseML's original server hides is never sent back to it, where it would replace the real one.

    Raises:
        InvalidRecordsError: Some values of credentials change, and others of the same credentials are not known.
    """
    problems = list(_partly_known(before, after))
    if problems:
        raise InvalidRecordsError(problems)
    path = path_of(after.id)
    return [*_updated(path, before, after), *_of_services((*path, "services"), before, after)]


def _of_services(path: Path, before: Extension, after: Extension) -> Iterator[Request]:
    old, new = ({s.id: s for s in record.services} for record in (before, after))
    yield from _added_and_deleted(path, old, new)
    for service_id in old.keys() & new.keys():
        own, one, other = (*path, service_id), old[service_id], new[service_id]
        yield from _updated(own, one, other)
        yield from _of_parts((*own, "endpoints"), _by_url(one.endpoints), _by_url(other.endpoints))
        yield from _of_parts((*own, "credentials"), _by_id(one.credentials), _by_id(other.credentials))


def _of_parts(path: Path, old: Mapping[str, Part], new: Mapping[str, Part]) -> Iterator[Request]:
    yield from _added_and_deleted(path, old, new)
    for key in old.keys() & new.keys():
        yield from _updated((*path, key), old[key], new[key])


def _added_and_deleted(path: Path, old: Mapping[str, Part], new: Mapping[str, Part]) -> Iterator[Request]:
    yield from (Request("DELETE", (*path, key)) for key in old if key not in new)
    yield from (Request("POST", path, codec.encode(part)) for key, part in new.items() if key not in old)


def _updated(path: Path, before: Part, after: Part) -> Iterator[Request]:
    old, new = codec.encode(before), codec.encode(after)
    changed = {
        field: new.get(field, _DEFAULTS.get(field, ""))
        for field in _FIELDS[type(after)]
        if old.get(field) != new.get(field)
    }
    if changed:
        yield Request("PUT", path, changed)


def _partly_known(before: Extension, after: Extension) -> Iterator[Problem]:
    """Configurations that would replace values that nobody here knows."""
    known = {(s.id, c.id): c.configuration for s in before.services for c in s.credentials}
    for i, service in enumerate(after.services):
        for j, login in enumerate(service.credentials):
            if login.configuration == known.get((service.id, login.id)) or not has_hidden(login.configuration):
                continue
            names = ", ".join(repr(name) for name, value in login.configuration.items() if value == HIDDEN)
            message = f"the server would replace all values, and does not show those of {names}; give them, too"
            yield Problem(message, ("services", i, "credentials", j, "configuration"))


def _by_url(endpoints: Iterable[Endpoint]) -> dict[str, Endpoint]:
    return {endpoint.url: endpoint for endpoint in endpoints}


def _by_id(logins: Iterable[Credentials]) -> dict[str, Credentials]:
    return {login.id: login for login in logins}
