"""Places in a note: by the names of list items, so that they are found when others were put before them. Pure."""

from typing import Any

from webhook.mutation.note.resolved import Place
from webhook.objects.walk import Pointer, at, maps_in


class Places:
    """Names the places of one object."""

    def __init__(self, obj: Any) -> None:
        self._obj = obj
        # By the identity of the list; the object keeps it alive.
        self._counted: dict[int, dict[str | None, int]] = {}

    def named(self, pointer: Pointer, start: int = 0) -> Place:
        """The place of *pointer*, as seen from its first *start* parts."""
        place: Place = []
        here = at(self._obj, pointer[:start])
        of: str | int | None = None
        for part in pointer[start:]:
            if isinstance(part, str):
                place.append(part)
                here = here.get(part) if isinstance(here, dict) else None
            else:
                place.append(self._item(here, part, of))
                here = here[part]
            of = part
        return place

    def _item(self, items: list[Any], index: int, of: str | int | None) -> str | int:
        name = _name(items[index])
        if name is not None and self._names(items)[name] == 1:
            return name
        # Variables are put before the author's own.
        return index - len(items) if of == "env" else index

    def _names(self, items: list[Any]) -> dict[str | None, int]:
        counted = self._counted.get(id(items))
        if counted is None:
            counted = self._counted[id(items)] = {}
            for item in items:
                name = _name(item)
                counted[name] = counted.get(name, 0) + 1
        return counted


def found(obj: Any, place: Place) -> Pointer | None:
    """The pointer to *place* in *obj*; its last part may be a member that is missing. None if it is not there."""
    pointer: list[str | int] = []
    for n, part in enumerate(place):
        if isinstance(obj, dict) and isinstance(part, str):
            key: str | int = part
            obj = obj.get(part)
        elif isinstance(obj, list):
            index = _index(obj, part)
            if index is None:
                return None
            key, obj = index, obj[index]
        else:
            return None
        pointer.append(key)
        if obj is None and n < len(place) - 1:
            return None
    return tuple(pointer)


def _index(items: list[Any], part: str | int) -> int | None:
    if isinstance(part, int):
        index = part if part >= 0 else len(items) + part
        return index if 0 <= index < len(items) else None
    same = [i for i, item in maps_in(items) if item.get("name") == part]
    return same[0] if len(same) == 1 else None


def _name(item: Any) -> str | None:
    name = item.get("name") if isinstance(item, dict) else None
    return name if isinstance(name, str) and name else None
