"""UPDATE: put back what an object was given when it was created. Pure.

``kubectl apply`` sends the author's manifest again, selectors and expressions included. A run's spec may not change any
more, so nothing is resolved anew: the same question gets the answer that is stored.
"""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

from webhook.adapters import layout_of
from webhook.adapters.layout import Layout
from webhook.errors import RefusedError
from webhook.mutation import expressions, resolved_note
from webhook.mutation.expressions import Text
from webhook.mutation.question import asked, env_lists
from webhook.mutation.resolved_note import Resolved
from webhook.objects.patch import Op, add, put_all, remove, replace
from webhook.objects.walk import Pointer, at, env_names, maps_in

_ADVICE = "delete it and create it anew, or create a run of another name"
_FIXED = "what a run asks for is fixed when it is created, and this differs"


def restored(obj: Mapping[str, Any], old: Mapping[str, Any], layout: Layout, found: Sequence[Text]) -> tuple[Op, ...]:
    """The operations that put back what *old* was given.

    Raises:
        RefusedError: *obj* asks for something else than *old* did.
    """
    note = resolved_note.read(old)
    if note is None:
        if set(layout.questions()) <= {layout.left_at}:
            raise RefusedError([f"{_FIXED}; {_ADVICE}"])
        raise RefusedError([f"extensions are resolved when a run is created, and it has none from then; {_ADVICE}"])
    if _is_repeated(layout, note) and obj.get("spec") == old.get("spec"):
        # Only the annotation was put back, beside what it got.
        return tuple(_without_questions(obj, old, layout))
    if not _have_stayed(old, layout) or not _is_asked_again(obj, old, layout, found, note=note):
        raise RefusedError([f"{_FIXED}; {_ADVICE}"])
    return tuple(_ops(obj, old, layout, found))


def _is_repeated(layout: Layout, note: Resolved) -> bool:
    """Whether nothing but the annotation asks, and says what it said."""
    return (
        len(layout.answered) == 1
        and layout.questions() == [layout.answered[0].pointer]
        and resolved_note.digest(layout.answered[0].content) == note.annotation
    )


def _have_stayed(old: Mapping[str, Any], layout: Layout) -> bool:
    """Whether the steps that ask are where they were: what *old* has in another place is not theirs."""
    stored = layout_of(old, is_new=False)
    places = {step.pointer: step.key for step in (*stored.steps, *stored.spare)} if stored else {}
    return all(places.get(step.pointer) == step.key for step in layout.steps if step.asks and not step.behind)


def _is_asked_again(
    obj: Mapping[str, Any], old: Mapping[str, Any], layout: Layout, found: Sequence[Text], *, note: Resolved
) -> bool:
    if asked(obj, layout, found) == note.asked:
        return True
    # Server-side apply merges lists whose items have keys: then the stored variables stand beside the author's.
    submitted = _as_submitted(obj, old, layout, found, note=note)
    again = layout_of(submitted, is_new=False)
    return again is not None and asked(submitted, again, expressions.find(submitted, again)) == note.asked


def _as_submitted(
    obj: Mapping[str, Any], old: Mapping[str, Any], layout: Layout, found: Sequence[Text], *, note: Resolved
) -> Mapping[str, Any]:
    """*obj* without what it holds only because *old* was given it."""
    submitted = deepcopy(dict(obj))
    if layout.left_at and not note.annotation and at(submitted, layout.left_at) == at(old, layout.left_at) is not None:
        del at(submitted, layout.left_at[:-1])[layout.left_at[-1]]
    keys = {step.env: step.key for step in layout.steps}
    for pointer in env_lists(layout, found):
        entries, stored = at(submitted, pointer), at(old, pointer)
        if not isinstance(entries, list) or not isinstance(stored, list):
            continue
        names = note.added_to(keys.get(pointer, ""))
        entries[:] = [e for e in entries if e not in stored or not env_names({"env": [e]}) & names]
        for i, entry in maps_in(entries):
            by_reference = {key: value for key, value in entry.items() if key != "value"}
            if "valueFrom" in entry and by_reference in stored:
                entries[i] = {key: value for key, value in entry.items() if key != "valueFrom"}
    return submitted


def _ops(obj: Mapping[str, Any], old: Mapping[str, Any], layout: Layout, found: Sequence[Text]) -> Iterator[Op]:
    # Whole lists, because expressions may have put variables of their own into them.
    lists = env_lists(layout, found)
    for pointer in lists:
        yield from _put_back(obj, old, pointer)
    for text in found:
        if text.pointer[:-2] not in lists:
            yield from _put_back(obj, old, text.pointer)
    yield from _without_questions(obj, old, layout)


def _without_questions(obj: Mapping[str, Any], old: Mapping[str, Any], layout: Layout) -> Iterator[Op]:
    left = at(old, layout.left_at) if layout.left_at else None
    for pointer in layout.questions():
        if left is None or pointer != layout.left_at:
            yield remove(pointer)
    written: dict[Pointer, dict[str, Any]] = {}
    for pointer, text in ((layout.left_at, left), (resolved_note.PLACE, at(old, resolved_note.PLACE))):
        if text is not None and at(obj, pointer) != text:
            written.setdefault(pointer[:-1], {})[str(pointer[-1])] = text
    for path, members in written.items():
        yield from put_all(obj, path, members)


def _put_back(obj: Mapping[str, Any], old: Mapping[str, Any], pointer: Pointer) -> Iterator[Op]:
    was, now = at(old, pointer), at(obj, pointer)
    if was == now:
        return
    if was is None:
        yield remove(pointer)
    else:
        yield add(pointer, was) if now is None else replace(pointer, was)
