"""Places in a note: by the names of list items, so that they are found when others were put before them. Pure."""

from collections import Counter
from typing import Any

from webhook.mutation.note.resolved import Place
from webhook.objects.walk import Pointer, at, maps_in


class Places:
    """Names the places of one object."""

    def __init__(self, obj: Any) -> None:
        self._obj = obj
        self._counted: dict[Pointer, Counter[Any]] = {}

    def named(self, pointer: Pointer) -> Place:
        """The place of *pointer*."""
        place: Place = []
        for i, part in enumerate(pointer):
            place.append(part if isinstance(part, str) else self._item(pointer[:i], part))
        return place

    def _item(self, of: Pointer, index: int) -> str | int:
        items = at(self._obj, of)
        name = _name(items[index])
        if name is not None and self._names(of, items)[name] == 1:
            return name
        # Variables are put before the author's own.
        return index - len(items) if of[-1:] == ("env",) else index

    def _names(self, of: Pointer, items: Any) -> Counter[Any]:
        if of not in self._counted:
            self._counted[of] = Counter(_name(item) for item in items)
        return self._counted[of]


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
