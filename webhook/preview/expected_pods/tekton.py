"""The pods of Tekton's runs: one for each task, with the annotations that propagate to it. Pure.

Of annotations with the same key, the first of these wins: taskRunSpecs, run, Pipeline, taskSpec.metadata, Task.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from webhook.adapters import custom_tasks
from webhook.adapters.environment.sources import Source, source_of
from webhook.adapters.environment.tekton import of_pods, of_task_run_specs
from webhook.objects.walk import Pointer, annotations_of, as_map, maps_in, name_of
from webhook.preview.expected_pods.expected import Container, ExpectedPod, FindDefinition, container, missing, pod

# Tekton's default limit of pipelines within pipelines.
MAX_NESTED = 8


def pipeline_run(obj: Mapping[str, Any], find: FindDefinition) -> Iterator[ExpectedPod]:
    """The pods of a PipelineRun."""
    spec = as_map(obj.get("spec"))
    expectation = _Expectation(find, spec)
    name = name_of(as_map(obj.get("metadata")), "run")
    yield from expectation.pipeline(spec, annotations_of(obj), where="", run=name, depth=0, part=("spec",))


def task_run(obj: Mapping[str, Any], find: FindDefinition) -> Iterator[ExpectedPod]:
    """The pod of a TaskRun."""
    spec = as_map(obj.get("spec"))
    yield from _Expectation(find, spec).task(spec, annotations_of(obj), where="", labels={}, part=("spec",))


class _Expectation:
    """Follows a run to its tasks."""

    def __init__(self, find: FindDefinition, spec: Mapping[str, Any]) -> None:
        self._find = find
        self._of_pods = of_pods(spec)
        self._of_tasks = of_task_run_specs(spec)

    def pipeline(
        self,
        holder: Mapping[str, Any],
        annotations: Mapping[str, Any],
        *,
        where: str,
        run: str,
        depth: int,
        part: Pointer | None,
    ) -> Iterator[ExpectedPod]:
        """The pods of the pipelineSpec or pipelineRef in *holder*, which is at *part* of the run."""
        spec = as_map(holder.get("pipelineSpec"))
        within = None if part is None else (*part, "pipelineSpec")
        if "pipelineRef" in holder:
            found = self._definition(as_map(holder["pipelineRef"]), "Pipeline", where or "pipelineRef")
            if isinstance(found, ExpectedPod):
                yield found
                return
            spec, annotations = as_map(found.get("spec")), {**annotations_of(found), **annotations}
            within = None
        prefix = f"{where}." if where else ""
        for section in ("tasks", "finally"):
            for i, task in maps_in(spec.get(section)):
                name = name_of(task, i)
                own = None if within is None else (*within, section, i)
                place = f"{prefix}{section}[{name}]"
                if "pipelineRef" in task or "pipelineSpec" in task:
                    if depth >= MAX_NESTED:
                        yield ExpectedPod(place, unknown=f"pipelines in pipelines are followed {MAX_NESTED} deep only")
                    else:
                        inner = f"{run}-{name}"
                        yield from self.pipeline(task, annotations, where=place, run=inner, depth=depth + 1, part=own)
                else:
                    labels = {"tekton.dev/pipelineTask": name, "tekton.dev/pipelineRun": run}
                    yield from self.task(task, annotations, where=place, labels=labels, part=own)

    def task(
        self,
        holder: Mapping[str, Any],
        annotations: Mapping[str, Any],
        *,
        where: str,
        labels: Mapping[str, str],
        part: Pointer | None,
    ) -> Iterator[ExpectedPod]:
        """The pod of the taskSpec or taskRef in *holder*, which is at *part* of the run."""
        within = None if part is None or "taskRef" in holder else (*part, "taskSpec")
        spec = as_map(holder.get("taskSpec"))
        annotations = {**annotations_of(spec), **annotations}
        if "taskRef" in holder:
            reference = as_map(holder["taskRef"])
            if custom_tasks.is_custom(reference):
                yield from _custom(reference, where)
                return
            found = self._definition(reference, "Task", where or "taskRef")
            if isinstance(found, ExpectedPod):
                yield found
                return
            where = f"{where or 'taskRef'} (Task {name_of(as_map(found.get('metadata')), '?')!r})"
            spec, annotations = as_map(found.get("spec")), {**annotations_of(found), **annotations}
        elif custom_tasks.is_custom(spec):
            yield from _custom(spec, where)
            return
        sources = (*self._of_pods, *self._of_tasks.get(labels.get("tekton.dev/pipelineTask", ""), ()))
        containers, unknown = self._containers(spec, where or "taskSpec", sources)
        yield from unknown
        all_labels = {"tekton.dev/taskRun": "run", **labels}
        yield pod(where or "taskSpec", all_labels, annotations, containers, part=within)

    def _containers(
        self, spec: Mapping[str, Any], where: str, sources: Sequence[Source]
    ) -> tuple[list[Container], Sequence[ExpectedPod]]:
        shared = source_of(spec.get("stepTemplate"), "stepTemplate")
        containers, unknown = [], []
        for i, step in maps_in(spec.get("steps")):
            content = step
            if "ref" in step:
                found = self._definition(as_map(step["ref"]), "StepAction", f"{where}: steps[{name_of(step, i)}]")
                if isinstance(found, ExpectedPod):
                    unknown.append(found)
                else:
                    content = as_map(found.get("spec"))
            containers.append(container(f"step-{name_of(step, f'unnamed-{i}')}", content, (*shared, *sources)))
        for i, sidecar in maps_in(spec.get("sidecars")):
            containers.append(container(f"sidecar-{name_of(sidecar, i)}", sidecar, ()))
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


def _custom(task: Mapping[str, Any], where: str) -> Iterator[ExpectedPod]:
    """Tekton creates no pod for a custom task, but its own controller may."""
    if custom_tasks.passes_on(task):
        yield ExpectedPod(where, unknown=f"its pods are created by the controller of {task.get('kind')}")
