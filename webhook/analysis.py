"""All about one object: what each step asks for, gets and why, and the patch that gives it. Pure.

Findings are collected, not raised: ``mutate`` refuses an object that has any, ``explain`` shows them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from registry.index import Index
from registry.resolve import resolve
from registry.selectors import Consumer, Selector
from webhook import annotations, envplan, expansion, texts
from webhook.adapters.step import Layout, Pointer, Region, Step, env_names
from webhook.annotations import Resolved
from webhook.bindings import Bound, bind
from webhook.blocks import BlockReader, Finding
from webhook.envplan import Plan
from webhook.expansion import Expanded, ExpansionError, Scope
from webhook.patch import Op, add, at, remove, replace
from webhook.settings import Settings
from webhook.texts import Text

MAX_SELECTORS = 64
MAX_EXPRESSIONS = 1000


@dataclass(frozen=True, slots=True)
class StepReport:
    """What one step that asks gets."""

    step: Step
    bounds: tuple[Bound, ...]
    plan: Plan


@dataclass(slots=True)
class Analysis:
    """What becomes of an object. With *findings*, *ops* is empty: all of it or nothing.

    Attributes:
        uses: Each expression, with where it stands.
    """

    reports: tuple[StepReport, ...] = ()
    uses: list[tuple[str, str]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    ops: tuple[Op, ...] = ()


def analyse(
    obj: Mapping[str, Any],
    layout: Layout,
    found: Sequence[Text],
    *,
    index: Index,
    consumer: Consumer,
    settings: Settings,
) -> Analysis:
    """Work out what *obj*, whose steps and texts are given, asks for and gets."""
    return _Analyser(obj, layout, index, consumer, settings).run(found)


def asked(obj: Mapping[str, Any], layout: Layout, found: Iterable[Text]) -> str:
    """Digest of all in *obj* that determines what becomes of it, the registry apart."""
    steps = [
        [step.key, [b.content for b in step.blocks], at(obj, step.env) if step.env else None]
        for step in layout.steps
        if step.blocks
    ]
    return annotations.digest([steps, [[text.pointer, text.content] for text in found]])


class _Analyser:
    def __init__(
        self, obj: Mapping[str, Any], layout: Layout, index: Index, consumer: Consumer, settings: Settings
    ) -> None:
        self._obj = obj
        self._layout = layout
        self._index = index
        self._consumer = consumer
        self._settings = settings
        self._blocks = BlockReader(layout)
        self._result = Analysis(findings=self._blocks.findings)
        self._bounds: dict[Selector, Bound] = {}
        self._scopes: dict[int, Scope] = {}
        # What is put before the entries of each env list, by name.
        self._entries: dict[Pointer, dict[str, Mapping[str, Any]]] = {}
        self._replaced: dict[Pointer, Any] = {}

    def run(self, found: Sequence[Text]) -> Analysis:
        result = self._result
        result.reports = tuple(self._report(step) for step in self._layout.steps if step.blocks)
        # A selector that stands where none is read would be missed by every expression that uses it.
        for text in found if not self._layout.misplaced else ():
            self._expand(text)
        self._check_limits()
        result.warnings = list(dict.fromkeys(result.warnings))
        if not result.findings:
            result.ops = tuple(self._ops(found))
        return result

    def _check_limits(self) -> None:
        for count, limit, what in (
            (self._blocks.count, MAX_SELECTORS, "selectors"),
            (len(self._result.uses), MAX_EXPRESSIONS, "expressions"),
        ):
            if count > limit:
                self._find("", f"the object holds {count} {what}; {limit} are the limit")

    def _find(self, where: str, message: str, pointer: Pointer = ()) -> None:
        self._result.findings.append(Finding(where, message, pointer))

    def _report(self, step: Step) -> StepReport:
        bounds = tuple(self._bind(selector) for selector in self._blocks.selectors_of(step))
        for bound in bounds:
            self._judge(step, bound)
        env = at(self._obj, step.env) if step.env else None
        if bounds and env is not None and not isinstance(env, list):
            self._find(step.where, "'env' must be a list", step.env or ())
        own_names = env_names({"env": env})
        plan = envplan.plan(step, bounds, own_names, engine=self._layout.engine, settings=self._settings)
        for problem in plan.problems:
            self._find(step.where, problem, step.pointer)
        self._result.warnings += [f"{step.where}: {warning}" for warning in plan.warnings]
        if step.env and plan.entries:
            self._entries[step.env] = dict(plan.entries)
        return StepReport(step, bounds, plan)

    def _bind(self, selector: Selector) -> Bound:
        """The same object each time that the same is asked."""
        if selector not in self._bounds:
            self._bounds[selector] = bind(resolve(selector, self._index, self._consumer))
        return self._bounds[selector]

    def _judge(self, step: Step, bound: Bound) -> None:
        resolution = bound.resolution
        if resolution.binding is None:
            if not bound.selector.optional:
                self._blocks.refused.add(bound.selector.name)
                self._find(step.where, f"selector {bound.selector}: {resolution.why}", step.pointer)
        elif resolution.rivals:
            others = ", ".join(resolution.rivals[:3]) + (", …" if len(resolution.rivals) > 3 else "")
            chosen = "/".join(bound.chosen[:2])
            text = f"selector {bound.selector.name!r}: {chosen} chosen over {others}: {resolution.why}"
            if self._settings.ambiguity == "refuse":
                advice = "say more in the selector, or set default: true on a service"
                self._find(step.where, f"{text}; {advice}", step.pointer)
            else:
                self._result.warnings.append(f"{step.where}: {text}")

    def _expand(self, text: Text) -> None:
        try:
            template = expansion.parse(text, braces=self._layout.braces)
            self._result.uses += [(text.where, str(expression)) for expression in template.expressions]
            if len(self._result.uses) > MAX_EXPRESSIONS:
                return
            if any(expression.name in self._blocks.refused for expression in template.expressions):
                # The selector is complained about already; its expressions would only say it again.
                return
            expanded = expansion.expand(
                template,
                self._scope(text.region),
                place=text.place,
                engine=self._layout.engine,
                settings=self._settings,
            )
            self._note(text, expanded)
        except ExpansionError as e:
            self._find(text.where, str(e), text.pointer)

    def _scope(self, region: Region) -> Scope:
        """The selectors of a region; the same object for all of its strings."""
        if id(region) not in self._scopes:
            pointers = None if region.steps is None else {step.pointer for step in region.steps}
            self._scopes[id(region)] = Scope(
                (report.step.where, bound)
                for report in self._result.reports
                if pointers is None or report.step.pointer in pointers
                for bound in report.bounds
            )
        return self._scopes[id(region)]

    def _note(self, text: Text, expanded: Expanded) -> None:
        self._result.warnings += [f"{text.where}: {warning}" for warning in expanded.warnings]
        if expanded.secret is None:
            self._replaced[text.pointer] = expanded.content
        else:
            entry = text.pointer[:-1]
            self._replaced[entry] = envplan.by_reference(at(self._obj, (*entry, "name")), expanded.secret)
        env = text.pointer[:-2]
        for name, secret in expanded.private.items():
            entries = self._entries.setdefault(env, {})
            reference = envplan.by_reference(name, secret)
            taken = env_names({"env": at(self._obj, env)})
            if name in taken or entries.get(name, reference) != reference:
                raise ExpansionError(f"needs a variable {name!r} of its own, and there is another of that name")
            entries[name] = reference

    def _ops(self, found: Sequence[Text]) -> Iterable[Op]:
        """Replacements first: they count the items of env lists as they were."""
        yield from (replace(pointer, value) for pointer, value in self._replaced.items())
        for env, entries in self._entries.items():
            if isinstance(at(self._obj, env), list):
                yield from (add((*env, i), entry) for i, entry in enumerate(entries.values()))
            else:
                yield add(env, list(entries.values()))
        blocks = dict.fromkeys(block.pointer for step in self._layout.steps for block in step.blocks)
        yield from (remove(pointer) for pointer in blocks)
        if self._layout.annotated:
            yield annotations.write(self._obj, self._resolved(found))

    def _resolved(self, found: Sequence[Text]) -> Resolved:
        values = [entry.get("value") for entries in self._entries.values() for entry in entries.values()]
        literals = [
            value
            for value in (*self._replaced.values(), *values)
            if isinstance(value, str) and texts.looks_asking(value, self._layout)
        ]
        steps = {
            report.step.key: {bound.selector.name: _ids(bound, report.plan) for bound in report.bounds}
            for report in self._result.reports
            if report.bounds
        }
        return Resolved(asked(self._obj, self._layout, found), len(literals), steps)


def _ids(bound: Bound, plan: Plan) -> dict[str, Any]:
    """What a note says of one selector: ids and names, no values."""
    binding = bound.resolution.binding
    if binding is None:
        return {}
    ids: dict[str, Any] = {"extension": binding.extension.id, "service": binding.service.id}
    if binding.endpoint:
        ids["endpoint"] = binding.endpoint.type
    if binding.credentials:
        ids["credentials"] = binding.credentials.id
    injected = [o.name for o in plan.outcomes[bound.selector.name] if o.fate is envplan.Fate.INJECTED]
    return ids | ({"variables": injected} if injected else {})
