"""One module per engine: where an object keeps its steps. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

from webhook.adapters import argo, foreign, fuseml, patches, pod, tekton, tekton_definitions, workloads
from webhook.adapters.annotations import levels
from webhook.adapters.layout import Layout

_Adapter = Callable[[Mapping[str, Any]], Layout | None]

_TEKTON: dict[str, _Adapter] = {
    "PipelineRun": tekton.pipeline_run,
    "TaskRun": tekton.task_run,
    "Pipeline": tekton_definitions.pipeline,
    "Task": tekton_definitions.task,
}
_BY_API: dict[str, dict[str, _Adapter]] = {
    "tekton.dev/v1": _TEKTON,
    "tekton.dev/v1beta1": _TEKTON | {"StepAction": tekton_definitions.step_action},
    "tekton.dev/v1alpha1": {"StepAction": tekton_definitions.step_action},
    "argoproj.io/v1alpha1": {
        "Workflow": argo.workflow,
        "WorkflowTemplate": argo.workflow_template,
        "ClusterWorkflowTemplate": argo.workflow_template,
        "CronWorkflow": argo.cron_workflow,
    },
    "v1": {"Pod": pod.pod, "ReplicationController": workloads.with_pods},
    "apps/v1": dict.fromkeys(("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"), workloads.with_pods),
    "batch/v1": {"Job": workloads.with_pods, "CronJob": workloads.cron_job},
}
# The kinds that may ask.
KINDS = frozenset(kind for kinds in _BY_API.values() for kind in kinds)
_RUNS = frozenset({"PipelineRun", "TaskRun", "Workflow"})


def layout_of(obj: Mapping[str, Any], *, is_new: bool = True) -> Layout | None:
    """Find the steps of *obj*; None for what cannot ask: another kind, or made by an engine's controller.

    Args:
        is_new: True if it is being created; False if it is a run that goes on.
    """
    if fuseml.is_document(obj):
        return fuseml.workflow(obj)
    kinds = _BY_API.get(str(obj.get("apiVersion")))
    adapter = kinds.get(str(obj.get("kind"))) if kinds else None
    if adapter is None:
        return foreign.other(obj, is_read, is_strict=bool(read_versions(obj)))
    layout = adapter(obj)
    if layout and obj["kind"] in _RUNS:
        layout = levels.with_run_annotations(obj, layout, is_new=is_new)
    return patches.without_steps(obj, layout) if layout and patches.is_patch(obj) else layout


def is_read(obj: Mapping[str, Any]) -> bool:
    """True if *obj* is of a kind and version that is read."""
    return str(obj.get("kind")) in _BY_API.get(str(obj.get("apiVersion")), ())


def read_versions(obj: Mapping[str, Any]) -> list[str]:
    """The apiVersions in which the kind of *obj* is read, if its own is none of these; else none."""
    version, kind = str(obj.get("apiVersion")), str(obj.get("kind"))
    if kind in _BY_API.get(version, ()):
        return []
    group = version.rpartition("/")[0]
    return [api for api, kinds in _BY_API.items() if group and api.rpartition("/")[0] == group and kind in kinds]
