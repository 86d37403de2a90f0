"""An object in, the patch that gives its steps what they ask for out. Pure.

The webhook, ``fuseml preview`` and ``fuseml explain`` all come through here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import jsonpatch

from registry.delivery.ledger import Ledger
from registry.resolving.selectors import Consumer
from registry.resolving.view import View
from webhook.adapters.layout import Finding, Remark
from webhook.errors import RefusedError
from webhook.mutation import later_pods, near_misses, waiting
from webhook.mutation.analysis import Analysis, StepReport, analyse
from webhook.mutation.lifting import lift
from webhook.mutation.question import Question, ask
from webhook.mutation.restore import restore
from webhook.mutation.sent_again import check_kept, sent_again
from webhook.mutation.settings import Settings
from webhook.objects.difference import difference
from webhook.objects.patch import Op

if TYPE_CHECKING:
    from webhook.objects.walk import Pointer

_NO_SETTINGS = Settings()
# More would scroll away what comes first; mending these will show the next ones.
MAX_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class Mutation:
    """What becomes of an object.

    Attributes:
        ops: JSONPatch operations, in order; none if nothing changes.
        audit: Annotations for the API server's audit log: ids, never values.
    """

    ops: tuple[Op, ...] = ()
    warnings: tuple[str, ...] = ()
    audit: Mapping[str, str] = field(default_factory=dict)


def mutate(
    obj: Mapping[str, Any],
    index: View,
    consumer: Consumer,
    *,
    settings: Settings = _NO_SETTINGS,
    old: Mapping[str, Any] | None = None,
    delivered: Ledger | None = None,
) -> Mutation:
    """Give the steps of *obj* what they ask for.

    Args:
        delivered: The shared credentials that are in the consumer's namespace; None = not checked.
        old: On UPDATE, the object as it is stored: then nothing is resolved, what it was given is put back.

    Raises:
        RefusedError: It asks for something that it cannot get.
    """
    again = sent_again(obj) if old is None else None
    if again is None:
        return _decide(obj, index, consumer, settings=settings, old=old, delivered=delivered)
    check_kept(again, index, consumer)
    mutation = _decide(again.obj, index, consumer, settings=settings, old=None, delivered=delivered)
    ops = mutation.ops
    if again.obj is not obj:
        # As it was sent, most of it may be as it is to be.
        ops = tuple(difference(obj, jsonpatch.apply_patch(again.obj, [dict(op) for op in ops])))
    return Mutation(ops, (*again.warnings, *mutation.warnings), mutation.audit)


def _decide(
    obj: Mapping[str, Any],
    index: View,
    consumer: Consumer,
    *,
    settings: Settings,
    old: Mapping[str, Any] | None,
    delivered: Ledger | None,
) -> Mutation:
    question = ask(obj, is_new=old is None)
    if question is None:
        return Mutation(warnings=_remarks(near_misses.of_annotations(obj)) if old is None else ())
    if old is not None and not question.layout.is_definition:
        return _decided(question, index, consumer, settings, old=old, delivered=delivered)
    remarks = _remarks(near_misses.find(obj, question.layout))
    try:
        made = _decided(question, index, consumer, settings, old=old, delivered=delivered)
    except RefusedError as e:
        raise RefusedError(e.problems, e.reasons, e.places, (*e.warnings, *remarks)) from e
    return replace(made, warnings=(*made.warnings, *remarks)) if remarks else made


def _remarks(findings: Sequence[Finding]) -> tuple[Remark, ...]:
    return tuple(dict.fromkeys(map(Remark.of, findings)))


def _decided(
    question: Question,
    index: View,
    consumer: Consumer,
    settings: Settings,
    *,
    old: Mapping[str, Any] | None,
    delivered: Ledger | None,
) -> Mutation:
    if question.layout.is_definition:
        findings, ops = lift(question, old)
        if findings and not _was_stored_asking(old, question):
            raise _refused(findings)
        refused = later_pods.refusals(question, index=index, consumer=consumer, settings=settings, delivered=delivered)
        warnings = (*map(Remark.of, question.layout.warnings), *later_pods.warnings(question, refused))
        return Mutation(tuple(ops), warnings)
    if old is not None:
        if _was_stored_asking(old, question):
            return Mutation()
        if not question.layout.is_misread:
            return Mutation(restore(question, old))
    analysis = analyse(question, index=index, consumer=consumer, settings=settings, delivered=delivered)
    if waiting.can_wait(question, analysis):
        return Mutation(waiting.ops(question, analysis), (*waiting.warnings(analysis), *analysis.warnings))
    if analysis.findings:
        raise refusal(analysis)
    return Mutation((*analysis.ops, *waiting.ended(question)), tuple(analysis.warnings), _audit(analysis.reports))


def _was_stored_asking(old: Mapping[str, Any] | None, question: Question) -> bool:
    """True if *old* was stored with the same question in it, before there was a webhook.

    To refuse it now would keep controllers from finishing it and people from cancelling it.
    """
    stored = None if old is None else ask(old, is_new=False)
    return stored is not None and stored.digest == question.digest


def refusal(analysis: Analysis) -> RefusedError:
    """The refusal that *analysis* comes to."""
    return _refused(analysis.findings)


def _refused(findings: Sequence[Finding]) -> RefusedError:
    placed: dict[str, tuple[Pointer, int]] = {}
    for finding in findings:
        placed.setdefault(str(finding), (finding.pointer, finding.line))
    problems = list(placed)
    if len(problems) > MAX_PROBLEMS:
        problems[MAX_PROBLEMS:] = [f"and {len(problems) - MAX_PROBLEMS} more"]
    places = list(placed.values())[:MAX_PROBLEMS]
    return RefusedError(problems, {finding.reason for finding in findings}, places)


def _audit(reports: Sequence[StepReport]) -> dict[str, str]:
    bindings = [
        f"{report.step.key}:{bound.selector.name}={'/'.join(filter(None, bound.chosen))}"
        for report in reports
        for bound in report.bound_selectors
        if bound.resolution.binding
    ]
    return {"bindings": ", ".join(bindings)} if bindings else {}
