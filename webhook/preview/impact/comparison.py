"""One object, resolved by two registries: what is the same, and what is not. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.resolving.resolve import Binding
from registry.resolving.selectors import Consumer
from registry.resolving.view import View
from webhook.errors import RefusedError
from webhook.mutation import expansion, expressions
from webhook.mutation.analysis import Analysis, StepReport, analyse
from webhook.mutation.bound_selectors import BoundSelector, Variable
from webhook.mutation.env_plan import Fate
from webhook.mutation.mutate import mutate
from webhook.mutation.question import Question, ask
from webhook.mutation.sent_again import SentAgain, sent_again
from webhook.mutation.settings import Settings
from webhook.objects.patch import Op
from webhook.preview.impact.plan import Chosen, Difference, Outcome, Part, SelectorImpact, worst


@dataclass(frozen=True, slots=True)
class Decision:
    """What the webhook answers: a patch, or a refusal."""

    ops: tuple[Op, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Compares what one object would be given with the registry *before* and *after* a change.

    Shared credentials count as delivered: after a change, the controller delivers them in moments.
    """

    before: View
    after: View
    consumer: Consumer
    settings: Settings

    def part_of(self, obj: Mapping[str, Any], where: str = "", *, is_kept: bool = False) -> Part | None:
        """What becomes of *obj*, a run or a pod; None if it asks nothing and holds nothing.

        Args:
            where: The part of its creator that it comes of.
            is_kept: True if it is stored, and so is resolved only if it is sent again.
        """
        again = sent_again(obj)
        question = ask(again.obj if again else obj)
        if question is None:
            return self._kept(obj, again, where) if again and again.note else None
        before = self._analysis(question, self.before)
        after = before if self.after is self.before else self._analysis(question, self.after)
        pairs = list(_pairs(before, after))
        keeps = again is not None and not again.is_undone
        if not keeps and all(_same(one, other) for _, one, other in pairs):
            # The registry decides by nothing else, so both answers are the same.
            selectors = tuple(_impact(step, one, other, Outcome.UNCHANGED) for step, one, other in pairs)
            return Part(where, Outcome.UNCHANGED, selectors, is_kept, tuple(_problems(after)))
        decided, then = (self._decision(obj, view) for view in (self.before, self.after))
        outcome = _outcome(decided, then)
        if outcome is Outcome.UNCHANGED:
            selectors = tuple(_impact(step, one, other, outcome) for step, one, other in pairs)
            return Part(where, outcome, selectors, is_kept, then.problems)
        read = _Read.of(question)
        is_strict = self.settings.ambiguity == "refuse"
        reports = zip(before.reports, after.reports, strict=True)
        selectors = tuple(impact for pair in reports for impact in _impacts(*pair, read, is_strict=is_strict))
        if outcome is Outcome.VALUES:
            outcome = min(worst([s.outcome for s in selectors]), outcome, key=list(Outcome).index)
        return Part(where, outcome, selectors, is_kept, then.problems)

    def _kept(self, obj: Mapping[str, Any], again: SentAgain, where: str) -> Part:
        """A run that keeps what it was given even if it is sent again, if its sender may have that."""
        decided, then = (self._decision(obj, view) for view in (self.before, self.after))
        return Part(where, _outcome(decided, then), is_kept=True, problems=then.problems)

    def _analysis(self, question: Question, view: View) -> Analysis:
        return analyse(question, index=view, consumer=self.consumer, settings=self.settings)

    def _decision(self, obj: Mapping[str, Any], view: View) -> Decision:
        try:
            return Decision(mutate(obj, view, self.consumer, settings=self.settings).ops)
        except RefusedError as e:
            return Decision(problems=e.problems)


def _outcome(before: Decision, after: Decision) -> Outcome:
    if bool(before.problems) != bool(after.problems):
        return Outcome.REFUSED if after.problems else Outcome.RESOLVED
    return Outcome.UNCHANGED if before.ops == after.ops else Outcome.VALUES


def _problems(analysis: Analysis) -> Iterator[str]:
    yield from dict.fromkeys(map(str, analysis.findings))


def _pairs(before: Analysis, after: Analysis) -> Iterator[tuple[str, BoundSelector, BoundSelector]]:
    for one, other in zip(before.reports, after.reports, strict=True):
        for bound, bound_after in zip(one.bound_selectors, other.bound_selectors, strict=True):
            yield one.step.where, bound, bound_after


def _same(one: BoundSelector, other: BoundSelector) -> bool:
    before, after = one.resolution, other.resolution
    return before.binding == after.binding and before.rivals == after.rivals


def _impact(
    step: str, one: BoundSelector, other: BoundSelector, outcome: Outcome, differences: tuple[Difference, ...] = ()
) -> SelectorImpact:
    resolution = other.resolution
    rivals = () if one.resolution.rivals else resolution.rivals
    before, after = _chosen(one.resolution.binding), _chosen(resolution.binding)
    return SelectorImpact(step, one.selector, outcome, before, after, resolution.why, rivals, differences)


def _chosen(binding: Binding | None) -> Chosen | None:
    if binding is None:
        return None
    endpoint = f"{binding.endpoint.url} ({binding.endpoint.type})" if binding.endpoint else ""
    credentials = binding.credentials.id if binding.credentials else ""
    return Chosen(binding.namespace, binding.extension.id, binding.service.id, endpoint, credentials)


# An object that gets something else


@dataclass(frozen=True, slots=True)
class _Read:
    """The fields that the expressions of an object read, by the name of the selector."""

    fields: Mapping[str, tuple[tuple[str, str | None], ...]]

    @classmethod
    def of(cls, question: Question) -> "_Read":
        layout = question.layout
        texts = [*question.texts]
        texts += [text for step in layout.steps for _, text in expressions.of_annotations(step, layout)]
        found: dict[str, dict[tuple[str, str | None], None]] = {}
        for text in texts:
            try:
                template = expansion.parse(text, braces=layout.braces)
            except expansion.ExpansionError:
                continue  # It is refused with either registry.
            for expression in template.expressions:
                found.setdefault(expression.name, {})[expression.field, expression.key] = None
        return cls({name: tuple(fields) for name, fields in found.items()})


def _impacts(before: StepReport, after: StepReport, read: _Read, *, is_strict: bool) -> Iterator[SelectorImpact]:
    """What becomes of the selectors of a step; *is_strict* if those that mean several services are refused."""
    for one, other in zip(before.bound_selectors, after.bound_selectors, strict=True):
        name = one.selector.name
        given, given_after = (_given(report, name) for report in (before, after))
        differences = (*_of_variables(given, given_after), *_of_fields(one, other, read.fields.get(name, ())))
        outcome = _outcome_of_selector(one, other, bool(differences) or list(given) != list(given_after))
        if is_strict and bool(one.resolution.rivals) != bool(other.resolution.rivals):
            outcome = Outcome.REFUSED if other.resolution.rivals else Outcome.RESOLVED
        yield _impact(before.step.where, one, other, outcome, differences)


def _given(report: StepReport, selector: str) -> dict[str, Variable]:
    return {o.name: o.variable for o in report.plan.outcomes[selector] if o.fate is Fate.INJECTED}


def _outcome_of_selector(one: BoundSelector, other: BoundSelector, is_different: bool) -> Outcome:
    before, after = one.resolution.binding, other.resolution.binding
    if before is None or after is None:
        if before is after:
            return Outcome.UNCHANGED
        # Without one that is optional, the object can be resolved as well.
        return Outcome.SERVICE if one.selector.optional else Outcome.RESOLVED if after else Outcome.REFUSED
    if _service(before) != _service(after):
        return Outcome.SERVICE
    is_different = is_different or one.chosen != other.chosen or _endpoint_type(before) != _endpoint_type(after)
    return Outcome.VALUES if is_different else Outcome.UNCHANGED


def _service(binding: Binding) -> tuple[str, str, str]:
    return binding.namespace, binding.extension.id, binding.service.id


def _endpoint_type(binding: Binding) -> str:
    return binding.endpoint.type if binding.endpoint else ""


def _of_variables(before: Mapping[str, Variable], after: Mapping[str, Variable]) -> Iterator[Difference]:
    for name in dict.fromkeys((*before, *after)):
        one, other = before.get(name), after.get(name)
        if one is None or other is None or _value(one) != _value(other):
            yield _difference(name, one, other)


def _value(variable: Variable) -> tuple[Any, ...]:
    return variable.value, variable.secret, variable.is_credential


def _of_fields(
    one: BoundSelector, other: BoundSelector, read: Sequence[tuple[str, str | None]]
) -> Iterator[Difference]:
    for field, key in read:
        if key is None:
            before, after = one.fields.get(field), other.fields.get(field)
            if before != after:
                yield Difference(field, before is not None, after is not None, True, before=before, after=after)
            continue
        variable, variable_after = one.variables.get(key), other.variables.get(key)
        if variable is None or variable_after is None:
            if variable is not variable_after:
                yield _difference(f"cfg.{key}", variable, variable_after, is_field=True)
        elif _value(variable) != _value(variable_after):
            yield _difference(f"cfg.{key}", variable, variable_after, is_field=True)


def _difference(name: str, one: Variable | None, other: Variable | None, *, is_field: bool = False) -> Difference:
    is_credential = any(variable is not None and variable.is_credential for variable in (one, other))
    return Difference(name, one is not None, other is not None, is_field, is_credential, _shown(one), _shown(other))


def _shown(variable: Variable | None) -> str | None:
    """What may be shown of a value: all of it; of a credential's, where it is."""
    if variable is None or (variable.is_credential and variable.secret is None):
        return None
    return f"Secret {variable.secret.name}/{variable.secret.key}" if variable.secret else variable.value
