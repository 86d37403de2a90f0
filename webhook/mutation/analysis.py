"""All about one object: what each step asks for, gets and why, and the patch that gives it. Pure.

Findings are collected, not raised: ``mutate`` refuses an object that has any, ``explain`` shows them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import renderer
from registry.delivery.ledger import Ledger
from registry.resolving.resolve import resolve
from registry.resolving.selectors import Consumer, Selector
from registry.resolving.view import View
from webhook.adapters.layout import Finding, Remark
from webhook.adapters.step import Engine, Region, Step
from webhook.errors import Reason
from webhook.mutation import (
    env_plan,
    expansion,
    expressions,
    handover,
    limits,
    missing_project,
    unknown_names,
    unread_variables,
)
from webhook.mutation.bound_selectors import BoundSelector, bind
from webhook.mutation.checks import finding_at
from webhook.mutation.edits import Edits
from webhook.mutation.env_plan import Plan
from webhook.mutation.expansion import Expanded, ExpansionError, Scope
from webhook.mutation.expressions import TextWithExpressions
from webhook.mutation.note import resolved, writing
from webhook.mutation.note.resolved import Resolved
from webhook.mutation.note.writing import Chosen
from webhook.mutation.question import Question
from webhook.mutation.selector_blocks import BlockReader, Replacement
from webhook.mutation.settings import Settings
from webhook.objects.patch import Op
from webhook.objects.walk import Pointer, at, env_names

# An API server may cut what is longer than 120 characters.
_TOO_LONG = f"too much for a note of {resolved.MAX_BYTES // 1024} KiB: sent again, it would keep the values it gets now"


@dataclass(frozen=True, slots=True)
class StepReport:
    """What one step that asks gets.

    Attributes:
        annotation_env: The names of the variables that annotations set for it.
        replacements: By name, the selectors that replace others of the same name.
    """

    step: Step
    bound_selectors: tuple[BoundSelector, ...]
    plan: Plan
    annotation_env: tuple[str, ...] = ()
    replacements: Mapping[str, Replacement] = field(default_factory=dict)


@dataclass(slots=True)
class Analysis:
    """What becomes of an object. With *findings*, *ops* is empty: all of it or nothing.

    Attributes:
        uses: Each expression, with where it stands.
        waits_for: The names of the Secrets that it needs and that are not there yet.
    """

    reports: tuple[StepReport, ...] = ()
    uses: list[tuple[str, str]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    ops: tuple[Op, ...] = ()
    waits_for: set[str] = field(default_factory=set)


def analyse(
    question: Question, *, index: View, consumer: Consumer, settings: Settings, delivered: Ledger | None = None
) -> Analysis:
    """Work out what the object asks for and gets.

    Args:
        delivered: The shared credentials that are in the consumer's namespace; None = not checked.
    """
    return _Analyser(question, index, consumer, settings, delivered).run()


class _Analyser:
    def __init__(
        self, question: Question, index: View, consumer: Consumer, settings: Settings, delivered: Ledger | None
    ) -> None:
        self._question = question
        self._obj = question.obj
        self._layout = question.layout
        self._index = index
        self._consumer = consumer
        self._settings = settings
        self._delivered = delivered
        self._blocks = BlockReader(question.layout)
        warnings: list[str] = [Remark.of(warning) for warning in question.layout.warnings]
        self._result = Analysis(findings=self._blocks.findings, warnings=warnings)
        self._bound: dict[tuple[Selector, Consumer], BoundSelector] = {}
        self._scopes: dict[int, Scope] = {}
        self._shared_scopes: dict[tuple[int, ...], Scope] = {}
        self._by_pointer: dict[Pointer, list[StepReport]] = {}
        self._edits = Edits(question.obj)
        # Values of an annotation that cannot be expanded; several steps may get the same.
        self._complained: set[Pointer] = set()

    def run(self) -> Analysis:
        result = self._result
        asking = [step for step in self._layout.steps if step.asks]
        if too_many := list(limits.too_many_steps(asking)):
            result.findings += too_many
            return result
        result.reports = tuple(self._report(step) for step in asking)
        # Selectors that are not read would be missed by every expression that uses them.
        if not self._layout.is_misread:
            for report in result.reports:
                self._set_variables(report)
            for text in self._question.texts:
                self._expand(text, partial(self._edits.replace, text))
            result.findings += handover.findings(self._question)
        result.findings += limits.too_many_selectors(self._blocks.count)
        result.findings += limits.too_many_expressions(len(result.uses))
        result.warnings = list(dict.fromkeys(result.warnings))
        if not result.findings:
            edits = tuple(self._edits.ops())
            is_noted = self._layout.annotated and (edits or handover.removed(self._layout))
            note = self._noted() if is_noted else ""
            result.ops = (*edits, *handover.ops(self._question, note))
        return result

    def _find(self, where: str, message: str, pointer: Pointer = (), *, reason: Reason) -> None:
        self._result.findings.append(Finding(where, message, pointer, reason=reason))

    def _warn(self, where: str, message: str, pointer: Pointer) -> None:
        self._result.warnings.append(Remark(f"{where}: {message}" if where else message, pointer))

    def _report(self, step: Step) -> StepReport:
        asked = self._blocks.asked_of(step)
        bound_selectors = tuple(self._bind(one.selector, step) for one in asked)
        for bound in bound_selectors:
            self._judge(step, bound)
        env = at(self._obj, step.env) if step.env else None
        if (bound_selectors or step.annotation_env) and env is not None and not isinstance(env, list):
            self._find(step.where, "'env' must be a list", step.env or (), reason=Reason.FORMAT)
        taken = env_names({"env": env}) | step.set_elsewhere
        from_annotations = tuple(variable.name for variable in step.annotation_env if variable.name not in taken)
        own_names = env_names({"env": env}).union(from_annotations)
        plan = env_plan.plan(step, bound_selectors, own_names, engine=self._engine(step), settings=self._settings)
        for problem in plan.problems:
            pointer = self._blocks.pointer_of(problem.selector, step)
            self._find(step.where, problem.message, pointer, reason=problem.reason)
        self._result.waits_for |= plan.waits_for
        for warning in plan.warnings:
            self._warn(step.where, warning.message, self._blocks.pointer_of(warning.selector, step))
        given = [*plan.entries, *from_annotations]
        for text in unread_variables.warnings(self._obj, step, given):
            self._warn(step.where, text, step.pointer)
        if step.env and plan.entries:
            self._edits.put(step.env, plan.entries)
        replacements = {one.selector.name: self._blocks.replacement(one) for one in asked if one.replaced}
        return StepReport(step, bound_selectors, plan, from_annotations, replacements)

    def _engine(self, step: Step) -> Engine:
        """Who reads the values of *step* before its process does."""
        return Engine.KUBERNETES if step.by_reference else self._layout.engine

    def _bind(self, selector: Selector, step: Step) -> BoundSelector:
        """*selector* with its resolution; the same object for the same selector and consumer."""
        consumer = self._question.asking(self._consumer, step)
        key = selector, consumer
        if key not in self._bound:
            self._bound[key] = bind(resolve(selector, self._index, consumer), consumer.namespace, self._delivered)
        return self._bound[key]

    def _judge(self, step: Step, bound: BoundSelector) -> None:
        resolution = bound.resolution
        if resolution.binding is not None and not resolution.rivals and not resolution.lacks_project:
            return
        pointer = self._blocks.pointer_of(bound.selector.name, step)
        if resolution.binding is None:
            if not bound.selector.optional:
                self._blocks.refused.add(bound.selector.name)
                remedy = missing_project.remedy(self._consumer, self._settings) if resolution.lacks_project else ""
                message = f"selector {bound.selector}: {resolution.why}{remedy}"
                self._find(step.where, message, pointer, reason=Reason.NO_MATCH)
            return
        if resolution.lacks_project:
            self._warn("", missing_project.warning(step, bound.selector, self._settings), pointer)
        if resolution.rivals:
            others = ", ".join(resolution.rivals[:3]) + (", …" if len(resolution.rivals) > 3 else "")
            chosen = "/".join(bound.chosen[:2])
            text = f"selector {bound.selector.name!r}: {chosen} chosen over {others}: {resolution.why}"
            if self._settings.ambiguity == "refuse":
                advice = "say more in the selector, or set default: true on a service"
                self._find(step.where, f"{text}; {advice}", pointer, reason=Reason.AMBIGUOUS)
            else:
                self._warn(step.where, text, pointer)

    def _set_variables(self, report: StepReport) -> None:
        """Put the annotations' variables before the step's own; those that the step sets itself are kept."""
        step = report.step
        for variable, text in expressions.of_annotations(step, self._layout):
            if step.by_reference:
                self._expand(text, _only_check, Engine.KUBERNETES)
            elif variable.name in report.annotation_env:
                self._expand(text, partial(self._edits.set, step.env or (), variable.name))
            else:
                self._warn(step.where, f"its own {variable.name!r} is kept, not the annotation's", variable.pointer)

    def _expand(
        self,
        text: TextWithExpressions,
        put: Callable[[renderer.Template, Expanded], None],
        engine: Engine | None = None,
    ) -> None:
        if text.pointer in self._complained:
            return
        try:
            template = expansion.parse(text, braces=self._layout.braces)
            self._result.uses += [(text.where, str(expression)) for expression in template.expressions]
            if len(self._result.uses) > limits.MAX_EXPRESSIONS:
                return
            if any(expression.name in self._blocks.refused for expression in template.expressions):
                # The selector is refused already; its expressions would only repeat that.
                return
            scope = self._scope(text.region)
            for expression in template.expressions:
                if expression.name not in scope.names:
                    raise ExpansionError(self._unknown(expression, scope))
            expanded = expansion.expand(
                template,
                scope,
                place=text.place,
                engine=engine or self._layout.engine,
                settings=self._settings,
            )
            for warning in expanded.warnings:
                self._warn(text.where, warning, text.pointer)
            put(template, expanded)
        except ExpansionError as e:
            self._complain(text, e)

    def _unknown(self, expression: renderer.Expression, scope: Scope) -> str:
        named = (r.step.where for r in self._result.reports if expression.name in r.plan.outcomes)
        return unknown_names.message(expression, scope.names, named, self._layout)

    def _complain(self, text: TextWithExpressions, error: ExpansionError) -> None:
        self._complained.add(text.pointer)
        if not error.waits_for:
            self._result.findings.append(finding_at(self._layout, text, str(error)))
        elif error.waits_for not in self._result.waits_for:
            # What is not there is reported once: when it comes, all that needs it is well.
            self._result.findings.append(finding_at(self._layout, text, str(error), Reason.UNDELIVERED))
            self._result.waits_for.add(error.waits_for)

    def _scope(self, region: Region) -> Scope:
        """The selectors of a region; the same object for all of its strings."""
        if id(region) not in self._scopes:
            self._scopes[id(region)] = self._scope_of(self._reports_in(region))
        return self._scopes[id(region)]

    def _scope_of(self, reports: Sequence[StepReport]) -> Scope:
        """The selectors of these; the same object for single steps with the same selectors."""
        bound_selectors = [(report.step.where, bound) for report in reports for bound in report.bound_selectors]
        if len(reports) != 1:
            return Scope(bound_selectors)
        key = tuple(id(bound) for _, bound in bound_selectors)
        if key not in self._shared_scopes:
            self._shared_scopes[key] = Scope(bound_selectors)
        return self._shared_scopes[key]

    def _reports_in(self, region: Region) -> Sequence[StepReport]:
        if region.steps is None:
            return self._result.reports
        if len(region.steps) == 1:
            return self._reports_at(region.steps[0].pointer)
        pointers = {step.pointer for step in region.steps}
        return [report for report in self._result.reports if report.step.pointer in pointers]

    def _reports_at(self, pointer: Pointer) -> Sequence[StepReport]:
        if not self._by_pointer:
            for report in self._result.reports:
                self._by_pointer.setdefault(report.step.pointer, []).append(report)
        return self._by_pointer.get(pointer, ())

    def _noted(self) -> str:
        """The text of the note."""
        text, note = writing.within_bounds(self._note())
        if note.short:
            self._result.warnings.append(_TOO_LONG)
        return text

    def _note(self) -> Resolved:
        layout = self._layout
        asking = layout.annotations
        chosen = {report.step.pointer: _chosen(report) for report in self._result.reports if report.bound_selectors}
        writer = writing.Writer(self._obj, layout, chosen)
        return Resolved(
            asked=self._question.digest,
            annotation=resolved.digest(asking.asking_content) if asking.resolved_here else "",
            literals=self._edits.literals(layout),
            kind=str(self._obj.get("kind")),
            given=writer.given(self._edits.put_entries),
            texts=writer.texts(self._edits.replaced),
            taken=writer.taken(handover.removed(layout)),
            handover=handover.digest(layout),
        )


def _only_check(_: renderer.Template, __: Expanded) -> None:
    """Put it nowhere: it is expanded to check that it can be, and its pod receives it later."""


def _chosen(report: StepReport) -> Chosen:
    bound_selectors = report.bound_selectors
    # What comes of selectors depends, besides them, on names that the step has: those of annotations are put in, too.
    key = (*map(id, bound_selectors), *report.annotation_env)
    return Chosen(key, lambda: {bound.selector.name: _ids(bound, report.plan) for bound in bound_selectors})


def _ids(bound: BoundSelector, plan: Plan) -> dict[str, Any]:
    """What a note says of one selector: ids and names, no values."""
    binding = bound.resolution.binding
    if binding is None:
        return {}
    ids: dict[str, Any] = {"extension": binding.extension.id, "service": binding.service.id}
    if binding.endpoint:
        ids["endpoint"] = binding.endpoint.type
    if binding.credentials:
        ids["credentials"] = binding.credentials.id
    injected = [o.name for o in plan.outcomes[bound.selector.name] if o.fate is env_plan.Fate.INJECTED]
    return ids | ({"variables": injected} if injected else {})
