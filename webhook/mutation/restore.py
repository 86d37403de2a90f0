"""UPDATE: put back what an object was given when it was created. Pure.

``kubectl apply`` sends the author's manifest again, selectors and expressions included. A run's spec may not change any
more, so nothing is resolved a second time: the same question gets the answer that is stored.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from registry.documents.copying import copied
from webhook.adapters import layout_of
from webhook.adapters.layout import Layout
from webhook.errors import Reason, RefusedError
from webhook.mutation import expressions
from webhook.mutation.note import resolved
from webhook.mutation.note.resolved import Resolved
from webhook.mutation.note.undo import put_into
from webhook.mutation.question import Question
from webhook.objects.patch import Op, add, put_all, remove, replace
from webhook.objects.walk import Pointer, at, env_names, maps_in

_ADVICE = "delete it and create it again, or create a run of another name"
_FIXED = "what a run asks for is fixed when it is created, and this differs"


def restore(question: Question, old: Mapping[str, Any]) -> tuple[Op, ...]:
    """The operations that put back what *old* was given.

    Raises:
        RefusedError: The question differs from that of *old*.
    """
    layout = question.layout
    note = resolved.read(old)
    if note is None:
        if set(layout.request_pointers()) <= {layout.handover_at}:
            raise _refused(_FIXED)
        raise _refused("extensions are resolved when a run is created, and it has none from then")
    if _is_annotation_repeated(layout, note) and question.obj.get("spec") == old.get("spec"):
        # Only the annotation was put back, beside what it got.
        return tuple(_without_request(question, old))
    if not _have_stayed(old, layout) or not _is_repeated(question, old, note):
        raise _refused(_FIXED)
    return tuple(_ops(question, old))


def _is_annotation_repeated(layout: Layout, note: Resolved) -> bool:
    """True if nothing but the annotation asks, and it says what it said."""
    asking = layout.annotations
    return (
        bool(asking.resolved_here)
        and layout.request_pointers() == [annotation.pointer for annotation in asking.resolved_here]
        and resolved.digest(asking.asking_content) == note.annotation
    )


def _have_stayed(old: Mapping[str, Any], layout: Layout) -> bool:
    """True if the steps that ask are where they were: what *old* has in another place is not theirs."""
    stored = layout_of(old, is_new=False)
    keys = {step.pointer: step.key for step in (*stored.steps, *stored.nameable_only)} if stored else {}
    return all(keys.get(step.pointer) == step.key for step in layout.steps if step.asks and not step.by_reference)


def _is_repeated(question: Question, old: Mapping[str, Any], note: Resolved) -> bool:
    if question.digest == note.asked:
        return True
    # Server-side apply merges lists whose items have keys: then the stored variables stand beside the author's.
    submitted = _as_submitted(question, old, note)
    layout = layout_of(submitted, is_new=False)
    if layout is None:
        return False
    return Question(submitted, layout, tuple(expressions.find(submitted, layout))).digest == note.asked


def _as_submitted(question: Question, old: Mapping[str, Any], note: Resolved) -> Mapping[str, Any]:
    """The object without what it holds only because *old* was given it."""
    layout = question.layout
    submitted: dict[str, Any] = copied(dict(question.obj))
    handover_at = layout.handover_at
    if handover_at and not note.annotation and at(submitted, handover_at) == at(old, handover_at) is not None:
        del at(submitted, handover_at[:-1])[handover_at[-1]]
    keys = {step.env: step.key for step in layout.steps}
    put = put_into(note, question.obj, layout)
    for pointer in question.env_lists():
        entries, stored = at(submitted, pointer), at(old, pointer)
        if not isinstance(entries, list) or not isinstance(stored, list):
            continue
        names = note.names_for(keys.get(pointer, "")) | put.get(pointer, {}).keys()
        entries[:] = [e for e in entries if e not in stored or not env_names({"env": [e]}) & names]
        for i, entry in maps_in(entries):
            by_reference = {key: value for key, value in entry.items() if key != "value"}
            if "valueFrom" in entry and by_reference in stored:
                entries[i] = {key: value for key, value in entry.items() if key != "valueFrom"}
    return submitted


def _ops(question: Question, old: Mapping[str, Any]) -> Iterator[Op]:
    # Whole lists, because expressions may have put variables of their own into them.
    lists = question.env_lists()
    for pointer in lists:
        yield from _put_back(question.obj, old, pointer)
    for text in question.texts:
        if text.pointer[:-2] not in lists:
            yield from _put_back(question.obj, old, text.pointer)
    yield from _without_request(question, old)


def _without_request(question: Question, old: Mapping[str, Any]) -> Iterator[Op]:
    handover_at = question.layout.handover_at
    handover = at(old, handover_at) if handover_at else None
    for pointer in question.layout.request_pointers():
        if handover is None or pointer != handover_at:
            yield remove(pointer)
    written: dict[Pointer, dict[str, Any]] = {}
    for pointer, text in ((handover_at, handover), (resolved.PLACE, at(old, resolved.PLACE))):
        if text is not None and at(question.obj, pointer) != text:
            written.setdefault(pointer[:-1], {})[str(pointer[-1])] = text
    for path, members in written.items():
        yield from put_all(question.obj, path, members)


def _put_back(obj: Mapping[str, Any], old: Mapping[str, Any], pointer: Pointer) -> Iterator[Op]:
    was, now = at(old, pointer), at(obj, pointer)
    if was == now:
        return
    if was is None:
        yield remove(pointer)
    else:
        yield add(pointer, was) if now is None else replace(pointer, was)


def _refused(why: str) -> RefusedError:
    return RefusedError([f"{why}; {_ADVICE}"], [Reason.CHANGED])
