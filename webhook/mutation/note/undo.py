"""An object with a note -> the object as its author wrote it. Pure.

Only what still stands as it was put is taken out; what the author has changed since is his. A step that was removed is
not put back; one that was renamed is known by its variables.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from registry.documents.copying import copied
from webhook.adapters import layout_of
from webhook.adapters.annotations.names import LEVELS, RUN_SELECTORS
from webhook.adapters.layout import Layout
from webhook.mutation.note import resolved, steps
from webhook.mutation.note.places import found, found_in_any_version, found_where_empty
from webhook.mutation.note.resolved import PLACE, Given, Resolved, Text
from webhook.objects import manifests
from webhook.objects.walk import Pointer, at, maps_in

# Bytes that a note may put back. Real objects are smaller than half of it; a forged note could name one content, and
# thousands of places for it.
MAX_PUT_BACK: Final = 3 * 1024 * 1024


class ForgedNoteError(ValueError):
    """A note would put back more than any object holds."""


@dataclass(slots=True)
class Undone:
    """An object as its author wrote it.

    Attributes:
        left_out: The keys of annotations that name steps which are there no more.
    """

    obj: dict[str, Any]
    left_out: list[str] = field(default_factory=list)


def undo(obj: Mapping[str, Any], note: Resolved) -> Undone:
    """Take out of *obj* what its *note* says was put in, and put back what was taken out.

    Raises:
        ForgedNoteError: The note was not written by the webhook.
    """
    return _Undoing(obj, note).run()


def put_into(note: Resolved, obj: Mapping[str, Any], layout: Layout) -> Mapping[Pointer, Mapping[str, str]]:
    """The digests of the variables that *note* says were put in, by list and name, where steps have their old names."""
    names = steps.names_of(layout.own_steps)
    asking = steps.asking_in(layout, names)
    env_of = {names[step.pointer]: step.env for step in layout.steps if step.pointer in names and step.env}
    lists: dict[Pointer, dict[str, str]] = {}
    for given in note.given:
        for name in steps.read(given.to, given.but, asking):
            if name in env_of:
                lists.setdefault(env_of[name], {}).update(given.put)
        for place in given.at:
            pointer = found(obj, place)
            if pointer is not None:
                lists.setdefault(pointer, {}).update(given.put)
    return lists


class _Undoing:
    def __init__(self, obj: Mapping[str, Any], note: Resolved) -> None:
        self._note = note
        self._obj = {key: copied(value) if key in ("metadata", "spec") else value for key, value in obj.items()}
        self._put_back: set[Pointer] = set()
        self._left = MAX_PUT_BACK
        self._result = Undone(self._obj)
        # Names of steps in the note -> their pointers in the object.
        self._steps: dict[str, Pointer] = {}
        self._asking: Sequence[str] = ()
        self._is_renamed = False

    def run(self) -> Undone:
        self._remove(PLACE)
        self._take_handover_back()
        self._find_steps()
        for taken in self._note.taken:
            size = len(msgspec.json.encode(taken.content))
            for name in steps.read(taken.to, (), ()):
                if name in self._steps and 0 <= taken.up < len(self._steps[name]):
                    step = self._steps[name]
                    self._put((*step[: len(step) - taken.up], "extensions"), taken.content, size)
            for place in taken.at:
                pointer = found(self._obj, place) or found_where_empty(self._obj, place)
                if pointer is not None:
                    self._put(pointer, taken.content, size)
        # What asks by blocks and annotations is known only now.
        self._find_steps()
        for given in self._note.given:
            self._strip(given)
        for text in self._note.texts:
            self._restore(text)
        self._forget_steps()
        return self._result

    # What was left for pods

    def _take_handover_back(self) -> None:
        if not self._note.handover:
            return
        layout = layout_of(self._obj)
        if layout is None or not layout.handover_at:
            return
        self._remove_left(layout.handover_at)
        if layout.handover_at[0] == "spec":
            # Argo copies it into the Workflow's templates.
            for i, template in maps_in(at(self._obj, ("spec", "templates"))):
                if "metadata" in template:
                    self._remove_left(("spec", "templates", i, "metadata", "annotations", RUN_SELECTORS))

    def _remove_left(self, pointer: Pointer) -> None:
        if resolved.digest(at(self._obj, pointer)) == self._note.handover:
            self._remove(pointer)

    def _remove(self, pointer: Pointer) -> None:
        """Remove an annotation, and the maps that it was alone in, but for an object's own metadata."""
        for end in range(len(pointer), 1, -1):
            parent = at(self._obj, pointer[: end - 1])
            if not isinstance(parent, dict) or (end < len(pointer) and parent.get(pointer[end - 1]) != {}):
                return
            if end < len(pointer) and isinstance(pointer[end - 1], int):
                return
            parent.pop(pointer[end - 1], None)

    # Steps

    def _find_steps(self) -> None:
        layout = layout_of(self._obj)
        if layout is None:
            return
        names = steps.names_of(layout.own_steps)
        self._asking = steps.asking_in(layout, names)
        self._steps = {name: pointer for pointer, name in names.items()}
        noted = {name for given in self._note.given for name in steps.read(given.to, (), ())}
        noted |= {name for taken in self._note.taken for name in steps.read(taken.to, (), ())}
        missing = {name for name in noted if name not in self._steps}
        if missing:
            self._find_renamed(missing, [name for name in self._steps if name not in noted])

    def _find_renamed(self, missing: Collection[str], unknown: Sequence[str]) -> None:
        """Find steps that have another name now by what they were given."""
        put: dict[str, dict[str, str]] = {name: {} for name in sorted(missing)}
        for given in self._note.given:
            for name in steps.read(given.to, given.but, put):
                if name in put:
                    put[name] |= given.put
        left = list(put)
        for name in unknown:
            entries = _digests(at(self._obj, (*self._steps[name], "env")))
            same = next((old for old in left if put[old] and put[old].items() <= entries.items()), None)
            if same is not None:
                self._steps[same] = self._steps[name]
                self._asking = [*self._asking, same]
                self._is_renamed = True
                left.remove(same)

    def _named(self, to: resolved.StepList, but: Collection[str]) -> Iterator[Pointer]:
        for name in steps.read(to, but, self._asking):
            if name in self._steps:
                yield self._steps[name]

    # Edits

    def _put(self, pointer: Pointer, content: Any, size: int) -> None:
        """Put back what was taken out, unless the author has something else there now."""
        self._left -= size
        if self._left < 0:
            raise ForgedNoteError
        parent: Any = self._obj
        for part in pointer[:-1]:
            if isinstance(parent, dict) and isinstance(part, str) and parent.get(part) is None:
                parent[part] = {}
            parent = at(parent, (part,))
        if not isinstance(parent, dict):
            return
        key = str(pointer[-1])
        if parent.get(key) is None:
            parent[key] = copied(content)
            self._put_back.add(pointer)
        elif pointer == ("metadata", "annotations", key) and key in LEVELS:
            merged = _merged(content, parent[key])
            if merged is not None:
                parent[key] = merged
                self._put_back.add(pointer)

    def _strip(self, given: Given) -> None:
        places = [pointer for place in given.at if (pointer := found_in_any_version(self._obj, place)) is not None]
        for env in (*((*pointer, "env") for pointer in self._named(given.to, given.but)), *places):
            entries, parent = at(self._obj, env), at(self._obj, env[:-1])
            if not isinstance(entries, list) or not isinstance(parent, dict) or not given.put:
                continue
            left = dict(given.put)
            kept = [entry for entry in entries if not _is_one_of(entry, left)]
            if kept or given.empty:
                parent[str(env[-1])] = kept
            elif len(kept) < len(entries):
                del parent[str(env[-1])]

    def _restore(self, text: Text) -> None:
        if text.to:
            steps_at = self._named(text.to, text.but)
            pointers = [(*step, *rest) for step in steps_at for rest in self._below(step, text)]
        else:
            pointers = [pointer for place in text.at if (pointer := found_in_any_version(self._obj, place)) is not None]
        for pointer in pointers:
            parent, now = at(self._obj, pointer[:-1]), at(self._obj, pointer)
            is_list = isinstance(parent, list)
            if not is_list and not isinstance(parent, dict):
                continue
            if now is None and pointer[-1] == "value":
                now = ""  # Engines leave it out.
            if resolved.digest(now) != text.result:
                continue
            was = text.was if text.was is not None else _reverse(now, text.pieces)
            if was is None:
                continue
            self._left -= len(was) if isinstance(was, str) else len(msgspec.json.encode(was))
            if self._left < 0:
                raise ForgedNoteError
            parent[pointer[-1]] = copied(was)

    def _below(self, step: Pointer, text: Text) -> Iterator[Pointer]:
        for place in text.at:
            rest = found(at(self._obj, step), place)
            if rest:
                yield rest

    def _is_left_with_any(self, layout: Layout) -> bool:
        """True if a step that asks no more has what was put in: it has another name now."""
        names = steps.names_of(layout.own_steps)
        left = [step for step in layout.steps if step.pointer in names and step.env and not step.asks]
        entries = [_digests(at(self._obj, step.env or ())).items() for step in left]
        return any(given.put and given.put.items() <= there for given in self._note.given for there in entries)

    def _forget_steps(self) -> None:
        """Leave out of annotations that are put back what names steps which are there no more."""
        layout = layout_of(self._obj)
        if layout is None or not layout.annotations.problems or self._is_renamed or self._is_left_with_any(layout):
            return
        for annotation in layout.annotations.read:
            if annotation.pointer not in self._put_back or not isinstance(annotation.content, dict):
                continue
            length = len(annotation.pointer)
            unknown = {
                problem.pointer[length]
                for problem in layout.annotations.problems
                if problem.pointer[:length] == annotation.pointer and len(problem.pointer) == length + 1
            }
            if unknown:
                kept = {key: entry for key, entry in annotation.content.items() if key not in unknown}
                self._result.left_out += sorted(map(str, unknown))
                parent = at(self._obj, annotation.pointer[:-1])
                parent[annotation.pointer[-1]] = manifests.dump(kept)


def _is_one_of(entry: Any, left: dict[str, str]) -> bool:
    """True if *entry* is one that was put in; it is then no longer among those *left* to be found."""
    name = entry.get("name") if isinstance(entry, dict) else None
    if not isinstance(name, str) or left.get(name) != resolved.digest(resolved.as_stored(entry)):
        return False
    del left[name]
    return True


def _digests(env: Any) -> dict[str, str]:
    return {
        entry["name"]: resolved.digest(resolved.as_stored(entry))
        for _, entry in maps_in(env)
        if isinstance(entry.get("name"), str)
    }


def _merged(before: Any, now: Any) -> str | None:
    """The annotation *now*, with those steps of *before* that it says nothing of; None if either cannot be read."""
    contents = []
    for text in (before, now):
        documents = list(manifests.load(text)) if isinstance(text, str) else []
        if len(documents) != 1 or documents[0].problems or not isinstance(documents[0].content, dict):
            return None
        contents.append(documents[0].content)
    return manifests.dump({**contents[0], **contents[1]})


def _reverse(now: Any, pieces: Sequence[tuple[int, int, str]]) -> str | None:
    """The text that became *now*; None if the pieces are none of it."""
    if not isinstance(now, str):
        return None
    parts, done = [], 0
    for start, length, was in pieces:
        if start < done or length < 0 or start + length > len(now):
            return None
        parts += [now[done:start], was]
        done = start + length
    return "".join([*parts, now[done:]])
