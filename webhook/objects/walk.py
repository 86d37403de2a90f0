"""Finding the way in a Kubernetes object whose parts may have any type. Pure.

An object under admission may hold anything anywhere; what has the wrong type is left for the engine to refuse.
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

# The keys and indexes that lead to a value in an object; JSON pointers are written from these.
Pointer: TypeAlias = tuple[str | int, ...]


def at(obj: Any, path: Pointer) -> Any:
    """What is at *path* in *obj*; None if there is nothing."""
    for part in path:
        if isinstance(obj, dict):
            obj = obj.get(part)
        elif isinstance(obj, list) and isinstance(part, int) and part < len(obj):
            obj = obj[part]
        else:
            return None
    return obj


def as_map(value: object) -> Mapping[str, Any]:
    """*value* if it is a map, else an empty one."""
    return value if isinstance(value, dict) else {}


def maps_in(value: object) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The maps in the list *value*, with their indexes."""
    for i, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, dict):
            yield i, item


def name_of(part: Mapping[str, Any], otherwise: object) -> str:
    """Its ``name``, or what to call it without one."""
    name = part.get("name")
    return name if isinstance(name, str) and name else str(otherwise)


def env_names(container: object) -> frozenset[str]:
    """The names in a container's ``env``."""
    entries = maps_in(as_map(container).get("env"))
    return frozenset(name for _, entry in entries if isinstance(name := entry.get("name"), str))


def annotations_of(obj: object) -> Mapping[str, Any]:
    """The annotations of an object, or of a part of one that has metadata of its own."""
    metadata = as_map(obj).get("metadata")
    return as_map(as_map(metadata).get("annotations"))


def is_controlled(obj: Mapping[str, Any], group: str = "") -> bool:
    """True if a controller made *obj*, for an object of *group* if that is given."""
    owners = maps_in(as_map(obj.get("metadata")).get("ownerReferences"))
    return any(
        owner.get("controller") is True and str(owner.get("apiVersion", "")).startswith(group) for _, owner in owners
    )
