"""The pod of a Job, Deployment or the like: its pod template. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.objects.walk import as_map
from webhook.preview.expected_pods.expected import OWNER, ExpectedPod, FindDefinition


def workload(obj: Mapping[str, Any], find: FindDefinition) -> Iterator[ExpectedPod]:
    """The pod of a Job, Deployment, StatefulSet, DaemonSet, ReplicaSet or ReplicationController."""
    yield _from_template(as_map(obj.get("spec")))


def cron_job(obj: Mapping[str, Any], find: FindDefinition) -> Iterator[ExpectedPod]:
    """The pod of a CronJob's Jobs."""
    yield _from_template(as_map(as_map(as_map(obj.get("spec")).get("jobTemplate")).get("spec")))


def _from_template(spec: Mapping[str, Any]) -> ExpectedPod:
    template = as_map(spec.get("template"))
    metadata = {**as_map(template.get("metadata")), "ownerReferences": [OWNER]}
    return ExpectedPod("pod template", {"apiVersion": "v1", "kind": "Pod", **template, "metadata": metadata})
