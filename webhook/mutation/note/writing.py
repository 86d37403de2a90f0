"""What becomes of an object -> its note. Pure."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import msgspec

from renderer import Piece
from webhook.adapters.layout import Layout
from webhook.mutation.note import resolved, steps
from webhook.mutation.note.places import Places
from webhook.mutation.note.resolved import Given, Place, Resolved, Taken, Text
from webhook.objects.walk import Pointer, at

# What is put before the entries of each env list, by name.
Put: TypeAlias = Mapping[Pointer, Mapping[str, Mapping[str, Any]]]
_Key: TypeAlias = tuple[Any, ...]


class Replaced(NamedTuple):
    """A text that is replaced.

    Attributes:
        pieces: Where its expressions stood, in the result.
        was: The variable, if a reference to a Secret takes its place.
    """

    pointer: Pointer
    result: Any
    pieces: tuple[Piece, ...] = ()
    was: Any = None


class Chosen(NamedTuple):
    """What was chosen for one selector of a step.

    Attributes:
        key: The same for the same choice.
        ids: Makes what the note says of it.
    """

    name: str
    key: _Key
    ids: Callable[[], dict[str, Any]]


class Writer:
    """Writes the note on one object.

    Args:
        chosen: What was chosen, by the pointer of the step.
        removed: The blocks and annotations that are removed or changed.
    """

    def __init__(self, obj: Mapping[str, Any], layout: Layout, chosen: Mapping[Pointer, Sequence[Chosen]]) -> None:
        self._obj = obj
        self._places = Places(obj)
        self._names = steps.names_of(layout)
        self._asking = steps.asking_in(layout, self._names)
        self._steps = [step for step in layout.own_steps if step.pointer in self._names]
        self._chosen = chosen
        self._digests: dict[bytes, str] = {}

    def given(self, put: Put) -> list[Given]:
        """What the steps, and other lists of variables, are given; equal answers together."""
        groups: dict[_Key, list[str]] = {}
        parts: dict[_Key, tuple[Sequence[Chosen], dict[str, str], bool]] = {}
        lists = set()
        for step in self._steps:
            chosen = self._chosen.get(step.pointer, ())
            entries = put.get(step.env, {}) if step.env else {}
            if step.env and entries:
                lists.add(step.env)
            if chosen or entries:
                empty = bool(entries) and at(self._obj, step.env or ()) == []
                digests = {name: self._digest(resolved.as_stored(entry)) for name, entry in entries.items()}
                key = (tuple((c.name, c.key) for c in chosen), tuple(digests.items()), empty)
                parts.setdefault(key, (chosen, digests, empty))
                groups.setdefault(key, []).append(self._names[step.pointer])
        found = []
        for key, members in groups.items():
            chosen, digests, empty = parts[key]
            to, but = steps.written(members, self._asking)
            selectors = {c.name: c.ids() for c in chosen}
            found.append(Given(to=to, but=but, selectors=selectors, put=digests, empty=empty))
        others: dict[_Key, list[Place]] = {}
        for env, entries in put.items():
            if env not in lists and entries:
                digests = {name: self._digest(resolved.as_stored(entry)) for name, entry in entries.items()}
                others.setdefault((tuple(digests.items()), at(self._obj, env) == []), []).append(
                    self._places.named(env)
                )
        return [*found, *(Given(at=at_, put=dict(put_), empty=empty) for (put_, empty), at_ in others.items())]

    def texts(self, replaced: Iterable[Replaced]) -> list[Text]:
        """The texts that are replaced; equal ones of several steps together."""
        steps_at = {step.pointer: self._names[step.pointer] for step in self._steps}
        in_steps: dict[_Key, list[str]] = {}
        elsewhere: dict[_Key, list[Place]] = {}
        for text in replaced:
            own = next((p for end in range(len(text.pointer)) if (p := text.pointer[:end]) in steps_at), None)
            key = (self._digest(text.result), text.pieces, msgspec.json.encode(text.was))
            place = self._places.named(text.pointer)
            if own is None:
                elsewhere.setdefault(key, []).append(place)
            else:
                in_steps.setdefault((*key, tuple(place[len(own) :])), []).append(steps_at[own])
        found = []
        for (digest, pieces, was, rest), members in in_steps.items():
            to, but = steps.written(members, self._asking)
            found.append(Text(to=to, but=but, at=[list(rest)], **_content(digest, pieces, was)))
        found += [Text(at=places, **_content(*key)) for key, places in elsewhere.items()]
        return found

    def taken(self, removed: Iterable[Pointer]) -> list[Taken]:
        """The blocks and annotations that are removed or changed; equal ones together."""
        pointers = list(removed)
        alone = self._alone_below({pointer[:-1] for pointer in pointers if pointer[-1] == "extensions"})
        groups: dict[tuple[bytes, int], list[str]] = {}
        elsewhere: dict[bytes, list[Place]] = {}
        for pointer in pointers:
            content = msgspec.json.encode(at(self._obj, pointer))
            step = alone.get(pointer[:-1])
            if step is not None:
                groups.setdefault((content, len(step) + 1 - len(pointer)), []).append(self._names[step])
            else:
                elsewhere.setdefault(content, []).append(self._places.named(pointer))
        found = [
            Taken(to=steps.listed(members), up=up, content=msgspec.json.decode(content))
            for (content, up), members in groups.items()
        ]
        return found + [Taken(at=at_, content=msgspec.json.decode(content)) for content, at_ in elsewhere.items()]

    def _alone_below(self, parents: Collection[Pointer]) -> Mapping[Pointer, Pointer]:
        """The only step at or below each of *parents*, of those that have but one."""
        below: dict[Pointer, list[Pointer]] = {}
        for step in self._steps:
            for end in range(len(step.pointer) + 1):
                if step.pointer[:end] in parents:
                    below.setdefault(step.pointer[:end], []).append(step.pointer)
        return {parent: found[0] for parent, found in below.items() if len(found) == 1}

    def _digest(self, content: object) -> str:
        text = msgspec.json.encode(content, order="sorted")
        if text not in self._digests:
            self._digests[text] = resolved.digest_of(text)
        return self._digests[text]


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


def _content(digest: str, pieces: tuple[Piece, ...], was: bytes) -> dict[str, Any]:
    return {"result": digest, "pieces": [tuple(piece) for piece in pieces], "was": msgspec.json.decode(was)}
