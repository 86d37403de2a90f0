"""Changes to a record: its parts are added, updated and deleted, as FuseML's API has it. Pure.

An update is partial: a field that is not given, or is null, stays; one that is given replaces the whole field, also if
it is a list or a map, and an empty text clears it. Messages are those of FuseML (``pkg/domain/extension.go`` of
fuseml-core), which its clients show.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from registry.errors import AlreadyExistsError, InvalidRecordsError, NotFoundError, Problem
from registry.records import codec, placeholders
from registry.records.model import Credentials, Endpoint, Extension, Service

HIDDEN: Final = placeholders.HIDDEN

PartKind: TypeAlias = Literal["services", "endpoints", "credentials"]
Path: TypeAlias = tuple[str | int, ...]
# Gives eight random letters and digits (a-z, 0-9) for an id.
Suffix: TypeAlias = Callable[[], str]

# What answers say beside the record; a body that was read and is written again holds it.
_OF_ANSWERS: Final = ("extension_id", "service_id", "status")
_LISTS: Final[Mapping[str, PartKind]] = {
    "services": "services",
    "endpoints": "endpoints",
    "credentials": "credentials",
}
_ID_OF: Final = {"services": "id", "endpoints": "url", "credentials": "id"}
# Where the first part of a generated id comes from, and what it is without that.
_PREFIXES: Final = {"services": ("resource", "service"), "credentials": ("scope", "credentials")}
_NOUNS: Final = {
    "services": ("a service", "ID"),
    "endpoints": ("an endpoint", "URL"),
    "credentials": ("a set of credentials", "ID"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part of an extension is.

    Attributes:
        id: Of an endpoint its URL.
        service_id: The service that an endpoint or credentials belong to; "" for a service.
    """

    kind: PartKind
    id: str
    service_id: str = ""


class Added(NamedTuple):
    """An extension with a new part, and where that is: its id may have been generated."""

    extension: Extension
    place: Place


def create(body: object, *, suffix: Suffix, allowed: frozenset[str] = frozenset()) -> Extension:
    """Make a new record of what a client sent. Ids that are not given are generated.

    Args:
        allowed: Variables that control a loader or an interpreter and may be registered all the same.

    Raises:
        InvalidRecordsError: With every problem that there is.
    """
    record = _Body((), Place("services", "")).cleaned(body, {})
    if not record.get("id"):
        record["id"] = f"{codec.id_prefix(record, 'product', 'extension')}-{suffix()}"
    return _decoded(_with_ids(record, suffix), (), allowed)


def update(
    extension: Extension, changes: object, *, suffix: Suffix, allowed: frozenset[str] = frozenset()
) -> Extension:
    """Change fields of the extension itself; *services*, if given, replace all of them.

    Raises:
        InvalidRecordsError: With every problem that there is; also if the id is another one.
    """
    record = codec.encode(extension)
    given = _Body((), Place("services", extension.id), extension.id).cleaned(changes, record)
    record |= _without_id(given, "id", extension.id)
    return _decoded(_with_ids(record, suffix), (), allowed)


def find(extension: Extension, place: Place) -> Service | Endpoint | Credentials:
    """The part at *place*.

    Raises:
        NotFoundError: There is none.
    """
    service_id = place.id if place.kind == "services" else place.service_id
    service = next((s for s in extension.services if s.id == service_id), None)
    if service is None:
        raise _not_found(extension.id, Place("services", service_id))
    if place.kind == "services":
        return service
    parts: tuple[Endpoint | Credentials, ...] = getattr(service, place.kind)
    for part in parts:
        if (part.url if isinstance(part, Endpoint) else part.id) == place.id:
            return part
    raise _not_found(extension.id, place)


def add(
    extension: Extension,
    kind: PartKind,
    body: object,
    *,
    service_id: str = "",
    suffix: Suffix,
    allowed: frozenset[str] = frozenset(),
) -> Added:
    """Add a part, after the others of its kind.

    Args:
        service_id: The service that gets an endpoint or credentials.

    Raises:
        NotFoundError: There is no such service.
        AlreadyExistsError: There is a part with its id or URL.
        InvalidRecordsError: With every problem that there is.
    """
    record = codec.encode(extension)
    owner, path = _owner(record, extension.id, kind, service_id)
    parts = owner.setdefault(kind, [])
    given = _Body((), Place(kind, "", service_id), extension.id).cleaned(body, {})
    if kind == "services":
        given = _with_ids({"services": [given]}, suffix)["services"][0]
    taken = [part[_ID_OF[kind]] for part in parts]
    if kind in _PREFIXES and not given.get("id"):
        given = {**given, "id": _new_id(given, kind, suffix, taken)}
    place = Place(kind, str(given.get(_ID_OF[kind], "")), service_id)
    if place.id in taken:
        raise AlreadyExistsError(_message(extension.id, place, "with the same {} already exists"))
    parts.append(given)
    return Added(_decoded(record, (*path, kind, len(parts) - 1), allowed), place)


def update_part(
    extension: Extension, place: Place, changes: object, *, suffix: Suffix, allowed: frozenset[str] = frozenset()
) -> Extension:
    """Change fields of the part at *place*.

    Raises:
        NotFoundError: There is none.
        InvalidRecordsError: With every problem that there is; also if the id or URL is another one.
    """
    record = codec.encode(extension)
    parts, i, path = _found(record, extension.id, place)
    given = _Body((), place, extension.id).cleaned(changes, parts[i])
    parts[i] = {**parts[i], **_without_id(given, _ID_OF[place.kind], place.id)}
    if place.kind == "services":
        parts[i] = _with_ids({"services": [parts[i]]}, suffix)["services"][0]
    return _decoded(record, path, allowed)


def delete_part(extension: Extension, place: Place) -> Extension:
    """Take out the part at *place*, with all that is in it.

    Raises:
        NotFoundError: There is none.
    """
    find(extension, place)
    if place.kind == "services":
        return replace(extension, services=tuple(s for s in extension.services if s.id != place.id))
    changed = []
    for service in extension.services:
        if service.id == place.service_id and place.kind == "endpoints":
            service = replace(service, endpoints=tuple(e for e in service.endpoints if e.url != place.id))  # noqa: PLW2901
        elif service.id == place.service_id:
            service = replace(service, credentials=tuple(c for c in service.credentials if c.id != place.id))  # noqa: PLW2901
        changed.append(service)
    return replace(extension, services=tuple(changed))


def hide(extension: Extension) -> Extension:
    """*extension* as it may be shown: with ``HIDDEN`` in place of each value of its credentials.

    Of credentials in a Secret it holds no values, only the names of keys; they stay.
    """
    return replace(
        extension,
        services=tuple(
            replace(
                service,
                credentials=tuple(
                    login
                    if login.secret_ref is not None
                    else replace(login, configuration=dict.fromkeys(login.configuration, HIDDEN))
                    for login in service.credentials
                ),
            )
            for service in extension.services
        ),
    )


def no_extension(extension_id: str) -> NotFoundError:
    """The error for an extension that is not there."""
    return NotFoundError(f"an extension with the given ID could not be found: {extension_id}")


def extension_exists(extension_id: str) -> AlreadyExistsError:
    """The error for an extension that is to be registered, and is there."""
    return AlreadyExistsError(f"an extension with the same ID already exists: {extension_id}")


@dataclass(frozen=True, slots=True)
class _Body:
    """What a client sent for one part of an extension.

    Attributes:
        path: Of the part, in what was sent.
        place: Of the part; its id may not be known.
        extension_id: "" = not known.
    """

    path: Path
    place: Place
    extension_id: str = ""

    def cleaned(self, body: object, before: Mapping[str, Any]) -> dict[str, Any]:
        """Its fields under the names of records, with the values of credentials that are to stay.

        Args:
            before: The plain data of the part as it is now.

        Raises:
            InvalidRecordsError: It is no map, belongs to something else, or hides a value that is not there.
        """
        problems: list[Problem] = []
        record = self._cleaned(body, before, problems)
        if problems:
            raise InvalidRecordsError(problems)
        return record

    def _cleaned(self, body: object, before: Mapping[str, Any], problems: list[Problem]) -> dict[str, Any]:
        if not isinstance(body, Mapping):
            problems.append(Problem("expected a map of fields", self.path))
            return {}
        fields = {str(k): v for k, v in body.items() if v is not None}
        if "authrequired" in fields and "auth_required" not in fields:
            fields["auth_required"] = fields.pop("authrequired")
        problems += self._misplaced(fields)
        fields = {k: v for k, v in fields.items() if k not in _OF_ANSWERS}
        for key, kind in _LISTS.items():
            if isinstance(fields.get(key), list):
                fields[key] = [self._item(item, kind, i, before, problems) for i, item in enumerate(fields[key])]
        given = fields.get("configuration")
        if self.place.kind == "credentials" and isinstance(given, Mapping):
            fields["configuration"] = self._with_values(given, before, problems)
            if HIDDEN in given.values() and "secretRef" in before:
                # What stays is the name of a key in that Secret.
                fields.setdefault("secretRef", before["secretRef"])
        return fields

    def _item(self, item: object, kind: PartKind, i: int, before: Mapping[str, Any], problems: list[Problem]) -> Any:
        """One part in a list; whatever is no map is left for the codec to refuse."""
        if not isinstance(item, Mapping):
            return item
        own_id = item.get(_ID_OF[kind])
        known: Mapping[str, Any] = next((part for part in before.get(kind, ()) if part[_ID_OF[kind]] == own_id), {})
        service_id = "" if kind == "services" else str(before.get("id", ""))
        below = _Body((*self.path, kind, i), Place(kind, str(own_id or ""), service_id), self.extension_id)
        return below._cleaned(item, known, problems)

    def _misplaced(self, fields: Mapping[str, Any]) -> Iterator[Problem]:
        """Ids of other extensions and services in a body that is for this one."""
        for key, own in (("extension_id", self.extension_id), ("service_id", self.place.service_id)):
            given = fields.get(key)
            if given and own and given != own:
                yield Problem(f"is {str(given)[:100]!r}, but the body was sent for {own!r}", (*self.path, key))

    def _with_values(
        self, configuration: Mapping[Any, Any], before: Mapping[str, Any], problems: list[Problem]
    ) -> dict[Any, Any]:
        known = before.get("configuration", {})
        values = {}
        for name, value in configuration.items():
            if value == HIDDEN and name not in known:
                message = f"{HIDDEN} stands for a value that is to stay, but there is none; give the value"
                problems.append(Problem(message, (*self.path, "configuration", str(name))))
            values[name] = known.get(name, value) if value == HIDDEN else value
        return values


def _decoded(record: Mapping[str, Any], path: Path, allowed: frozenset[str]) -> Extension:
    """The record; problems have their paths below *path*, where what the client sent is."""
    try:
        # A hidden name of a key was hidden before: what is sent instead of a known one has been refused or replaced.
        return codec.decode(record, allowed=allowed, is_shown=True)
    except InvalidRecordsError as e:
        inside = [replace(p, path=p.path[len(path) :]) if p.path[: len(path)] == path else p for p in e.problems]
        raise InvalidRecordsError(inside) from None


def _with_ids(record: Mapping[str, Any], suffix: Suffix) -> dict[str, Any]:
    """*record* with an id for each service and credentials without one."""
    services = record.get("services")
    if not isinstance(services, list):
        return dict(record)
    identified = [
        {**service, "credentials": _identified(service["credentials"], "credentials", suffix)}
        if isinstance(service, dict) and isinstance(service.get("credentials"), list)
        else service
        for service in _identified(services, "services", suffix)
    ]
    return {**record, "services": identified}


def _identified(parts: list[Any], kind: PartKind, suffix: Suffix) -> list[Any]:
    taken = {part["id"] for part in parts if isinstance(part, dict) and isinstance(part.get("id"), str)}
    identified = []
    for part in parts:
        if isinstance(part, dict) and not part.get("id"):
            new_id = _new_id(part, kind, suffix, taken)
            taken.add(new_id)
            identified.append({**part, "id": new_id})
        else:
            identified.append(part)
    return identified


def _new_id(part: Mapping[str, Any], kind: PartKind, suffix: Suffix, taken: Collection[str]) -> str:
    prefix = codec.id_prefix(part, *_PREFIXES[kind])
    while (new_id := f"{prefix}-{suffix()}") in taken:
        pass
    return new_id


def _owner(record: dict[str, Any], extension_id: str, kind: PartKind, service_id: str) -> tuple[dict[str, Any], Path]:
    """The plain data that has the list of parts of *kind*, and its path."""
    if kind == "services":
        return record, ()
    services, i, path = _found(record, extension_id, Place("services", service_id))
    return services[i], path


def _found(record: dict[str, Any], extension_id: str, place: Place) -> tuple[list[dict[str, Any]], int, Path]:
    """The list that holds the part at *place*, its index there, and its path."""
    owner, path = _owner(record, extension_id, place.kind, place.service_id)
    parts: list[dict[str, Any]] = owner.get(place.kind, [])
    for i, part in enumerate(parts):
        if part[_ID_OF[place.kind]] == place.id:
            return parts, i, (*path, place.kind, i)
    raise _not_found(extension_id, place)


def _without_id(given: Mapping[str, Any], key: str, own: str) -> dict[str, Any]:
    """*given* without the id that it may repeat."""
    if given.get(key) and given[key] != own:
        message = f"cannot be changed: it is {own!r}; add another one, and delete this one"
        raise InvalidRecordsError([Problem(message, (key,))])
    return {k: v for k, v in given.items() if k != key}


def _not_found(extension_id: str, place: Place) -> NotFoundError:
    return NotFoundError(_message(extension_id, place, "with the given {} could not be found"))


def _message(extension_id: str, place: Place, what: str) -> str:
    noun, name = _NOUNS[place.kind]
    where = (
        f"'{extension_id}' extension"
        if place.kind == "services"
        else (f"'{extension_id}/{place.service_id}' extension service")
    )
    return f"{noun} {what.format(name)} under the {where}: {place.id}"
