"""Objects of kinds that are not read: what in them may ask all the same when their controllers act. Pure.

A controller may create a run, a pod of a pod template, or pods with a copy of its object's annotations.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

from webhook.adapters.annotations.levels import with_propagated
from webhook.adapters.annotations.names import LEVELS, PREFIX, unread
from webhook.adapters.layout import Definition, Finding, Layout
from webhook.adapters.step import Engine
from webhook.objects.walk import Pointer, as_map, is_controlled, maps_in

_ADVICE: Final = "it is read on runs, their definitions and pods"
# Deeper than Kubernetes' own objects and those of operators are.
_MAX_DEPTH: Final = 32
# Operators have groups below k8s.io, too, such as sparkoperator.k8s.io.
_KUBERNETES_OWN: Final = frozenset(
    f"{group}.k8s.io"
    for group in (
        "admissionregistration", "apiextensions", "apiregistration", "authentication", "authorization", "certificates",
        "coordination", "discovery", "events", "flowcontrol.apiserver", "internal.apiserver", "metrics", "networking",
        "node", "rbac.authorization", "resource", "scheduling", "storage", "storagemigration",
    )
)  # fmt: skip
IsRead = Callable[[Mapping[str, Any]], bool]


class Parts(NamedTuple):
    """What stands in an object, by the way to it.

    Attributes:
        objects: Objects of kinds that are read.
        templates: Pod templates, by their shape.
        annotations: Other annotations of ours, which a controller may copy.
    """

    objects: dict[Pointer, Mapping[str, Any]]
    templates: dict[Pointer, Mapping[str, Any]]
    annotations: dict[Pointer, Mapping[str, Any]]


def parts_of(obj: Mapping[str, Any], is_read: IsRead) -> Parts:
    """What stands in *obj*, whose kind is not read."""
    parts = Parts({}, {}, {})
    for path, part in _maps(obj, ()):
        if _is_below(path, parts.objects) or _is_below(path, parts.templates):
            continue
        if path and is_read(part):
            parts.objects[path] = part
        elif path and (submitted := _submitted(path, part)):
            parts.objects[path] = submitted
        elif path and _is_pod_template(part):
            parts.templates[path] = part
        elif _is_annotations(path, part):
            parts.annotations[path] = part
    return parts


def other(obj: Mapping[str, Any], is_read: IsRead, *, is_strict: bool) -> Layout | None:
    """Judge the annotations of an object that is not read; None if it has none of ours, or a controller created it.

    Args:
        is_strict: True if its controller is known to copy none.
    """
    if is_controlled(obj):
        return None
    if is_strict or _is_kubernetes_own(obj):
        messages = unread(as_map(obj.get("metadata")), _ADVICE)
        return Layout(Engine.TEKTON, (), {}, tuple(messages), definition=Definition()) if messages else None
    found = parts_of(obj, is_read).annotations
    if not found:
        return None
    kind = str(obj.get("kind"))[:63]
    remark = f"{kind} is not read here: its pods get this if its controller copies the annotation to them"
    layout = Layout(Engine.KUBERNETES, (), {}, definition=Definition())
    for path, annotations in found.items():
        where = "" if path == ("metadata", "annotations") else ".".join(map(str, path[:-1]))
        prefix = f"{where}: " if where else ""
        misplaced = unread({"annotations": annotations}, "", read=LEVELS, notes=True)
        layout = replace(layout, misplaced=(*layout.misplaced, *(f"{prefix}{message}" for message in misplaced)))
        for level in LEVELS:
            if level in annotations:
                layout = with_propagated(layout, annotations, (*path, level), where=where)
                warning = Finding(f"{prefix}annotation {level}", remark, (*path, level))
                layout = replace(layout, warnings=(*layout.warnings, warning))
    return layout


def _maps(value: object, path: Pointer) -> Iterator[tuple[Pointer, Mapping[str, Any]]]:
    """All maps in *value*, each before those in it."""
    if len(path) > _MAX_DEPTH:
        return
    if isinstance(value, dict):
        yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for part, item in items:
        yield from _maps(item, (*path, part))


def _is_below(path: Pointer, places: Mapping[Pointer, object]) -> bool:
    return bool(places) and any(path[:end] in places for end in range(len(path)))


def _is_pod_template(part: Mapping[str, Any]) -> bool:
    """True if *part* has containers in its ``spec``, as a PodTemplateSpec has, and asks in its own metadata."""
    has_containers = any(maps_in(as_map(part.get("spec")).get("containers")))
    return has_containers and "kind" not in part and _asks(as_map(part.get("metadata")).get("annotations"))


def _submitted(path: Pointer, part: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The Workflow that a WorkflowEventBinding submits: of its own it has metadata only."""
    if path[-1] != "submit" or "workflowTemplateRef" not in part:
        return None
    spec = {"workflowTemplateRef": part["workflowTemplateRef"]}
    metadata = as_map(part.get("metadata"))
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": metadata, "spec": spec}


def _is_annotations(path: Pointer, part: Mapping[str, Any]) -> bool:
    """True for ``metadata.annotations``, and for ``annotations`` and ``podAnnotations`` wherever they stand."""
    return bool(path) and str(path[-1]).lower().endswith("annotations") and _asks(part)


def _asks(annotations: object) -> bool:
    return any(isinstance(key, str) and key.startswith(PREFIX) for key in as_map(annotations))


def _is_kubernetes_own(obj: Mapping[str, Any]) -> bool:
    """True for the kinds of Kubernetes itself: of these, none but those that are read copies annotations to pods."""
    group = str(obj.get("apiVersion")).rpartition("/")[0]
    return "." not in group or group in _KUBERNETES_OWN
