"""Where steps are in an Argo Workflow: templates of every type. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from webhook.adapters import annotation
from webhook.adapters.definitions import in_vain
from webhook.adapters.step import (
    Behind,
    Block,
    Engine,
    Kind,
    Layout,
    Pointer,
    Region,
    Step,
    as_map,
    behind,
    block_of,
    env_names,
    maps_in,
    name_of,
)

_SPEC: Pointer = ("spec",)
_ADVICE = "write it into a template that runs a container: templates[].extensions"
_NO_ENV = {
    "resource": "a resource template has no env",
    "data": "a data template has no env",
    "http": "an http template has no env",
    "plugin": "a plugin template has no env",
}


def workflow(obj: Mapping[str, Any]) -> Layout:
    """Find the steps of a Workflow's own templates."""
    spec = as_map(obj.get("spec"))
    return annotation.of_run(obj, _found(spec, _SPEC).layout())


def cron_workflow(obj: Mapping[str, Any]) -> Layout:
    """Find the steps of the Workflows that a CronWorkflow makes.

    It passes on annotations to them, and nothing that Argo does not know.
    """
    spec = as_map(obj.get("spec"))
    metadata = (*_SPEC, "workflowMetadata")
    passed_on = as_map(as_map(spec.get("workflowMetadata")).get("annotations"))
    advice = "write selectors into spec.workflowMetadata.annotations, for the Workflows that it makes"
    misplaced = annotation.unread(as_map(obj.get("metadata")), advice) + in_vain(obj, advice, read=metadata)
    if annotation.RUN_SELECTORS not in passed_on:
        regions = {_SPEC: Region("spec", ())}
        return Layout(Engine.ARGO, (), regions, tuple(misplaced), is_definition=True)
    finder = _found(as_map(spec.get("workflowSpec")), (*_SPEC, "workflowSpec"))
    layout = finder.layout()
    regions = {**layout.regions, metadata: Region("", kind=Kind.OPAQUE)}
    layout = replace(layout, regions=regions, misplaced=tuple(misplaced), is_definition=True)
    return annotation.attached(layout, passed_on, (*metadata, "annotations"))


def _found(spec: Mapping[str, Any], pointer: Pointer) -> "_Finder":
    """All that is in a Workflow's *spec*, which is at *pointer*."""
    finder = _Finder(as_map(spec.get("templateDefaults")), pointer)
    if "extensions" in spec:
        finder.misplaced.append(f"spec: 'extensions' is not read here; {_ADVICE}")
    if "workflowTemplateRef" in spec:
        finder.behind.append(behind("", "the run", "workflowTemplateRef", "write them into templates of the Workflow"))
    finder.unread(spec.get("workflowMetadata"), "spec.workflowMetadata")
    finder.unread(spec.get("podMetadata"), "spec.podMetadata")
    finder.unread(as_map(spec.get("templateDefaults")).get("metadata"), "templateDefaults.metadata")
    for i, template in maps_in(spec.get("templates")):
        own = (*pointer, "templates", i)
        finder.template(template, own, where=f"templates[{name_of(template, i)}]", key=name_of(template, i))
    finder.hooks(spec, where="spec")
    return finder


class _Finder:
    """Collects steps and regions on the way down."""

    def __init__(self, defaults: Mapping[str, Any], spec: Pointer) -> None:
        self._defaults = defaults
        self._defaults_at = (*spec, "templateDefaults")
        self._steps: list[Step] = []
        self._spare: list[Step] = []
        self._regions: dict[Pointer, Region] = {spec: Region("spec")}
        self.misplaced: list[str] = []
        self.behind: list[Behind] = []
        for kind in ("container", "script"):
            self._regions[(*self._defaults_at, kind)] = Region(f"templateDefaults.{kind}", kind=Kind.CONTAINER)

    def layout(self) -> Layout:
        used = {block.pointer for step in self._steps for block in step.blocks}
        for block in self._default_blocks("container") + self._default_blocks("script"):
            if block.pointer not in used:
                where = ".".join(str(part) for part in block.pointer[1:-1])
                self.misplaced.append(f"{where}: 'extensions' has no template here to be the default of")
        return Layout(
            Engine.ARGO,
            tuple(self._steps),
            self._regions,
            tuple(dict.fromkeys(self.misplaced)),
            spare=tuple(self._spare),
            behind=tuple(self.behind),
        )

    def _default_blocks(self, kind: str) -> tuple[Block, ...]:
        if not self._defaults:
            return ()
        of_kind = block_of(as_map(self._defaults.get(kind)), (*self._defaults_at, kind))
        return block_of(self._defaults, self._defaults_at) + of_kind

    def unread(self, metadata: object, where: str) -> None:
        """Note annotations of ours in the *metadata* of what is made by the run."""
        if metadata:
            messages = annotation.unread(as_map(metadata), "write it into metadata.annotations of the Workflow")
            self.misplaced += [f"{where}: {message}" for message in messages]

    def template(self, template: Mapping[str, Any], pointer: Pointer, *, where: str, key: str) -> None:
        shared = block_of(template, pointer)
        steps = [
            *self._main(template, pointer, shared, where=where, key=key),
            *self._users_own(template, pointer, where=where, key=key),
        ]
        # A template that only calls others passes on what the run gives it.
        self._regions[pointer] = Region(where, tuple(steps) or None)
        for step in steps:
            if step.env is not None:
                self._regions[step.pointer] = Region(step.where, (step,), Kind.CONTAINER)
        self._steps += steps
        if "annotations" in as_map(template.get("metadata")):
            self.unread(template["metadata"], f"{where}.metadata")
        if "annotations" in template:
            self.unread(template, where)
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
                    present=env_names(self._defaults.get(kind)),
                )
        container_set = as_map(template.get("containerSet"))
        for i, container in maps_in(container_set.get("containers")):
            own = (*pointer, "containerSet", "containers", i)
            yield Step(
                key=f"{key}/{name_of(container, i)}",
                where=f"{where}.containers[{name_of(container, i)}]",
                pointer=own,
                blocks=shared + block_of(container_set, (*pointer, "containerSet")) + block_of(container, own),
                env=(*own, "env"),
            )
        for kind in [kind for kind in _NO_ENV if kind in template]:
            step = Step(key, where, (*pointer, kind), shared, no_env=_NO_ENV[kind], beside=True)
            if shared:
                yield step
            else:
                self._spare.append(step)

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
                    beside=True,
                )

    def _calls(self, template: Mapping[str, Any], pointer: Pointer, *, where: str, key: str) -> None:
        """Templates written inline where others are called."""
        for called, call, name in _called(template):
            if "extensions" in called:
                self.misplaced.append(f"{where}.{name}: 'extensions' is not read here; {_ADVICE}")
            self._refer(called, where=f"{where}.{name}")
            self.hooks(called, where=f"{where}.{name}")
            inline = called.get("inline")
            if isinstance(inline, dict) and len(pointer) < 32:
                own = (*pointer, *call, "inline")
                self.template(inline, own, where=f"{where}.{name}.inline", key=f"{key}/{name_of(called, name)}")

    def hooks(self, part: Mapping[str, Any], *, where: str) -> None:
        """Templates that are called when *part* ends or gets into a state."""
        for name, hook in as_map(part.get("hooks")).items():
            self._refer(as_map(hook), where=f"{where}.hooks.{name}")

    def _refer(self, call: Mapping[str, Any], *, where: str) -> None:
        """Note if what is called is in another object."""
        reference = as_map(call.get("templateRef"))
        if reference:
            for key in dict.fromkeys((name_of(call, ""), str(reference.get("template")))):
                if key:
                    advice = "write them into a template of the Workflow"
                    self.behind.append(behind(key, where, "templateRef", advice))


def _called(template: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Pointer, str]]:
    for i, task in maps_in(as_map(template.get("dag")).get("tasks")):
        yield task, ("dag", "tasks", i), f"dag.tasks[{name_of(task, i)}]"
    steps = template.get("steps")
    for i, parallel in enumerate(steps if isinstance(steps, list) else ()):
        for j, step in maps_in(parallel):
            yield step, ("steps", i, j), f"steps[{name_of(step, f'{i}][{j}')}]"
