"""Where steps are in an Argo Workflow: templates of every type. Pure."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from webhook.adapters.annotations.levels import PodMetadata, with_pod_metadata, with_propagated
from webhook.adapters.annotations.names import PIPELINE_SELECTORS, PREFIX, RUN_SELECTORS, TASK_SELECTORS, unread
from webhook.adapters.annotations.reader import with_annotation
from webhook.adapters.annotations.step_keys import Keys
from webhook.adapters.environment.argo import Environment
from webhook.adapters.layout import Annotation, Annotations, Definition, Layout, ReferencedSteps, referenced_steps
from webhook.adapters.step import Block, Engine, Kind, Level, Region, Step, block_of
from webhook.objects import manifests
from webhook.objects.walk import Pointer, as_map, maps_in, name_of

_SPEC: Pointer = ("spec",)
_HANDOVER_AT: Pointer = ("spec", "podMetadata", "annotations", RUN_SELECTORS)
_ADVICE = "write it into a template that runs a container: templates[].extensions"
NO_ENV = {
    "resource": "a resource template has no env",
    "data": "a data template has no env",
    "http": "an http template has no container",
    "plugin": "a plugin template has no container",
}
# Each template that is written inline is read within those around it.
MAX_INLINE: Final = 8
_RUN_ADVICE = "write it into metadata.annotations of the Workflow"
_TEMPLATE_ADVICE = f"write {TASK_SELECTORS} into templates[].metadata.annotations"


def workflow(obj: Mapping[str, Any]) -> Layout:
    """Find the steps of a Workflow's own templates."""
    spec = as_map(obj.get("spec"))
    finder = _found(spec, _SPEC)
    pod_metadata = as_map(spec.get("podMetadata"))
    finder.unread(pod_metadata, "spec.podMetadata", _RUN_ADVICE, read=(RUN_SELECTORS,))
    layout = with_propagated(
        finder.layout(), as_map(pod_metadata.get("annotations")), _HANDOVER_AT, where="spec.podMetadata"
    )
    return replace(_checked(layout), handover_at=_HANDOVER_AT)


def workflow_template(obj: Mapping[str, Any]) -> Layout:
    """Find the steps of a WorkflowTemplate or ClusterWorkflowTemplate."""
    spec = as_map(obj.get("spec"))
    finder = _found(spec, _SPEC)
    finder.unread(spec.get("podMetadata"), "spec.podMetadata", _TEMPLATE_ADVICE)
    return _of_definition(obj, finder, _SPEC)


def cron_workflow(obj: Mapping[str, Any]) -> Layout:
    """Find the steps of the Workflows that a CronWorkflow makes."""
    spec = as_map(obj.get("spec"))
    inner = as_map(spec.get("workflowSpec"))
    finder = _found(inner, (*_SPEC, "workflowSpec"))
    finder.unread(inner.get("podMetadata"), "spec.workflowSpec.podMetadata", _TEMPLATE_ADVICE)
    metadata = as_map(spec.get("workflowMetadata"))
    advice = f"here it is {RUN_SELECTORS}, for the Workflows that it makes"
    finder.unread(metadata, "spec.workflowMetadata", advice, read=(RUN_SELECTORS,))
    layout = _of_definition(obj, finder, (*_SPEC, "workflowSpec"))
    pointer = (*_SPEC, "workflowMetadata", "annotations", RUN_SELECTORS)
    keys = Keys(layout.own_steps, pointer, referenced=layout.referenced)
    annotations = as_map(metadata.get("annotations"))
    regions = {**layout.regions, (*_SPEC, "workflowMetadata"): Region("", kind=Kind.OPAQUE)}
    definition = Definition(is_expanded=RUN_SELECTORS in annotations, shares_in=(*_SPEC, "workflowSpec"))
    layout = replace(layout, regions=regions, definition=definition)
    return with_annotation(layout, annotations, pointer, keys, where="spec.workflowMetadata", resolved_here=False)


def _of_definition(obj: Mapping[str, Any], finder: "_Finder", spec: Pointer) -> Layout:
    metadata = as_map(obj.get("metadata"))
    found = finder.layout(Definition(shares_in=spec))
    misplaced = unread(metadata, f"on a {obj.get('kind')} it is {PIPELINE_SELECTORS}", read=(PIPELINE_SELECTORS,))
    layout = replace(found, misplaced=(*misplaced, *found.misplaced))
    pointer = ("metadata", "annotations", PIPELINE_SELECTORS)
    referenced = [_in_definition(there) for there in layout.referenced]
    keys = Keys(layout.own_steps, pointer, referenced=referenced)
    annotations = as_map(metadata.get("annotations"))
    return _checked(with_annotation(layout, annotations, pointer, keys, resolved_here=False))


def _in_definition(there: ReferencedSteps) -> ReferencedSteps:
    """What an annotation of a definition can say of these steps: nothing of it propagates but its own templates."""
    advice = f"there, {_TEMPLATE_ADVICE}"
    return there._replace(advice=there.advice or advice, unreached=f"{advice}, or {RUN_SELECTORS} on the Workflow")


def _checked(layout: Layout) -> Layout:
    """Refuse '{{' in annotations within a spec: Argo would expand it, and a step's output could ask for services."""
    message = "holds '{{', which Argo would expand; write the variable into the step's own env"
    held = (a for a in layout.annotations.read if _holds_braces(a))
    problems = tuple(annotation.finding(annotation.pointer, message) for annotation in held)
    return replace(layout, annotations=layout.annotations + Annotations(problems=problems))


def _holds_braces(annotation: Annotation) -> bool:
    # After a backslash, YAML has other ways to write it; what is moved or shared is written again.
    text = annotation.text
    return "{{" in text or ("\\" in text and "{{" in manifests.dump(annotation.content))


def _found(spec: Mapping[str, Any], pointer: Pointer) -> "_Finder":
    """All that is in a Workflow's *spec*, which is at *pointer*."""
    defaults = as_map(spec.get("templateDefaults"))
    finder = _Finder(defaults, pointer, spec.get("podMetadata"), Environment(spec))
    if "extensions" in spec:
        finder.misplaced.append(f"spec: 'extensions' is not read here; {_ADVICE}")
    if "workflowTemplateRef" in spec:
        finder.referenced.append(referenced_steps("", "the run", "workflowTemplateRef"))
    if pointer == _SPEC:
        finder.unread(spec.get("workflowMetadata"), "spec.workflowMetadata", _RUN_ADVICE)
    finder.unread(defaults.get("metadata"), "templateDefaults.metadata", _TEMPLATE_ADVICE)
    for section in ("initContainers", "sidecars"):
        for i, container in maps_in(defaults.get(section)):
            if "extensions" in container:
                finder.misplaced.append(f"templateDefaults.{section}[{i}]: 'extensions' is not read here; {_ADVICE}")
    for i, template in maps_in(spec.get("templates")):
        own = (*pointer, "templates", i)
        finder.template(template, own, where=f"templates[{name_of(template, i)}]", key=name_of(template, i))
    finder.hooks(spec, where="spec")
    finder.calls_by_default()
    return finder


class _Finder:
    """Collects steps and regions on the way down."""

    def __init__(
        self, defaults: Mapping[str, Any], spec: Pointer, pod_metadata: object, environment: Environment
    ) -> None:
        self._environment = environment
        self._defaults = defaults
        self._defaults_at = (*spec, "templateDefaults")
        self._steps: list[Step] = []
        self._nameable_only: list[Step] = []
        self._regions: dict[Pointer, Region] = {spec: Region("spec")}
        self.misplaced: list[str] = []
        self.referenced: list[ReferencedSteps] = []
        self._pod_metadata: list[PodMetadata] = []
        # Argo's controller copies these into the Workflow's templates when it looks up a template elsewhere.
        self._copied = as_map(as_map(pod_metadata).get("annotations"))
        for kind in ("container", "script"):
            self._regions[(*self._defaults_at, kind)] = Region(f"templateDefaults.{kind}", kind=Kind.CONTAINER)

    def layout(self, definition: Definition | None = None) -> Layout:
        used = {block.pointer for step in self._steps for block in step.blocks}
        for block in self._default_blocks("container") + self._default_blocks("script"):
            if block.pointer not in used:
                where = ".".join(str(part) for part in block.pointer[1:-1])
                self.misplaced.append(f"{where}: 'extensions' has no template here to be the default of")
        layout = Layout(
            Engine.ARGO,
            tuple(self._steps),
            self._regions,
            tuple(dict.fromkeys(self.misplaced)),
            nameable_only=tuple(self._nameable_only),
            referenced=tuple(self.referenced),
            definition=definition,
        )
        return with_pod_metadata(layout, self._pod_metadata)

    def _default_blocks(self, kind: str) -> tuple[Block, ...]:
        if not self._defaults:
            return ()
        of_kind = block_of(as_map(self._defaults.get(kind)), (*self._defaults_at, kind), Level.DEFAULT)
        return block_of(self._defaults, self._defaults_at, Level.DEFAULT) + of_kind

    def unread(self, metadata: object, where: str, advice: str, *, read: Collection[str] = ()) -> None:
        """Note annotations of ours that are not *read* in *metadata*, which is that of what the run creates."""
        if metadata:
            self.misplaced += [f"{where}: {message}" for message in unread(as_map(metadata), advice, read=read)]

    def template(self, template: Mapping[str, Any], pointer: Pointer, *, where: str, key: str) -> None:
        shared = block_of(template, pointer, Level.TASK)
        metadata_at = (*pointer, "metadata")
        nameable_only = len(self._nameable_only)
        steps = [
            *self._main(template, pointer, shared, where=where, key=key),
            *self._users_own(template, pointer, where=where, key=key),
        ]
        steps = [step._replace(metadata_at=metadata_at) for step in steps]
        steps = [step if step.env is None else self._with_environment(step, template, pointer) for step in steps]
        # A template that only calls others passes on the run's selectors.
        self._regions[pointer] = Region(where, tuple(steps) or None)
        for step in steps:
            if step.pointer[-1] not in NO_ENV:
                self._regions[step.pointer] = Region(step.where, (step,), Kind.CONTAINER)
        self._steps += steps
        if "annotations" in as_map(template.get("metadata")):
            named = [*steps, *self._nameable_only[nameable_only:]]
            self._pod_metadata.append(
                PodMetadata(template["metadata"], metadata_at, f"{where}.metadata", named, True, self._copied)
            )
        if "annotations" in template:
            self.unread(template, where, "write it into metadata.annotations of the template")
        if shared and not any(b in step.blocks for step in steps for b in shared):
            self.misplaced.append(f"{where}: 'extensions' is not read here; {_ADVICE}")
        self._calls(template, pointer, where=where, key=key)

    def _main(
        self,
        template: Mapping[str, Any],
        pointer: Pointer,
        shared: tuple[Block, ...],
        *,
        where: str,
        key: str,
    ) -> Iterator[Step]:
        for kind in ("container", "script"):
            if isinstance(template.get(kind), dict):
                own = (*pointer, kind)
                yield Step(
                    key=key,
                    where=where,
                    pointer=own,
                    blocks=self._default_blocks(kind) + shared + block_of(template[kind], own),
                    env=(*own, "env"),
                    key_in_home="main",
                )
        container_set = as_map(template.get("containerSet"))
        if "extensions" in container_set and not any(maps_in(container_set.get("containers"))):
            self.misplaced.append(f"{where}.containerSet: 'extensions' is not read here; it has no containers")
        for i, container in maps_in(container_set.get("containers")):
            own = (*pointer, "containerSet", "containers", i)
            yield Step(
                key=f"{key}/{name_of(container, i)}",
                where=f"{where}.containers[{name_of(container, i)}]",
                pointer=own,
                blocks=shared
                + block_of(container_set, (*pointer, "containerSet"), Level.TASK)
                + block_of(container, own),
                env=(*own, "env"),
                key_in_home=name_of(container, i),
            )
        for kind in [kind for kind in NO_ENV if kind in template]:
            step = Step(
                key, where, (*pointer, kind), shared, no_env=NO_ENV[kind], only_if_named=True, key_in_home="main"
            )
            if shared:
                yield step
            else:
                self._nameable_only.append(step)

    def _users_own(self, template: Mapping[str, Any], pointer: Pointer, *, where: str, key: str) -> Iterator[Step]:
        for section, prefix in (("initContainers", "init"), ("sidecars", "sidecar")):
            for i, container in maps_in(template.get(section)):
                own = (*pointer, section, i)
                yield Step(
                    key=f"{key}/{prefix}-{name_of(container, i)}",
                    where=f"{where}.{section}[{name_of(container, i)}]",
                    pointer=own,
                    blocks=block_of(container, own),
                    env=(*own, "env"),
                    only_if_named=True,
                    key_in_home=f"{prefix}-{name_of(container, i)}",
                )

    def _with_environment(self, step: Step, template: Mapping[str, Any], pointer: Pointer) -> Step:
        """*step* with what is set for it in other places."""
        elsewhere = self._environment.of(template, step.pointer[len(pointer) :], step.key_in_home)
        if not elsewhere:
            return step
        replacing = next((source.where for source in elsewhere if source.replaces_all), "")
        if replacing:
            return step._replace(elsewhere=elsewhere, env=None, no_env=f"{replacing} replaces all of its variables")
        return step._replace(elsewhere=elsewhere)

    def _calls(self, template: Mapping[str, Any], pointer: Pointer, *, where: str, key: str) -> None:
        """Add the templates that are written inline where others are called."""
        for called, call, name in _called(template):
            if "extensions" in called:
                self.misplaced.append(f"{where}.{name}: 'extensions' is not read here; {_ADVICE}")
            self._refer(called, where=f"{where}.{name}")
            self.hooks(called, where=f"{where}.{name}")
            inline = called.get("inline")
            if not isinstance(inline, dict):
                continue
            own, place = (*pointer, *call, "inline"), f"{where}.{name}.inline"
            if own.count("inline") <= MAX_INLINE:
                self.template(inline, own, where=place, key=f"{key}/{name_of(called, name)}")
                continue
            limit = f"templates are written inline in each other {MAX_INLINE} deep at most"
            if _may_ask(inline):
                self.misplaced.append(f"{place}: {limit}; give it a name in spec.templates")
            self.referenced.append(_unnamed(f"{key}/{name_of(called, name)}", f"{place}: {limit}"))

    def calls_by_default(self) -> None:
        """Note the templates that every template calls that does not say itself which."""
        for called, _, name in _called(self._defaults):
            self._refer(called, where=f"templateDefaults.{name}")
            self.hooks(called, where=f"templateDefaults.{name}")

    def hooks(self, part: Mapping[str, Any], *, where: str) -> None:
        """Note the templates that are called when *part* ends or reaches a state."""
        for name, hook in as_map(part.get("hooks")).items():
            self._refer(as_map(hook), where=f"{where}.hooks.{name}")

    def _refer(self, call: Mapping[str, Any], *, where: str) -> None:
        """Note a call of a template in another object."""
        reference = as_map(call.get("templateRef"))
        if not reference:
            return
        template, name = str(reference.get("template")), name_of(call, "")
        if "{{" in template:
            there = _unnamed(template, f"the template that {where} calls is computed ({template[:63]!r})")
        else:
            # It may call others, of this object or of more, and no pod says which template has called its own.
            there = referenced_steps(template, where, "templateRef")._replace(is_open=True)
        self.referenced.append(there)
        if name and name != template:
            advice = there.advice or f"name them by their template, {template!r}"
            self.referenced.append(there._replace(key=name, advice=advice))


def _unnamed(key: str, why: str) -> ReferencedSteps:
    return ReferencedSteps(key, why, "only '*' names its steps", is_open=True)


def _may_ask(template: Mapping[str, Any]) -> bool:
    """True if *template*, which is not read, might ask for something."""
    text = json.dumps(template, default=str)
    return '"extensions"' in text or PREFIX in text or "<<" in text


def _called(template: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Pointer, str]]:
    for i, task in maps_in(as_map(template.get("dag")).get("tasks")):
        yield task, ("dag", "tasks", i), f"dag.tasks[{name_of(task, i)}]"
    steps = template.get("steps")
    for i, parallel in enumerate(steps if isinstance(steps, list) else ()):
        for j, step in maps_in(parallel):
            yield step, ("steps", i, j), f"steps[{name_of(step, f'{i}][{j}')}]"
