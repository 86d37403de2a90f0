"""Selectors that a run passes to pods created from referenced tasks; removes the rest from the run. Pure."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from webhook.adapters.annotations.reader import MAX_BYTES, SHORTER
from webhook.adapters.layout import Finding, Layout
from webhook.adapters.step import Engine
from webhook.mutation.note import resolved
from webhook.objects import manifests
from webhook.objects.patch import Op, put_all, remove, replace
from webhook.objects.walk import at

if TYPE_CHECKING:
    from webhook.mutation.question import Question
    from webhook.objects.walk import Pointer


def findings(question: "Question") -> Iterator[Finding]:
    """Why the handover cannot be written."""
    layout = question.layout
    handover = layout.handover
    if not handover:
        return
    name = layout.handover_at[-1]
    if layout.handover_at not in layout.request_pointers() and at(question.obj, layout.handover_at) is not None:
        where = ".".join(map(str, layout.handover_at[:-2]))
        message = f"annotation {name} is here, too; write all of it into metadata.annotations"
        yield Finding(where, message, layout.handover_at)
    text = manifests.dump(handover)
    # Where its author wrote it; there may be nothing yet where it will be.
    written = next((annotation.pointer for annotation in layout.annotations.resolved_here), layout.handover_at)
    if layout.engine is Engine.ARGO and "{{" in text:
        # In a spec, the output of other steps would get into it, and could ask.
        message = "what its pods are to be given holds '{{', which Argo would expand"
        yield Finding(f"annotation {name}", message, written)
    if len(text.encode()) > MAX_BYTES:
        message = f"what its pods are to be given is longer than {MAX_BYTES // 1024} KiB; {SHORTER}"
        yield Finding(f"annotation {name}", message, written)


def ops(question: "Question", note: str) -> Iterator[Op]:
    """The operations that remove what asks, but for the handover, and write our *note*, if any."""
    layout = question.layout
    handover, removable = layout.handover, layout.request_pointers()
    written: dict[Pointer, dict[str, str]] = {}
    for pointer in removable:
        if not handover or pointer != layout.handover_at:
            yield remove(pointer)
        elif _stored(layout) != handover:
            yield replace(pointer, manifests.dump(handover))
    if handover and layout.handover_at not in removable:
        written[layout.handover_at[:-1]] = {str(layout.handover_at[-1]): manifests.dump(handover)}
    if note:
        written.setdefault(resolved.PLACE[:-1], {})[resolved.RESOLVED] = note
    for path, members in written.items():
        yield from put_all(question.obj, path, members)


def digest(layout: Layout) -> str:
    """The digest of what is left for pods, by which it is recognized; "" if its author wrote it just so."""
    handover = layout.handover
    if not handover or (layout.handover_at in layout.request_pointers() and _stored(layout) == handover):
        return ""
    return resolved.digest(manifests.dump(handover))


def removed(layout: Layout) -> list["Pointer"]:
    """The blocks and annotations that ask, and are removed or say something else afterwards."""
    is_kept = bool(layout.handover) and _stored(layout) == layout.handover
    kept = {layout.handover_at} if is_kept else set()
    return [pointer for pointer in layout.request_pointers() if pointer not in kept and pointer != layout.gate]


def _stored(layout: Layout) -> object:
    """What the annotation says that takes the handover, if it asks here."""
    annotation = layout.annotations.at(layout.handover_at)
    return annotation.content if annotation is not None and annotation.resolved_here else None
