"""Where steps are in Tekton's runs: PipelineRun and TaskRun, v1 and v1beta1. Pure."""

from collections.abc import Mapping
from typing import Any

from webhook.adapters import annotation
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
_TASK_ADVICE = "write it into taskSpec.extensions (every step of the task) or taskSpec.steps[].extensions"
_REF = "a step with 'ref' takes no env"
_INLINE = "write them inline, as {}"


def pipeline_run(obj: Mapping[str, Any]) -> Layout | None:
    """Find the inline steps of a PipelineRun; None if a controller made it."""
    if _is_controlled(obj):
        return None
    spec = as_map(obj.get("spec"))
    finder = _Finder(_pod_env(spec, "podTemplate") | _pod_env(as_map(spec.get("taskRunTemplate")), "podTemplate"))
    finder.misplace(spec, "spec", _TASK_ADVICE)
    for i, task in maps_in(spec.get("taskRunSpecs")):
        finder.misplace(task, f"taskRunSpecs[{i}]", _TASK_ADVICE)
        finder.unread(task.get("metadata"), f"taskRunSpecs[{i}].metadata")
        names = _pod_env(task, "podTemplate") | _pod_env(task, "taskPodTemplate")
        finder.task_env[str(task.get("pipelineTaskName"))] = names
        for template in ("podTemplate", "taskPodTemplate"):
            finder.pod_template((*_SPEC, "taskRunSpecs", i, template), f"taskRunSpecs[{i}].{template}")
    finder.pod_template((*_SPEC, "podTemplate"), "podTemplate")
    finder.pod_template((*_SPEC, "taskRunTemplate", "podTemplate"), "taskRunTemplate.podTemplate")
    finder.pipeline(as_map(spec.get("pipelineSpec")), (*_SPEC, "pipelineSpec"), where="", key="")
    if "pipelineRef" in spec:
        finder.behind.append(behind("", "the run", "pipelineRef", _INLINE.format("pipelineSpec")))
    return annotation.of_run(obj, finder.layout())


def task_run(obj: Mapping[str, Any]) -> Layout | None:
    """Find the inline steps of a TaskRun; None if a controller made it."""
    if _is_controlled(obj):
        return None
    spec = as_map(obj.get("spec"))
    finder = _Finder(_pod_env(spec, "podTemplate"))
    finder.misplace(spec, "spec", _TASK_ADVICE)
    finder.pod_template((*_SPEC, "podTemplate"), "podTemplate")
    finder.task(as_map(spec.get("taskSpec")), (*_SPEC, "taskSpec"), where="", key="", present=finder.pod_env)
    if "taskRef" in spec:
        finder.behind.append(behind("", "the run", "taskRef", _INLINE.format("taskSpec")))
    return annotation.of_run(obj, finder.layout())


def _is_controlled(obj: Mapping[str, Any]) -> bool:
    """Whether Tekton's controller made it: then its text may come from a step's result, and nothing is ours."""
    owners = maps_in(as_map(obj.get("metadata")).get("ownerReferences"))
    return any(
        owner.get("controller") is True and str(owner.get("apiVersion", "")).startswith("tekton.dev/")
        for _, owner in owners
    )


def _pod_env(part: Mapping[str, Any], template: str) -> frozenset[str]:
    return env_names(part.get(template))


class _Finder:
    """Collects steps and regions on the way down."""

    def __init__(self, pod_env: frozenset[str]) -> None:
        self.pod_env = pod_env
        self.task_env: dict[str, frozenset[str]] = {}
        self._steps: list[Step] = []
        self._regions: dict[Pointer, Region] = {_SPEC: Region("spec")}
        self.misplaced: list[str] = []
        self.behind: list[Behind] = []

    def layout(self) -> Layout:
        return Layout(
            Engine.TEKTON, tuple(self._steps), self._regions, tuple(self.misplaced), behind=tuple(self.behind)
        )

    def misplace(self, part: Mapping[str, Any], where: str, advice: str) -> None:
        if "extensions" in part:
            self.misplaced.append(f"{where}: 'extensions' is not read here; {advice}")

    def unread(self, metadata: object, where: str) -> None:
        """Note annotations of ours in the *metadata* of what is made by the run."""
        if metadata:
            messages = annotation.unread(as_map(metadata), "write it into metadata.annotations of the run")
            self.misplaced += [f"{where}: {message}" for message in messages]

    def pod_template(self, pointer: Pointer, where: str) -> None:
        self._regions[pointer] = Region(where, kind=Kind.CONTAINER)

    def pipeline(self, spec: Mapping[str, Any], pointer: Pointer, *, where: str, key: str) -> None:
        self.misplace(spec, f"{where}pipelineSpec", _TASK_ADVICE)
        for section in ("tasks", "finally"):
            for i, task in maps_in(spec.get(section)):
                name = name_of(task, i)
                own = (*pointer, section, i)
                self._pipeline_task(task, own, where=f"{where}{section}[{name}]", key=f"{key}{name}/")

    def _pipeline_task(self, task: Mapping[str, Any], pointer: Pointer, *, where: str, key: str) -> None:
        first = len(self._steps)
        task_spec = as_map(task.get("taskSpec"))
        if "taskRef" in task or "pipelineRef" in task:
            self.misplace(task, where, "the steps of a task behind a reference are not in this object")
            self._refer(task, where=where, key=key.removesuffix("/"))
        else:
            self.misplace(task, where, _TASK_ADVICE)
        if "pipelineSpec" in task:
            nested = as_map(task["pipelineSpec"])
            self.pipeline(nested, (*pointer, "pipelineSpec"), where=f"{where}.", key=key)
        elif task_spec.get("apiVersion"):
            # A custom task: what it means is known only to its own controller.
            self._regions[(*pointer, "taskSpec", "spec")] = Region(where, kind=Kind.OPAQUE)
            self.behind.append(_custom(key.removesuffix("/"), where))
        else:
            present = self.pod_env | self.task_env.get(name_of(task, ""), frozenset())
            self.task(task_spec, (*pointer, "taskSpec"), where=f"{where}.", key=key, present=present)
        steps = tuple(self._steps[first:])
        # Without inline steps of its own, what a task is given comes from the run's selectors.
        self._regions[pointer] = Region(where, steps or None)

    def _refer(self, task: Mapping[str, Any], *, where: str, key: str) -> None:
        """Note that the steps of *task* are in another object."""
        kind, spec = ("taskRef", "taskSpec") if "taskRef" in task else ("pipelineRef", "pipelineSpec")
        version = str(as_map(task.get(kind)).get("apiVersion") or "tekton.dev/")
        if version.startswith("tekton.dev/"):
            self.behind.append(behind(key, where, kind, _INLINE.format(spec)))
        else:
            self.behind.append(_custom(key, where))

    def task(self, spec: Mapping[str, Any], pointer: Pointer, *, where: str, key: str, present: frozenset[str]) -> None:
        shared = block_of(spec, pointer)
        self.unread(spec.get("metadata"), f"{where}taskSpec.metadata")
        template = as_map(spec.get("stepTemplate"))
        if template:
            self.misplace(template, f"{where}stepTemplate", _TASK_ADVICE)
            present |= env_names(template)
        steps = [
            self._step(step, (*pointer, "steps", i), shared, where=where, key=key, number=i, present=present)
            for i, step in maps_in(spec.get("steps"))
        ]
        if shared and not steps:
            self.misplaced.append(f"{where}taskSpec: 'extensions' is not read here; the task has no steps")
        sidecars = [
            _sidecar(sidecar, (*pointer, "sidecars", i), where=where, key=key, number=i)
            for i, sidecar in maps_in(spec.get("sidecars"))
        ]
        for sidecar in sidecars:
            self._regions[sidecar.pointer] = Region(sidecar.where, (sidecar, *steps), Kind.CONTAINER)
        self._steps += steps + sidecars
        if template:
            self._regions[(*pointer, "stepTemplate")] = Region(f"{where}stepTemplate", tuple(steps), Kind.CONTAINER)
        self._regions[pointer] = Region(f"{where}taskSpec", tuple(steps) or None)

    def _step(
        self,
        content: Mapping[str, Any],
        pointer: Pointer,
        shared: tuple[Block, ...],
        *,
        where: str,
        key: str,
        number: int,
        present: frozenset[str],
    ) -> Step:
        name = name_of(content, "")
        where = f"{where}steps[{name or number}]"
        key += name or f"unnamed-{number}"
        blocks = shared + block_of(content, pointer)
        if "ref" in content:
            step = Step(key, where, pointer, blocks, None, _REF)
            # What it is given are parameters of its StepAction.
            self._regions[pointer] = Region(where, (step,))
        else:
            step = Step(key, where, pointer, blocks, (*pointer, "env"), "", present)
            self._regions[pointer] = Region(where, (step,), Kind.CONTAINER)
        return step


def _sidecar(content: Mapping[str, Any], pointer: Pointer, *, where: str, key: str, number: int) -> Step:
    return Step(
        key=f"{key}sidecar-{name_of(content, number)}",
        where=f"{where}sidecars[{name_of(content, number)}]",
        pointer=pointer,
        blocks=block_of(content, pointer),
        env=(*pointer, "env"),
        beside=True,
    )


def _custom(key: str, where: str) -> Behind:
    return Behind(key, f"{where} is a custom task, which has no steps", "leave it out", is_meant=False)
