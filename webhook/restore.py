"""UPDATE: put back what an object was given when it was created. Pure.

``kubectl apply`` sends the author's manifest again, blocks and expressions included. A run's spec may not change any
more, so nothing is resolved anew: the same question gets the answer that is stored.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from webhook import annotations
from webhook.adapters.step import Layout, Pointer
from webhook.analysis import asked
from webhook.errors import RefusedError
from webhook.patch import Op, add, at, remove, replace
from webhook.texts import Text

_ADVICE = "delete it and create it anew, or create a run of another name"


def restored(obj: Mapping[str, Any], old: Mapping[str, Any], layout: Layout, found: Sequence[Text]) -> tuple[Op, ...]:
    """The operations that put back what *old* was given.

    Raises:
        RefusedError: *obj* asks for something else than *old* did.
    """
    note = annotations.read(old)
    if note is None:
        raise RefusedError([f"extensions are resolved when a run is created, and it has none from then; {_ADVICE}"])
    if note.asked != asked(obj, layout, found):
        raise RefusedError([f"what a run asks for is fixed when it is created, and this differs; {_ADVICE}"])
    return tuple(_ops(obj, old, layout, found))


def _ops(obj: Mapping[str, Any], old: Mapping[str, Any], layout: Layout, found: Sequence[Text]) -> Iterator[Op]:
    lists = dict.fromkeys(step.env for step in layout.steps if step.env and step.blocks)
    # A whole list, because expressions may have put variables of their own into it.
    lists |= dict.fromkeys(text.pointer[:-2] for text in found if text.pointer[-3:-2] == ("env",))
    for pointer in lists:
        yield from _put_back(obj, old, pointer)
    for text in found:
        if text.pointer[:-2] not in lists:
            yield from _put_back(obj, old, text.pointer)
    for pointer in dict.fromkeys(block.pointer for step in layout.steps for block in step.blocks):
        yield remove(pointer)
    text_of_note = at(old, ("metadata", "annotations", annotations.RESOLVED))
    if at(obj, ("metadata", "annotations", annotations.RESOLVED)) != text_of_note:
        yield annotations.put(obj, text_of_note)


def _put_back(obj: Mapping[str, Any], old: Mapping[str, Any], pointer: Pointer) -> Iterator[Op]:
    was, now = at(old, pointer), at(obj, pointer)
    if was == now:
        return
    if was is None:
        yield remove(pointer)
    else:
        yield add(pointer, was) if now is None else replace(pointer, was)
