"""The pods that an object makes, as far as that can be told before: for ``preview`` and ``explain``. Pure."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from webhook.objects.walk import as_map
from webhook.preview.expected_pods import argo, tekton
from webhook.preview.expected_pods.expected import OWNER, Lookup, Made

_Maker = Callable[[Mapping[str, Any], Lookup], Iterator[Made]]


def _of_template(obj: Mapping[str, Any], lookup: Lookup) -> Iterator[Made]:
    yield _from(as_map(as_map(obj.get("spec")).get("template")))


def _of_cron_job(obj: Mapping[str, Any], lookup: Lookup) -> Iterator[Made]:
    job = as_map(as_map(as_map(obj.get("spec")).get("jobTemplate")).get("spec"))
    yield _from(as_map(job.get("template")))


def _from(template: Mapping[str, Any]) -> Made:
    metadata = {**as_map(template.get("metadata")), "ownerReferences": [OWNER]}
    return Made("pod template", {"apiVersion": "v1", "kind": "Pod", **template, "metadata": metadata})


_MAKERS: dict[str, _Maker] = {
    "PipelineRun": tekton.pipeline_run,
    "TaskRun": tekton.task_run,
    "Workflow": argo.workflow,
    "CronJob": _of_cron_job,
    **dict.fromkeys(
        ("Job", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController"), _of_template
    ),
}


def made_by(obj: Mapping[str, Any], lookup: Lookup) -> Iterator[Made]:
    """The pods that *obj*, as it has been admitted, makes and that ask, and what cannot be told of them."""
    maker = _MAKERS.get(str(obj.get("kind")))
    yield from (made for made in (maker(obj, lookup) if maker else ()) if made.asks or made.unknown)
