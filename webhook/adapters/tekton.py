"""Where steps are in Tekton's runs: PipelineRun and TaskRun, v1 and v1beta1. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from webhook.adapters import custom_tasks
from webhook.adapters.annotations.levels import PodMetadata, with_pod_metadata
from webhook.adapters.annotations.names import RUN_SELECTORS, unread
from webhook.adapters.environment.sources import Source, source_of, without_env_from
from webhook.adapters.environment.tekton import POD_TEMPLATES, of_pods, of_task_run_specs
from webhook.adapters.layout import Definition, Finding, Layout, ReferencedSteps, referenced_steps
from webhook.adapters.step import Block, Engine, Kind, Level, Region, Step, block_of
from webhook.objects.walk import Pointer, as_map, is_controlled, maps_in, name_of

_GROUP = "tekton.dev/"
_SPEC: Pointer = ("spec",)
_HANDOVER_AT: Pointer = ("metadata", "annotations", RUN_SELECTORS)
_TASK_ADVICE = "write it into taskSpec.extensions (every step of the task) or taskSpec.steps[].extensions"
_RUN_ADVICE = "write it into metadata.annotations of the run"


def pipeline_run(obj: Mapping[str, Any]) -> Layout | None:
    """Find the inline steps of a PipelineRun; None if a controller created it."""
    if is_controlled(obj, _GROUP):  # Its text may come from a step's result, and is not for us to expand.
        return None
    spec = as_map(obj.get("spec"))
    finder = Finder(of_pods(spec), of_task_run_specs(spec))
    finder.misplace(spec, "spec", _TASK_ADVICE)
    for i, task in maps_in(spec.get("taskRunSpecs")):
        finder.misplace(task, f"taskRunSpecs[{i}]", _TASK_ADVICE)
        messages = unread(as_map(task.get("metadata")), _RUN_ADVICE)
        finder.misplaced += [f"taskRunSpecs[{i}].metadata: {message}" for message in messages]
        for template in POD_TEMPLATES:
            finder.pod_template((*_SPEC, "taskRunSpecs", i, template), f"taskRunSpecs[{i}].{template}")
    finder.pod_template((*_SPEC, "podTemplate"), "podTemplate")
    finder.pod_template((*_SPEC, "taskRunTemplate", "podTemplate"), "taskRunTemplate.podTemplate")
    finder.pipeline(as_map(spec.get("pipelineSpec")), (*_SPEC, "pipelineSpec"), where="", key="", title="pipelineSpec")
    if "pipelineRef" in spec:
        # The keys of its steps begin with its tasks' names, whatever they are.
        finder.referenced.append(referenced_steps("", "the run", "pipelineRef"))
    return replace(finder.layout(), handover_at=_HANDOVER_AT)


def task_run(obj: Mapping[str, Any]) -> Layout | None:
    """Find the inline steps of a TaskRun; None if a controller created it."""
    if is_controlled(obj, _GROUP):  # Its text may come from a step's result, and is not for us to expand.
        return None
    spec = as_map(obj.get("spec"))
    finder = Finder(of_pods(spec))
    finder.misplace(spec, "spec", _TASK_ADVICE)
    finder.pod_template((*_SPEC, "podTemplate"), "podTemplate")
    task_spec = as_map(spec.get("taskSpec"))
    finder.task(task_spec, (*_SPEC, "taskSpec"), where="", key="", title="taskSpec", elsewhere=finder.of_pods)
    if "taskRef" in spec:
        finder.referenced.append(referenced_steps("", "the run", "taskRef"))
    return replace(finder.layout(), handover_at=_HANDOVER_AT)


class Finder:
    """Collects steps and regions on the way down."""

    def __init__(
        self, of_pods: tuple[Source, ...] = (), of_tasks: Mapping[str, tuple[Source, ...]] = MappingProxyType({})
    ) -> None:
        self.of_pods = of_pods
        self._of_tasks = of_tasks
        self._steps: list[Step] = []
        self._regions: dict[Pointer, Region] = {_SPEC: Region("spec")}
        self.misplaced: list[str] = []
        self.referenced: list[ReferencedSteps] = []
        self._pod_metadata: list[PodMetadata] = []
        self._warnings: list[Finding] = []

    def layout(self, definition: Definition | None = None) -> Layout:
        """All that was found."""
        layout = Layout(
            Engine.TEKTON,
            tuple(self._steps),
            self._regions,
            tuple(self.misplaced),
            referenced=tuple(self.referenced),
            definition=definition,
            warnings=tuple(self._warnings),
        )
        return with_pod_metadata(layout, self._pod_metadata)

    def misplace(self, part: Mapping[str, Any], where: str, advice: str) -> None:
        """Note a block in *part*, where none is read."""
        if "extensions" in part:
            self.misplaced.append(f"{where}: 'extensions' is not read here; {advice}")

    def pod_template(self, pointer: Pointer, where: str) -> None:
        """Note that a pod template is at *pointer*."""
        self._regions[pointer] = Region(where, kind=Kind.CONTAINER)

    def pipeline(self, spec: Mapping[str, Any], pointer: Pointer, *, where: str, key: str, title: str) -> None:
        """All tasks of the pipeline *spec*, which is called *title*."""
        self.misplace(spec, f"{where}{title}", _TASK_ADVICE)
        for section in ("tasks", "finally"):
            for i, task in maps_in(spec.get(section)):
                name = name_of(task, i)
                own = (*pointer, section, i)
                self._pipeline_task(task, own, where=f"{where}{section}[{name}]", key=f"{key}{name}/")

    def _pipeline_task(self, task: Mapping[str, Any], pointer: Pointer, *, where: str, key: str) -> None:
        first = len(self._steps)
        task_spec = as_map(task.get("taskSpec"))
        if "taskRef" in task or "pipelineRef" in task:
            self.misplace(task, where, "the steps of a referenced task are not in this object")
            self._refer(task, where=where, key=key.removesuffix("/"))
        else:
            self.misplace(task, where, _TASK_ADVICE)
        if "pipelineSpec" in task:
            nested = as_map(task["pipelineSpec"])
            self.pipeline(nested, (*pointer, "pipelineSpec"), where=f"{where}.", key=key, title="pipelineSpec")
        elif custom_tasks.is_custom(task_spec):
            # A custom task: what it means is known only to its own controller.
            self._regions[(*pointer, "taskSpec", "spec")] = Region(where, kind=Kind.OPAQUE)
            self.referenced.append(custom_tasks.steps_of(task_spec, key.removesuffix("/"), where))
            self.misplaced += custom_tasks.misplaced_in(task_spec, f"{where}.taskSpec")
            self._warnings += custom_tasks.warnings_about(task_spec, (*pointer, "taskSpec"), f"{where}.taskSpec")
        else:
            elsewhere = (*self.of_pods, *self._of_tasks.get(name_of(task, ""), ()))
            own = (*pointer, "taskSpec")
            metadata_at = (*own, "metadata")
            steps = self.task(
                task_spec,
                own,
                where=f"{where}.",
                key=key,
                title="taskSpec",
                elsewhere=elsewhere,
                metadata_at=metadata_at,
            )
            metadata = as_map(task_spec.get("metadata"))
            if "annotations" in metadata:
                self._pod_metadata.append(PodMetadata(metadata, metadata_at, f"{where}.taskSpec.metadata", steps))
        # A task without inline steps uses the run's selectors.
        self._regions[pointer] = Region(where, tuple(self._steps[first:]) or None)

    def _refer(self, task: Mapping[str, Any], *, where: str, key: str) -> None:
        """Note that the steps of *task* are in another object."""
        kind = "taskRef" if "taskRef" in task else "pipelineRef"
        reference = as_map(task.get(kind))
        if custom_tasks.is_custom(reference):
            self.referenced.append(custom_tasks.steps_of(reference, key, where))
        else:
            self.referenced.append(referenced_steps(key, where, kind))

    def task(
        self,
        spec: Mapping[str, Any],
        pointer: Pointer,
        *,
        where: str,
        key: str,
        title: str,
        elsewhere: tuple[Source, ...] = (),
        metadata_at: Pointer | None = None,
    ) -> list[Step]:
        """All steps of the task *spec*, which is called *title*."""
        shared = block_of(spec, pointer, Level.TASK)
        template = as_map(spec.get("stepTemplate"))
        if template:
            self.misplace(template, f"{where}stepTemplate", _TASK_ADVICE)
            elsewhere = (*source_of(template, "stepTemplate"), *elsewhere)
        steps = [
            self._step(step, (*pointer, "steps", i), shared, where=where, key=key, number=i, elsewhere=elsewhere)
            for i, step in maps_in(spec.get("steps"))
        ]
        if shared and not steps:
            self.misplaced.append(f"{where}{title}: 'extensions' is not read here; the task has no steps")
        sidecars = [
            _sidecar(sidecar, (*pointer, "sidecars", i), where=where, key=key, number=i)
            for i, sidecar in maps_in(spec.get("sidecars"))
        ]
        for sidecar in sidecars:
            self._regions[sidecar.pointer] = Region(sidecar.where, (sidecar, *steps), Kind.CONTAINER)
        found = (
            [step._replace(metadata_at=metadata_at) for step in steps + sidecars] if metadata_at else steps + sidecars
        )
        self._steps += found
        if template:
            self._regions[(*pointer, "stepTemplate")] = Region(f"{where}stepTemplate", tuple(steps), Kind.CONTAINER)
        self._regions[pointer] = Region(f"{where}{title}", tuple(steps) or None)
        return found

    def _step(
        self,
        content: Mapping[str, Any],
        pointer: Pointer,
        shared: tuple[Block, ...],
        *,
        where: str,
        key: str,
        number: int,
        elsewhere: tuple[Source, ...],
    ) -> Step:
        name = name_of(content, "")
        where = f"{where}steps[{name or number}]"
        key_in_home = name or f"unnamed-{number}"
        key += key_in_home
        blocks = shared + block_of(content, pointer)
        if "ref" in content:
            # A step with a reference takes no env; its container in the pod does.
            step = Step(key, where, pointer, blocks, by_reference=True, key_in_home=key_in_home)
            # Its other fields are parameters of its StepAction.
            self._regions[pointer] = Region(where, (step,))
        else:
            if "envFrom" in content:
                elsewhere = without_env_from(elsewhere)
            step = Step(key, where, pointer, blocks, (*pointer, "env"), elsewhere=elsewhere, key_in_home=key_in_home)
            self._regions[pointer] = Region(where, (step,), Kind.CONTAINER)
        return step


def _sidecar(content: Mapping[str, Any], pointer: Pointer, *, where: str, key: str, number: int) -> Step:
    key_in_home = f"sidecar-{name_of(content, number)}"
    return Step(
        key=f"{key}{key_in_home}",
        where=f"{where}sidecars[{name_of(content, number)}]",
        pointer=pointer,
        blocks=block_of(content, pointer),
        env=(*pointer, "env"),
        only_if_named=True,
        key_in_home=key_in_home,
    )
