"""One module per engine: where an object keeps its steps. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

from webhook.adapters import argo, definitions, fuseml, tekton
from webhook.adapters.step import Layout

_Adapter = Callable[[Mapping[str, Any]], Layout | None]

_TEKTON: dict[str, _Adapter] = {
    "PipelineRun": tekton.pipeline_run,
    "TaskRun": tekton.task_run,
    "Pipeline": definitions.tekton,
    "Task": definitions.tekton,
}
_BY_API: dict[str, dict[str, _Adapter]] = {
    "tekton.dev/v1": _TEKTON,
    "tekton.dev/v1beta1": _TEKTON | {"StepAction": definitions.tekton},
    "argoproj.io/v1alpha1": {
        "Workflow": argo.workflow,
        "WorkflowTemplate": definitions.argo,
        "ClusterWorkflowTemplate": definitions.argo,
        "CronWorkflow": argo.cron_workflow,
    },
}


def layout_of(obj: Mapping[str, Any]) -> Layout | None:
    """Find the steps of *obj*; None for what cannot ask: another kind, or made by an engine's controller."""
    if fuseml.is_document(obj):
        return fuseml.workflow(obj)
    kinds = _BY_API.get(str(obj.get("apiVersion")))
    adapter = kinds.get(str(obj.get("kind"))) if kinds else None
    return adapter(obj) if adapter else definitions.other(obj)
