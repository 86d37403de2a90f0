"""The lines of fields in a file, for messages about them. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from registry.documents import positions
from registry.documents.encoding import lines_of
from registry.documents.positions import Outline
from webhook.adapters import layout_of
from webhook.objects.walk import Pointer, at

_ANNOTATION: Final = re.compile(r"annotation (extensions\.fuseml\.org/[^\s;:]+)")


class Place(NamedTuple):
    """The place of a field in a text.

    Attributes:
        number: The number of the document.
        path: The way to the field there.
        text: If the value at *path* is a text of several lines, such as an annotation, its lines up to the one that is
            meant.
    """

    number: int
    path: Pointer
    text: Sequence[str] = ()


def place_of(obj: Mapping[str, Any], pointer: Pointer, line: int = 0, *, number: int = 0, path: Pointer = ()) -> Place:
    """The place of what is at *pointer* in *obj*, which is at *path* of the document with that *number*.

    Args:
        pointer: May lead into the text of an annotation.
        line: The line of that text; 0 = that of *pointer* in it.
    """
    for end in range(1, len(pointer) + 1):
        text = at(obj, pointer[:end])
        if isinstance(text, str) and (line or end < len(pointer)):
            meant = line or Outline(text).of(pointer[end:]).line
            return Place(number, (*path, *pointer[:end]), text.splitlines()[:meant])
    return Place(number, (*path, *pointer))


def lines_in(text: str, places: Sequence[Place]) -> list[int]:
    """The lines of *places* in *text*, from 1. However many there are, it is read once."""
    if not places:
        return []
    found = positions.locate(text, [(place.number, place.path) for place in places])
    all_lines = [line.strip() for line in lines_of(text)]
    return [line + _below_key(all_lines[line:], place.text) for line, place in zip(found, places, strict=True)]


def _below_key(lines: Sequence[str], text: Sequence[str]) -> int:
    """How many lines below its key the last line of *text* is; 0 unless *lines* are a block with that text."""
    return len(text) if list(lines[: len(text)]) == [line.strip() for line in text] else 0


def misplaced_at(obj: Mapping[str, Any], message: str) -> Pointer:
    """Where the annotation or block stands that a *message* calls misplaced; () if that cannot be told.

    Adapters know such a thing by its name only.
    """
    if found := _ANNOTATION.search(message):
        return next((path for path in _paths(obj, found[1]) if path[-2:-1] == ("annotations",)), ())
    if "'extensions'" not in message:
        return ()
    layout = layout_of(obj)
    read = {block.pointer for step in layout.steps for block in step.blocks} if layout else set()
    others = [path for path in _paths(obj, "extensions") if path not in read]
    return others[0] if len(others) == 1 else ()


def _paths(value: object, key: str, path: Pointer = ()) -> Iterator[Pointer]:
    """The ways to all that is called *key* in *value*."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for part, item in items:
        if part == key:
            yield (*path, part)
        yield from _paths(item, key, (*path, part))
