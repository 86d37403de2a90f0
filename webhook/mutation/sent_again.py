"""A run or pod that is created with a note on it was given things before: its author's question is asked again. Pure.

``argo resubmit``, a dashboard's rerun and ``kubectl get | kubectl create`` send what was stored. What engines create
has the notes of what they create it from; that was given its part when those were created.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from registry.resolving.access import Access, access
from registry.resolving.selectors import Consumer
from registry.resolving.view import View
from webhook.errors import Reason, RefusedError
from webhook.mutation.note import resolved
from webhook.mutation.note.resolved import PLACE, Resolved
from webhook.mutation.note.undo import ForgedNoteError, undo
from webhook.objects.walk import at, is_controlled

# Argo copies a Workflow's owners when it is sent again, and no engine copies annotations to Workflows.
_COPIED_TO: Final = {"PipelineRun": "tekton.dev/", "TaskRun": "tekton.dev/", "Pod": ""}
KINDS: Final = frozenset({*_COPIED_TO, "Workflow"})
# An API server may cut what is longer than 120 characters.
_OLD = "its note cannot undo what it was given before, which it keeps; create it from its manifest for what holds now"
_LEFT_OUT = "what was asked for {} is left out, as there is no such step any more"
_ADVICE = "create it from its manifest, which asks again"


@dataclass(frozen=True, slots=True)
class SentAgain:
    """An object that is created with a note on it.

    Attributes:
        obj: The object as its author wrote it; as it was sent if that cannot be known.
        note: None if it is none of ours.
        is_undone: False if it keeps what it was given before.
    """

    obj: Mapping[str, Any]
    note: Resolved | None = None
    is_undone: bool = True
    warnings: tuple[str, ...] = ()


def sent_again(obj: Mapping[str, Any]) -> SentAgain | None:
    """What a new object's note says of it; None if it has none, or one that an engine copied to it."""
    if not resolved.is_there(obj) or not _may_be(obj):
        return None
    note = resolved.read(obj)
    if note is None:
        return SentAgain(_without_note(obj))
    if note.short or note.kind != obj.get("kind"):
        return SentAgain(obj, note, is_undone=False, warnings=(_OLD,))
    try:
        undone = undo(obj, note)
    except ForgedNoteError:
        return SentAgain(_without_note(obj))
    warnings = tuple(_LEFT_OUT.format(repr(key[:40])) for key in undone.left_out)
    return SentAgain(undone.obj, note, warnings=warnings)


def as_written(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    """A new object as its author wrote it, whether or not it was sent before."""
    again = sent_again(obj)
    return obj if again is None else again.obj


def check_kept(again: SentAgain, index: View, consumer: Consumer) -> None:
    """Check that the asker may have the credentials that the object keeps.

    Raises:
        RefusedError: It has some that were given to somebody else.
    """
    if again.is_undone or again.note is None:
        return
    problems = [
        f"it holds credentials {name!r} of {extension}/{service}, which you may not have now; {_ADVICE}"
        for extension, service, name in dict.fromkeys(again.note.credentials())
        if not _may_have(index, consumer, extension, service, name)
    ]
    if problems:
        raise RefusedError(problems, [Reason.NO_MATCH])


def _may_have(index: View, consumer: Consumer, extension: str, service: str, name: str) -> bool:
    for offer in index.narrowed({"extension_id": extension}):
        shared = bool(offer.namespace) and offer.namespace != consumer.namespace
        for credentials in offer.service.credentials if offer.service.id == service else ():
            if credentials.id == name and access(credentials, consumer, shared=shared) is Access.GRANTED:
                return True
    return False


def _may_be(obj: Mapping[str, Any]) -> bool:
    kind = str(obj.get("kind"))
    return kind in KINDS and not (kind in _COPIED_TO and is_controlled(obj, _COPIED_TO[kind]))


def _without_note(obj: Mapping[str, Any]) -> dict[str, Any]:
    annotations = {key: value for key, value in at(obj, PLACE[:-1]).items() if key != PLACE[-1]}
    return {**obj, "metadata": {**obj["metadata"], "annotations": annotations}}
