"""Which kinds of objects create pods, and how to expect them. Pure."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from webhook.preview.expected_pods import argo, tekton, workloads
from webhook.preview.expected_pods.expected import ExpectedPod, FindDefinition

_WORKLOADS = ("Job", "CronJob", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController")
_BY_KIND: dict[str, Callable[[Mapping[str, Any], FindDefinition], Iterator[ExpectedPod]]] = {
    "PipelineRun": tekton.pipeline_run,
    "TaskRun": tekton.task_run,
    "Workflow": argo.workflow,
    **dict.fromkeys(_WORKLOADS, workloads.workload),
}


def expected_pods_of(obj: Mapping[str, Any], find: FindDefinition) -> Iterator[ExpectedPod]:
    """The pods that the admitted *obj* creates: those that ask, and those that cannot be predicted."""
    pods_of_kind = _BY_KIND.get(str(obj.get("kind")))
    if pods_of_kind is not None:
        yield from (expected for expected in pods_of_kind(obj, find) if expected.asks or expected.unknown)
