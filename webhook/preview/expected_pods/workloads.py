"""The pod of a Job, Deployment or the like: its pod template. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.adapters.workloads import pod_of
from webhook.preview.expected_pods.expected import ExpectedPod, FindDefinition


def workload(obj: Mapping[str, Any], find: FindDefinition) -> Iterator[ExpectedPod]:
    """The pod of a Job, CronJob, Deployment, StatefulSet, DaemonSet, ReplicaSet or ReplicationController."""
    if (pod := pod_of(obj)) is not None:
        yield ExpectedPod("pod template", pod)
