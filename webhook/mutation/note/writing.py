"""What becomes of an object -> its note. Pure."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from renderer import Template
from webhook.adapters.layout import Layout
from webhook.mutation.note import resolved, steps
from webhook.mutation.note.places import Places
from webhook.mutation.note.resolved import Given, Place, Resolved, Taken, Text
from webhook.objects.walk import Pointer, at

_Entries: TypeAlias = Mapping[str, Mapping[str, Any]]
# What is put before the entries of each env list, by name.
Put: TypeAlias = Mapping[Pointer, _Entries]
_Key: TypeAlias = tuple[Any, ...]
_NOTHING: Final[_Entries] = {}


class Replaced(NamedTuple):
    """A text that is replaced, or a variable whose value is.

    Attributes:
        was: What stood there.
        template: What *was* is as a template; None if a reference to a Secret takes the place of a variable.
        parts: What stands in *result* for each part of the template.
    """

    pointer: Pointer
    result: Any
    was: Any
    template: Template | None = None
    parts: tuple[str, ...] = ()


class Chosen(NamedTuple):
    """What was chosen for the selectors of a step.

    Attributes:
        key: The same for the same choice, if the same is put into the step.
        ids: Makes what the note says of it, by the selectors' names.
    """

    key: _Key
    ids: Callable[[], dict[str, dict[str, Any]]]


class Writer:
    """Writes the note on one object.

    Args:
        chosen: What was chosen, by the pointer of the step.
        removed: The blocks and annotations that are removed or changed.
    """

    def __init__(self, obj: Mapping[str, Any], layout: Layout, chosen: Mapping[Pointer, Chosen]) -> None:
        self._obj = obj
        self._places = Places(obj)
        self._steps = layout.own_steps
        self._names = steps.names_of(self._steps)
        self._asking = steps.asking_in(layout, self._names)
        self._chosen = chosen

    def given(self, put: Put) -> list[Given]:
        """What the steps, and other lists of variables, are given; equal answers together."""
        # Most steps are given what others are, so what is written of it is worked out once for all of them.
        groups: dict[_Key, list[str]] = {}
        first: dict[_Key, tuple[Chosen | None, _Entries]] = {}
        lists = set()
        for step in self._steps:
            chosen = self._chosen.get(step.pointer)
            entries = put.get(step.env, _NOTHING) if step.env else _NOTHING
            if chosen is None and not entries:
                continue
            if step.env and entries:
                lists.add(step.env)
            key = (chosen and chosen.key, self._key(entries, step.env))
            if key not in groups:
                groups[key] = []
                first[key] = chosen, entries
            groups[key].append(self._names[step.pointer])
        found = []
        for key, members in groups.items():
            chosen, entries = first[key]
            to, but = steps.written(members, self._asking)
            selectors = chosen.ids() if chosen else {}
            found.append(Given(to=to, but=but, selectors=selectors, put=_digests(entries), empty=key[1][1]))
        others: dict[_Key, list[Pointer]] = {}
        for env, entries in put.items():
            if env not in lists and entries:
                others.setdefault(self._key(entries, env), []).append(env)
        for (_, empty), pointers in others.items():
            places = [self._places.named(env) for env in pointers]
            found.append(Given(at=places, put=_digests(put[pointers[0]]), empty=empty))
        return found

    def _key(self, entries: _Entries, env: Pointer | None) -> _Key:
        """The same for equal entries that are put into a list; and whether there is an empty one already."""
        if not entries:
            return (), False
        return msgspec.json.encode(tuple(entries.values())), at(self._obj, env or ()) == []

    def texts(self, replaced: Iterable[Replaced]) -> list[Text]:
        """The texts that are replaced; equal ones of several steps together."""
        lengths = sorted({len(pointer) for pointer in self._names})
        in_steps: dict[_Key, list[str]] = {}
        elsewhere: dict[_Key, list[Place]] = {}
        first: dict[_Key, Replaced] = {}
        for text in replaced:
            key = (text.was, text.parts) if text.template else (_encoded(text.was), _encoded(text.result))
            first.setdefault(key, text)
            own = next((p for n in lengths if (p := text.pointer[:n]) in self._names), None)
            if own is None:
                elsewhere.setdefault(key, []).append(self._places.named(text.pointer))
            else:
                way = tuple(self._places.named(text.pointer, len(own)))
                in_steps.setdefault((*key, way), []).append(self._names[own])
        found = []
        for (*of, way), members in in_steps.items():
            to, but = steps.written(members, self._asking)
            found.append(Text(to=to, but=but, at=[list(way)], **_reverse(first[tuple(of)])))
        return found + [Text(at=places, **_reverse(first[key])) for key, places in elsewhere.items()]

    def taken(self, removed: Iterable[Pointer]) -> list[Taken]:
        """The blocks and annotations that are removed or changed; equal ones together."""
        pointers = list(removed)
        alone = self._alone_below({pointer[:-1] for pointer in pointers if pointer[-1] == "extensions"})
        groups: dict[tuple[bytes, int], list[str]] = {}
        elsewhere: dict[bytes, list[Place]] = {}
        first: dict[bytes, Any] = {}
        for pointer in pointers:
            content = at(self._obj, pointer)
            key = _encoded(content)
            first.setdefault(key, content)
            step = alone.get(pointer[:-1])
            if step is not None:
                groups.setdefault((key, len(step) + 1 - len(pointer)), []).append(self._names[step])
            else:
                elsewhere.setdefault(key, []).append(self._places.named(pointer))
        found = [Taken(to=steps.listed(members), up=up, content=first[key]) for (key, up), members in groups.items()]
        return found + [Taken(at=places, content=first[key]) for key, places in elsewhere.items()]

    def _alone_below(self, parents: Collection[Pointer]) -> Mapping[Pointer, Pointer]:
        """The only step at or below each of *parents*, of those that have but one."""
        lengths = {len(parent) for parent in parents}
        below: dict[Pointer, list[Pointer]] = {}
        for step in self._steps:
            for length in lengths:
                if length <= len(step.pointer) and (parent := step.pointer[:length]) in parents:
                    below.setdefault(parent, []).append(step.pointer)
        return {parent: found[0] for parent, found in below.items() if len(found) == 1}


def within_bounds(note: Resolved) -> tuple[str, Resolved]:
    """The annotation's text, and the note that it holds: one without the way back if the whole would be too long."""
    text = resolved.text_of(note)
    if len(text.encode()) <= resolved.MAX_BYTES:
        return text, note
    note = resolved.shortened(note)
    text = resolved.text_of(note)
    if len(text.encode()) > resolved.MAX_BYTES:
        note = msgspec.structs.replace(note, names=[], bound=[])
        text = resolved.text_of(note)
    return text, note


def _digests(entries: _Entries) -> dict[str, str]:
    return {name: resolved.digest(resolved.as_stored(entry)) for name, entry in entries.items()}


def _reverse(text: Replaced) -> dict[str, Any]:
    """What a note says of a text, its place apart."""
    result = resolved.digest(text.result)
    if text.template is None:
        return {"result": result, "was": text.was}
    together = zip(text.template.parts, text.parts, strict=True)
    lengths = [len(shown) for part, shown in together if not isinstance(part, str)]
    return {"result": result, "pieces": [tuple(piece) for piece in text.template.pieces(text.was, lengths)]}


def _encoded(content: object) -> bytes:
    return msgspec.json.encode(content)
