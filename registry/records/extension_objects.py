"""``Extension`` objects of a cluster -> records. Pure.

The object's name is the extension's id, its ``spec`` the rest of the record.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from registry.errors import InvalidRecordsError, Problem
from registry.records import codec
from registry.records.model import Extension
from registry.suggestions import did_you_mean

API_VERSION: Final = "fuseml.org/v1alpha1"
KIND: Final = "Extension"
_GROUP: Final = API_VERSION.partition("/")[0]
_FIELDS: Final = ("apiVersion", "kind", "metadata", "spec", "status")
# The namespace's label that says to which project its runs belong.
PROJECT_LABEL: Final = "extensions.fuseml.org/project"
# Its annotation that says to which person it belongs.
OWNER_ANNOTATION: Final = "extensions.fuseml.org/owner"
# A Secret of the registry's namespace opts in by this label, whose value is the id of its Extension: else whoever may
# write Extensions, but not read Secrets, could have any Secret there delivered to a namespace of their own.
SOURCE_LABEL: Final = "extensions.fuseml.org/extension"


def decode(obj: Mapping[str, Any], *, allowed: frozenset[str] = frozenset()) -> Extension:
    """Read one object.

    Args:
        allowed: Variables that control a loader or an interpreter and may be registered all the same.

    Raises:
        InvalidRecordsError: With every problem that there is. The API server finds most of them, but its definition
            may be an older one, and it does not know the operator's settings.
    """
    spec = obj.get("spec")
    if not isinstance(spec, Mapping):
        raise InvalidRecordsError([Problem("is required", ("spec",))])
    # Who may read the object could read its credentials: their values are in Secrets only.
    problems = list(_literals(spec))
    if "id" in spec:
        problems.append(Problem("unknown field 'id'; the object's name is the id", ("spec", "id")))
    try:
        extension = codec.decode({**spec, "id": obj["metadata"]["name"]}, allowed=allowed)
    except InvalidRecordsError as e:
        problems += [
            replace(p, path=("spec", *p.path) if p.path != ("id",) else ("metadata", "name")) for p in e.problems
        ]
    if problems:
        raise InvalidRecordsError(problems)
    return extension


def is_ours(obj: Mapping[str, Any]) -> bool:
    """True if *obj* is meant to be an ``Extension`` of ours, of whatever version."""
    return obj.get("kind") == KIND and str(obj.get("apiVersion", "")).partition("/")[0] == _GROUP


def envelope_problems(obj: Mapping[str, Any]) -> Iterator[Problem]:
    """What keeps *obj*, which a person wrote, from being an Extension with a name and a spec.

    Objects that come from the API server need no such check.
    """
    kind, version = obj.get("kind"), obj.get("apiVersion")
    if kind != KIND:
        yield Problem(f"expected a record or an object of kind {KIND}, got {_shown(kind)}", ("kind",))
        return
    if version != API_VERSION:
        yield Problem(f"expected {API_VERSION}, got {_shown(version)}", ("apiVersion",))
        return
    for field in obj:
        if field not in _FIELDS:
            yield Problem(f"unknown field {field[:100]!r}; {did_you_mean(field, _FIELDS)}", (field,))
    metadata, spec = obj.get("metadata"), obj.get("spec")
    if not isinstance(metadata, Mapping) or metadata.get("name") in (None, ""):
        yield Problem("is required: it is the id of the extension", ("metadata", "name"))
    if not isinstance(spec, Mapping):
        yield Problem("is required", ("spec",))


def _shown(value: object) -> str:
    return repr(value[:100]) if isinstance(value, str) else "nothing" if value is None else "no text"


def _literals(spec: Mapping[str, Any]) -> Iterator[Problem]:
    for i, service in _items(spec, "services"):
        for j, credentials in _items(service, "credentials"):
            if "secretRef" not in credentials:
                message = "is required: in a cluster the values of credentials are in a Secret"
                yield Problem(message, ("spec", "services", i, "credentials", j, "secretRef"))


def _items(part: Mapping[str, Any], key: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    items = part.get(key)
    if isinstance(items, list):
        yield from ((i, item) for i, item in enumerate(items) if isinstance(item, Mapping))
