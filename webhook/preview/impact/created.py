"""What will be created of objects that are stored: the runs of definitions and schedules, the pods of workloads. Pure.

Nothing is resolved in a definition itself, but in the pods of the runs that refer to it. Here one run stands for all of
these.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import jsonpatch

from webhook.adapters import layout_of
from webhook.mutation.lifting import lift
from webhook.mutation.question import ask
from webhook.objects.walk import annotations_of, as_map, is_controlled, maps_in
from webhook.preview.expected_pods.expected import ExpectedPod, FindDefinition
from webhook.preview.expected_pods.kinds import expected_pods_of

RUNS: Final = frozenset({"PipelineRun", "TaskRun", "Workflow"})
_TEKTON: Final = "tekton.dev/v1"
_ARGO: Final = "argoproj.io/v1alpha1"
_ENDED: Final = frozenset({"Succeeded", "Failed", "Error"})


def is_made(obj: Mapping[str, Any]) -> bool:
    """True if a controller created *obj* for another object that asks in its place."""
    return is_controlled(obj) and layout_of(obj) is None


def has_ended(obj: Mapping[str, Any]) -> bool:
    """True for a run or a Job that creates no more pods."""
    status = as_map(obj.get("status"))
    if obj.get("kind") == "Workflow":
        return status.get("phase") in _ENDED
    conditions = {c.get("type"): c.get("status") for _, c in maps_in(status.get("conditions"))}
    if obj.get("kind") == "Job":
        return "True" in (conditions.get("Complete"), conditions.get("Failed"))
    return obj.get("kind") in RUNS and conditions.get("Succeeded") in ("True", "False")


def admitted(obj: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The definition *obj* as the webhook stores it, whatever is registered; None if it is refused."""
    question = ask(obj)
    if question is None:
        return obj
    findings, ops = lift(question)
    if findings:
        return None
    stored: Mapping[str, Any] = jsonpatch.apply_patch(obj, [dict(op) for op in ops]) if ops else obj
    return stored


def workflow_of(cron: Mapping[str, Any]) -> dict[str, Any]:
    """The Workflow that the CronWorkflow *cron* creates when it is due."""
    spec, metadata = as_map(cron.get("spec")), as_map(cron.get("metadata"))
    owner = {"apiVersion": _ARGO, "kind": "CronWorkflow", "name": metadata.get("name"), "controller": True}
    own = {
        "name": metadata.get("name"),
        "namespace": metadata.get("namespace"),
        "annotations": dict(annotations_of({"metadata": spec.get("workflowMetadata")})),
        "ownerReferences": [owner],
    }
    return {"apiVersion": _ARGO, "kind": "Workflow", "metadata": own, "spec": dict(as_map(spec.get("workflowSpec")))}


def pods_of_definition(definition: Mapping[str, Any], find: FindDefinition) -> Iterator[ExpectedPod]:
    """The pods of a run that refers to *definition*, and asks nothing itself.

    Args:
        find: Finds the definitions to which it refers itself.
    """
    run_of = _RUN_OF.get(str(definition.get("kind")))
    if run_of is None:
        return
    kind, name = str(definition["kind"]), str(as_map(definition.get("metadata")).get("name", ""))
    run = run_of(name)

    def found(other_kind: str, other_name: str, namespace: str) -> Mapping[str, Any] | None:
        is_own = (other_kind, other_name) == (kind, name) and not namespace
        return definition if is_own else find(other_kind, other_name, namespace)

    for expected in expected_pods_of(run, found):
        where = expected.where.removesuffix(f" ({kind} {name!r})")
        yield ExpectedPod("" if where == "taskRef" else where, expected.pod, expected.unknown)


def _run(api: str, kind: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": "run"}, "spec": spec}


_RUN_OF: Final[Mapping[str, Callable[[str], dict[str, Any]]]] = {
    "Pipeline": lambda name: _run(_TEKTON, "PipelineRun", {"pipelineRef": {"name": name}}),
    "Task": lambda name: _run(_TEKTON, "TaskRun", {"taskRef": {"name": name}}),
    "WorkflowTemplate": lambda name: _run(_ARGO, "Workflow", {"workflowTemplateRef": {"name": name}}),
    "ClusterWorkflowTemplate": lambda name: _run(
        _ARGO, "Workflow", {"workflowTemplateRef": {"name": name, "clusterScope": True}}
    ),
}
