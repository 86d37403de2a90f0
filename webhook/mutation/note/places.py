"""Places in a note: by the names of list items, so that they are found when others were put before them. Pure."""

from typing import Any, Final

from webhook.mutation.note.resolved import Place
from webhook.objects.walk import Pointer, at, maps_in

# spec.taskRunSpecs[0].taskPodTemplate
_OF_TASK: Final = 3
_POD_TEMPLATES: Final = ("taskPodTemplate", "podTemplate")
_DEFAULTS: Final = "templateDefaults"
# Maps in which there may be nothing but what asks; below Argo's defaults, these of each kind of template as well.
_MAY_BE_LEFT_OUT: Final = frozenset({"metadata", "annotations", "podMetadata", _DEFAULTS})


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


def found_in_any_version(obj: Any, place: Place) -> Pointer | None:
    """The same for a place that may have moved, as Tekton stores as v1 what was sent as v1beta1."""
    pointer = found(obj, place)
    if pointer is not None and at(obj, pointer) is not None:
        return pointer
    moved = _moved(place)
    return pointer if moved is None else found(obj, moved) or pointer


def found_where_empty(obj: Any, place: Place) -> Pointer | None:
    """The pointer to what was alone in its maps, which engines leave out when nothing is left in them."""
    for n, part in enumerate(place[:-1]):
        pointer = found(obj, place[: n + 1])
        if pointer is None:
            return None
        if at(obj, pointer) is None:
            rest = place[n:]
            may_be_left_out = _DEFAULTS in (part, *place[n - 1 : n]) or _MAY_BE_LEFT_OUT.issuperset(rest[:-1])
            is_in_maps = all(isinstance(part, str) for part in rest)
            return (*pointer[:-1], *rest) if may_be_left_out and is_in_maps else None
    return None


def _moved(place: Place) -> Place | None:
    """What *place* is called in the other version of Tekton's API; None if it has the same name there."""
    if place[:2] == ["spec", "podTemplate"]:
        return ["spec", "taskRunTemplate", *place[1:]]
    if place[:3] == ["spec", "taskRunTemplate", "podTemplate"]:
        return ["spec", *place[2:]]
    if place[:2] == ["spec", "taskRunSpecs"] and len(place) > _OF_TASK and place[_OF_TASK] in _POD_TEMPLATES:
        other = _POD_TEMPLATES[1 - _POD_TEMPLATES.index(str(place[_OF_TASK]))]
        return [*place[:_OF_TASK], other, *place[_OF_TASK + 1 :]]
    return None


def _index(items: list[Any], part: str | int) -> int | None:
    if isinstance(part, int):
        index = part if part >= 0 else len(items) + part
        return index if 0 <= index < len(items) else None
    same = [i for i, item in maps_in(items) if item.get("name") == part]
    return same[0] if len(same) == 1 else None


def _name(item: Any) -> str | None:
    name = item.get("name") if isinstance(item, dict) else None
    return name if isinstance(name, str) and name else None
