"""Kubernetes' own objects that create pods: what their pod templates ask for propagates to the pods. Pure."""

from collections.abc import Mapping
from typing import Any

from webhook.adapters.annotations.levels import with_propagated
from webhook.adapters.annotations.names import POD_SELECTORS, PREFIX, unread
from webhook.adapters.annotations.step_keys import Keys
from webhook.adapters.layout import Definition, Layout
from webhook.adapters.pod import containers_of
from webhook.adapters.step import Engine, Kind, Region
from webhook.objects.walk import Pointer, as_map, at, is_controlled

_TEMPLATE: Pointer = ("spec", "template")
_JOBS_TEMPLATE: Pointer = ("spec", "jobTemplate", *_TEMPLATE)
_WITH_PODS = ("Job", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController")
_PLACES: Mapping[str, Pointer] = {**dict.fromkeys(_WITH_PODS, _TEMPLATE), "CronJob": _JOBS_TEMPLATE}


def with_pods(obj: Mapping[str, Any]) -> Layout | None:
    """Find the containers of the pods that *obj* creates; None if it does not ask."""
    return _layout(obj, as_map(at(obj, _TEMPLATE)), _TEMPLATE)


def cron_job(obj: Mapping[str, Any]) -> Layout | None:
    """The same of a CronJob, whose jobs create the pods."""
    return _layout(obj, as_map(at(obj, _JOBS_TEMPLATE)), _JOBS_TEMPLATE)


def pod_of(obj: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the webhook will read of the pods that *obj* creates, or whose Jobs do; None for another kind."""
    place = _PLACES.get(str(obj.get("kind")))
    return None if place is None else pod_from(as_map(at(obj, place)))


def pod_from(template: Mapping[str, Any]) -> dict[str, Any]:
    """What the webhook will read of a pod that a controller creates from *template*."""
    metadata = {**as_map(template.get("metadata")), "ownerReferences": [{"controller": True}]}
    return {"apiVersion": "v1", "kind": "Pod", **template, "metadata": metadata}


def _layout(obj: Mapping[str, Any], template: Mapping[str, Any], pointer: Pointer) -> Layout | None:
    metadata, of_pods = as_map(obj.get("metadata")), as_map(template.get("metadata"))
    annotations = as_map(of_pods.get("annotations"))
    if is_controlled(obj) or not any(
        str(key).startswith(PREFIX) for key in (*as_map(metadata.get("annotations")), *annotations)
    ):
        return None
    where = ".".join(map(str, (*pointer, "metadata")))
    misplaced = unread(metadata, f"write {POD_SELECTORS} into {where}.annotations")
    misplaced += [f"{where}: {m}" for m in unread(of_pods, f"here it is {POD_SELECTORS}", read=(POD_SELECTORS,))]
    regions: dict[Pointer, Region] = {("spec",): Region("", (), Kind.OPAQUE)}
    layout = Layout(Engine.KUBERNETES, (), regions, tuple(misplaced), definition=Definition())
    place = (*pointer, "metadata", "annotations", POD_SELECTORS)
    return with_propagated(layout, annotations, place, known=Keys(containers_of(template), place), where=where)
