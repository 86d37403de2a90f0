"""The pods of Tekton's runs: one for each task, with the annotations that propagate to it. Pure.

Of annotations with the same key, the first of these wins: taskRunSpecs, run, Pipeline, taskSpec.metadata, Task.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from webhook.objects.walk import annotations_of, as_map, maps_in, name_of
from webhook.preview.expected_pods.expected import ExpectedPod, FindDefinition, missing, pod

# Tekton's default limit of pipelines within pipelines.
_MAX_NESTED = 8


def pipeline_run(obj: Mapping[str, Any], find: FindDefinition) -> Iterator[ExpectedPod]:
    """The pods of a PipelineRun."""
    spec = as_map(obj.get("spec"))
    expectation = _Expectation(find, spec)
    name = name_of(as_map(obj.get("metadata")), "run")
    yield from expectation.pipeline(spec, annotations_of(obj), where="", run=name, depth=0)


def task_run(obj: Mapping[str, Any], find: FindDefinition) -> Iterator[ExpectedPod]:
    """The pod of a TaskRun."""
    spec = as_map(obj.get("spec"))
    yield from _Expectation(find, spec).task(spec, annotations_of(obj), where="", labels={})


class _Expectation:
    """Follows a run to its tasks."""

    def __init__(self, find: FindDefinition, spec: Mapping[str, Any]) -> None:
        self._find = find
        # The run's podTemplate applies to all of its pods, and its variables win.
        template = as_map(as_map(spec.get("taskRunTemplate")).get("podTemplate")) or as_map(spec.get("podTemplate"))
        self._env = [dict(entry) for _, entry in maps_in(template.get("env"))]

    def pipeline(
        self, holder: Mapping[str, Any], annotations: Mapping[str, Any], *, where: str, run: str, depth: int
    ) -> Iterator[ExpectedPod]:
        """The pods of the pipelineSpec or pipelineRef in *holder*."""
        spec = as_map(holder.get("pipelineSpec"))
        if "pipelineRef" in holder:
            found = self._definition(as_map(holder["pipelineRef"]), "Pipeline", where or "pipelineRef")
            if isinstance(found, ExpectedPod):
                yield found
                return
            spec, annotations = as_map(found.get("spec")), {**annotations_of(found), **annotations}
        prefix = f"{where}." if where else ""
        for section in ("tasks", "finally"):
            for i, task in maps_in(spec.get(section)):
                name = name_of(task, i)
                place = f"{prefix}{section}[{name}]"
                if "pipelineRef" in task or "pipelineSpec" in task:
                    if depth < _MAX_NESTED:
                        inner = f"{run}-{name}"
                        yield from self.pipeline(task, annotations, where=place, run=inner, depth=depth + 1)
                else:
                    labels = {"tekton.dev/pipelineTask": name, "tekton.dev/pipelineRun": run}
                    yield from self.task(task, annotations, where=place, labels=labels)

    def task(
        self, holder: Mapping[str, Any], annotations: Mapping[str, Any], *, where: str, labels: Mapping[str, str]
    ) -> Iterator[ExpectedPod]:
        """The pod of the taskSpec or taskRef in *holder*."""
        spec = as_map(holder.get("taskSpec"))
        annotations = {**annotations_of(spec), **annotations}
        if "taskRef" in holder:
            reference = as_map(holder["taskRef"])
            if not str(reference.get("apiVersion") or "tekton.dev/").startswith("tekton.dev/"):
                return  # Tekton creates no pod for a custom task.
            found = self._definition(reference, "Task", where or "taskRef")
            if isinstance(found, ExpectedPod):
                yield found
                return
            where = f"{where or 'taskRef'} (Task {name_of(as_map(found.get('metadata')), '?')!r})"
            spec, annotations = as_map(found.get("spec")), {**annotations_of(found), **annotations}
        elif spec.get("apiVersion"):
            return
        containers, unknown = self._containers(spec, where or "taskSpec")
        yield from unknown
        yield pod(where or "taskSpec", {"tekton.dev/taskRun": "run", **labels}, annotations, containers)

    def _containers(self, spec: Mapping[str, Any], where: str) -> tuple[list[dict[str, Any]], Sequence[ExpectedPod]]:
        shared = [dict(entry) for _, entry in maps_in(as_map(spec.get("stepTemplate")).get("env"))]
        containers, unknown = [], []
        for i, step in maps_in(spec.get("steps")):
            content = step
            if "ref" in step:
                found = self._definition(as_map(step["ref"]), "StepAction", f"{where}: steps[{name_of(step, i)}]")
                if isinstance(found, ExpectedPod):
                    unknown.append(found)
                else:
                    content = as_map(found.get("spec"))
            env = [dict(entry) for _, entry in maps_in(content.get("env"))]
            own = {entry.get("name") for entry in env}
            env = [entry for entry in shared if entry.get("name") not in own] + env + self._env
            containers.append({"name": f"step-{name_of(step, f'unnamed-{i}')}", "env": env})
        for i, sidecar in maps_in(spec.get("sidecars")):
            env = [dict(entry) for _, entry in maps_in(sidecar.get("env"))]
            containers.append({"name": f"sidecar-{name_of(sidecar, i)}", "env": env})
        return containers, unknown

    def _definition(self, reference: Mapping[str, Any], kind: str, where: str) -> Mapping[str, Any] | ExpectedPod:
        """The definition that *reference* names; an unknown pod if it is not found."""
        name, namespace = str(reference.get("name", "")), ""
        if resolver := reference.get("resolver"):
            params = {p.get("name"): str(p.get("value")) for _, p in maps_in(reference.get("params"))}
            if resolver != "cluster":
                message = (
                    f"what Tekton's resolver {str(resolver)[:63]!r} fetches is unknown; only 'cluster' is followed"
                )
                return ExpectedPod(where, unknown=message)
            name, namespace = params.get("name", ""), params.get("namespace", "")
        found = self._find(kind, name, namespace)
        return missing(where, kind, name) if found is None else found
