"""A pod at our gate waits for credentials that are not there yet; its engine could not handle a refusal. Pure.

The annotation ``waiting`` names the Secrets. fuseml controller has the pod recreated when they are there.
"""

from collections.abc import Iterator

from webhook.adapters.annotations.names import WAITING
from webhook.adapters.layout import Remark
from webhook.errors import Reason
from webhook.mutation.analysis import Analysis
from webhook.mutation.question import Question
from webhook.objects.patch import Op, put_all, remove
from webhook.objects.walk import Pointer, at

_ANNOTATIONS: Pointer = ("metadata", "annotations")
_PLACE: Pointer = (*_ANNOTATIONS, WAITING)


def can_wait(question: Question, analysis: Analysis) -> bool:
    """True if nothing is wrong but that credentials are not there yet, and a gate keeps the pod from starting."""
    reasons = {finding.reason for finding in analysis.findings}
    return question.layout.gate is not None and reasons == {Reason.UNDELIVERED}


def ops(question: Question, analysis: Analysis) -> tuple[Op, ...]:
    """The operations that note what the pod waits for; the gate stays."""
    names = " ".join(sorted(analysis.waits_for))
    if at(question.obj, _PLACE) == names:
        return ()
    return tuple(put_all(question.obj, _ANNOTATIONS, {WAITING: names}))


def warnings(analysis: Analysis) -> Iterator[str]:
    """What the pod waits for, in words. An API server may cut what is longer than 120 characters."""
    yield f"waits at a gate for {' '.join(sorted(analysis.waits_for))}"
    yield from dict.fromkeys(map(Remark.of, analysis.findings))


def ended(question: Question) -> Iterator[Op]:
    """The operation that removes such a note from a pod that waits no longer."""
    if question.layout.gate is not None and at(question.obj, _PLACE) is not None:
        yield remove(_PLACE)
