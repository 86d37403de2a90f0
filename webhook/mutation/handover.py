"""What a run leaves to the pods of its steps behind references, and how the rest is taken out of it. Pure."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from webhook.adapters.annotations.reader import MAX_BYTES
from webhook.adapters.layout import Finding, Layout
from webhook.adapters.step import Engine
from webhook.mutation import resolved_note
from webhook.objects import manifests
from webhook.objects.patch import Op, put_all, remove, replace
from webhook.objects.walk import at

if TYPE_CHECKING:
    from webhook.objects.walk import Pointer


def findings(obj: Mapping[str, Any], layout: Layout) -> Iterator[Finding]:
    """Why what is left cannot be written."""
    left = layout.left
    if not left:
        return
    name = layout.left_at[-1]
    if layout.left_at not in layout.questions() and at(obj, layout.left_at) is not None:
        where = ".".join(map(str, layout.left_at[:-2]))
        message = f"annotation {name} is here, too; write all of it into metadata.annotations"
        yield Finding(where, message, layout.left_at)
    text = manifests.dump(left)
    if layout.engine is Engine.ARGO and "{{" in text:
        # In a spec, what other steps have put out would get into it, and could ask.
        message = "what its pods are to be given holds '{{', which Argo would expand"
        yield Finding(f"annotation {name}", message, layout.left_at)
    if len(text.encode()) > MAX_BYTES:
        message = f"what its pods are to be given is longer than {MAX_BYTES // 1024} KiB"
        yield Finding(f"annotation {name}", message, layout.left_at)


def ops(obj: Mapping[str, Any], layout: Layout, note: str) -> Iterator[Op]:
    """The operations that take out the questions, but for what is left, and write our *note*, if any."""
    left, questions = layout.left, layout.questions()
    written: dict[Pointer, dict[str, str]] = {}
    for pointer in questions:
        if not left or pointer != layout.left_at:
            yield remove(pointer)
        elif all(annotation.content != left for annotation in layout.answered):
            yield replace(pointer, manifests.dump(left))
    if left and layout.left_at not in questions:
        written[layout.left_at[:-1]] = {str(layout.left_at[-1]): manifests.dump(left)}
    if note:
        written.setdefault(resolved_note.PLACE[:-1], {})[resolved_note.RESOLVED] = note
    for path, members in written.items():
        yield from put_all(obj, path, members)


def is_changed(layout: Layout) -> bool:
    """Whether anything is taken out or left."""
    left, questions = layout.left, layout.questions()
    is_kept = questions == [layout.left_at] and any(annotation.content == left for annotation in layout.answered)
    return bool(questions) and not (left and is_kept)
