"""JSONPatch operations (RFC 6902) and pointers (RFC 6901). Pure."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from webhook.objects.walk import Pointer, at

Op: TypeAlias = Mapping[str, Any]


def pointer(path: Pointer) -> str:
    """``/spec/steps/0/env``."""
    text = "/".join(map(str, path))
    if "~" in text or text.count("/") >= len(path):
        text = "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in path)
    return f"/{text}" if path else ""


def add(path: Pointer, value: object) -> Op:
    """Set a member of a map, or insert before an item of a list."""
    return {"op": "add", "path": pointer(path), "value": value}


def replace(path: Pointer, value: object) -> Op:
    """Replace what is there by *value*."""
    return {"op": "replace", "path": pointer(path), "value": value}


def remove(path: Pointer) -> Op:
    """Remove what is there."""
    return {"op": "remove", "path": pointer(path)}


def put(obj: Any, path: Pointer, value: object) -> Op:
    """Set a member of a map that may be missing itself, or of one above it."""
    for end in range(1, len(path)):
        if not isinstance(at(obj, path[:end]), list if isinstance(path[end], int) else dict):
            for part in reversed(path[end:]):
                value = {part: value}
            return add(path[:end], value)
    return (replace if at(obj, path) is not None else add)(path, value)


def put_all(obj: Any, path: Pointer, members: Mapping[str, object]) -> list[Op]:
    """Set *members* of the map at *path*, which may be missing itself."""
    if not isinstance(at(obj, path), dict):
        return [put(obj, path, dict(members))]
    return [put(obj, (*path, key), value) for key, value in members.items()]
