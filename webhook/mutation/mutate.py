"""An object in, the patch that gives its steps what they ask for out. Pure.

The webhook, ``fuseml preview`` and ``fuseml explain`` all come through here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from registry.resolving.index import Index
from registry.resolving.selectors import Consumer
from webhook.adapters import layout_of
from webhook.adapters.layout import Finding, Layout
from webhook.errors import RefusedError
from webhook.mutation import expressions, resolved_note
from webhook.mutation.analysis import Analysis, StepReport, analyse
from webhook.mutation.expressions import Text
from webhook.mutation.lifting import lift
from webhook.mutation.question import asked
from webhook.mutation.restore import restored
from webhook.mutation.settings import Settings
from webhook.objects.patch import Op

_NO_SETTINGS = Settings()
# More would scroll away what comes first; mending these will show the next ones.
_MAX_PROBLEMS = 20


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
    index: Index,
    consumer: Consumer,
    *,
    settings: Settings = _NO_SETTINGS,
    old: Mapping[str, Any] | None = None,
) -> Mutation:
    """Give the steps of *obj* what they ask for.

    Args:
        old: On UPDATE, the object as it is stored: then nothing is resolved, what it was given is put back.

    Raises:
        RefusedError: It asks for something that it cannot get.
    """
    question = ask(obj, is_new=old is None)
    if question is None:
        return Mutation()
    layout, found = question
    if layout.is_definition:
        findings, ops = lift(obj, layout, found, old)
        if findings and not (old is not None and _is_stored_asking(old, asked(obj, layout, found))):
            raise _refused(findings)
        return Mutation(tuple(ops))
    if old is not None and _is_stored_asking(old, asked(obj, layout, found)):
        return Mutation()
    if old is not None and not layout.is_misread:
        return Mutation(restored(obj, old, layout, found))
    analysis = analyse(obj, layout, found, index=index, consumer=consumer, settings=settings)
    if analysis.findings:
        raise refusal(analysis)
    return Mutation(analysis.ops, tuple(analysis.warnings), _audit(analysis.reports))


def _is_stored_asking(old: Mapping[str, Any], digest: str) -> bool:
    """Whether *old* was stored with the question in it, before there was a webhook.

    To refuse it now would keep controllers from finishing it and people from cancelling it.
    """
    was = ask(old, is_new=False)
    return was is not None and asked(old, *was) == digest


def ask(obj: Mapping[str, Any], *, is_new: bool = True) -> tuple[Layout, Sequence[Text]] | None:
    """Where *obj* asks for something; None if it does not, or has been given it before.

    Args:
        is_new: Whether it is being made; else it is a run that goes on.
    """
    layout = layout_of(obj, is_new=is_new)
    if layout is None:
        return None
    if not is_new and not layout.is_definition:
        layout = layout.settled()
    found = expressions.find(obj, layout)
    if layout.asks:
        return layout, found
    if not found:
        return None
    # After the first time, what still looks like an expression is a literal or came out of a value.
    note = resolved_note.read(obj) if layout.annotated else None
    return None if note is not None and len(found) <= note.literals else (layout, found)


def refusal(analysis: Analysis) -> RefusedError:
    """The refusal that *analysis* comes to."""
    return _refused(analysis.findings)


def _refused(findings: Sequence[Finding]) -> RefusedError:
    problems = list(dict.fromkeys(str(finding) for finding in findings))
    if len(problems) > _MAX_PROBLEMS:
        problems[_MAX_PROBLEMS:] = [f"and {len(problems) - _MAX_PROBLEMS} more"]
    return RefusedError(problems)


def _audit(reports: Sequence[StepReport]) -> dict[str, str]:
    bindings = [
        f"{report.step.key}:{bound.selector.name}={'/'.join(filter(None, bound.chosen))}"
        for report in reports
        for bound in report.bounds
        if bound.resolution.binding
    ]
    return {"bindings": ", ".join(bindings)} if bindings else {}
