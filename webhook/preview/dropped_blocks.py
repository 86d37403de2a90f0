"""Lists ``extensions`` that the API server drops, or refuses, before any webhook sees them. Pure.

Whether it does depends on the schema of the object's CRD. Argo's full CRDs, the default since Argo Workflows 4.0, have
no such field, apart from what is inline in a dag or in steps; its minimal ones keep everything below ``spec``. Tekton's
since 0.70 keep it in inline steps, and not in those of a Task. Kubernetes' own kinds never keep it. A cluster's own
schema says it for certain.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Literal, TypeAlias

from webhook.adapters import layout_of
from webhook.adapters.annotations.names import PIPELINE_SELECTORS, POD_SELECTORS, RUN_SELECTORS, TASK_SELECTORS
from webhook.adapters.layout import Finding, Layout
from webhook.adapters.pod import containers_of
from webhook.adapters.step import Step
from webhook.objects.walk import Pointer, as_map, at, maps_in
from webhook.preview import typed_clients
from webhook.preview.expected_pods.expected import FindDefinition

ArgoCrds: TypeAlias = Literal["full", "minimal", "unknown"]
# Gives the schema of a kind in the cluster where objects are submitted, by apiVersion and kind; None = not known.
FindSchema: TypeAlias = Callable[[str, str], Mapping[str, Any] | None]

_ARGO: Final = "argoproj.io/"
_TEMPLATES: Final[Mapping[str, Pointer]] = {
    "Pod": (),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    **dict.fromkeys(
        ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job"), ("spec", "template")
    ),
}
_WHY: Final = "'extensions' is dropped or refused by the API server"


def no_schema(api_version: str, kind: str) -> Mapping[str, Any] | None:
    """No cluster is known."""
    return None


def no_definition(kind: str, name: str, namespace: str) -> Mapping[str, Any] | None:
    """No definitions are known."""
    return None


def findings(
    obj: Mapping[str, Any],
    *,
    argo_crds: ArgoCrds = "unknown",
    find_schema: FindSchema = no_schema,
    find: FindDefinition = no_definition,
) -> list[Finding]:
    """Each block that is dropped, with what to write instead; of Argo's in an unknown cluster, the first."""
    api_version, kind = str(obj.get("apiVersion")), str(obj.get("kind"))
    if api_version in ("v1", "apps/v1", "batch/v1") and kind in _TEMPLATES:
        return list(_of_pods(obj, _TEMPLATES[kind]))
    if lost := list(typed_clients.lost_annotations(obj, find)):
        return lost
    layout = layout_of(obj) if "apiVersion" in obj else None
    if layout is None or not any(step.blocks for step in layout.steps):
        return []
    schema = find_schema(api_version, kind)
    found: dict[Pointer, Finding] = {}
    for step in layout.steps:
        for block in step.blocks:
            if layout.annotations.at(block.pointer) is None and block.pointer not in found:
                why = _why(obj, block.pointer, schema, argo_crds)
                if why:
                    where = layout.region_of(block.pointer[:-1])
                    message = f"{why}; {_instead(kind, layout, step, block.pointer)}"
                    found[block.pointer] = Finding(where[0].where_of(where[1]), message, block.pointer)
    is_guess = (
        schema is None and not typed_clients.client_of(obj) and api_version.startswith(_ARGO) and argo_crds == "unknown"
    )
    return list(found.values())[: 1 if is_guess else None]


def _why(obj: Mapping[str, Any], pointer: Pointer, schema: Mapping[str, Any] | None, argo_crds: ArgoCrds) -> str:
    """Why the block at *pointer* does not reach the webhook; "" if it does."""
    if client := typed_clients.client_of(obj):
        return f"'extensions' is dropped by {client}, which decodes into types that have no such field"
    if schema is not None:
        return "" if keeps(schema, pointer) else f"{_WHY}: this cluster's schema of {obj['kind']} has no such field"
    if str(obj["apiVersion"]).startswith(_ARGO):
        if argo_crds == "minimal" or "inline" in pointer:
            return ""
        if argo_crds == "full":
            return f"{_WHY}: Argo's full CRDs have no such field"
        return f"{_WHY} if Argo's CRDs are the full ones, the default since Argo 4.0 (--argo-crds minimal, if not)"
    return f"{_WHY}: Tekton's schema of a Task has no such field since 0.70" if obj["kind"] == "Task" else ""


def keeps(schema: Mapping[str, Any], pointer: Pointer) -> bool:
    """True if an object of this structural *schema* keeps what is at *pointer*."""
    for part in pointer:
        if isinstance(part, int):
            below = schema.get("items")
        else:
            below = as_map(schema.get("properties")).get(part, schema.get("additionalProperties"))
        if not isinstance(below, dict):
            return below is True or schema.get("x-kubernetes-preserve-unknown-fields") is True
        schema = below
    return True


def _instead(kind: str, layout: Layout, step: Step, pointer: Pointer) -> str:
    sharing = [other for other in layout.steps if any(block.pointer == pointer for block in other.blocks)]
    if kind == "Task":
        key = step.key_in_home if len(sharing) == 1 else "*"
        return f"write it into the annotation {TASK_SELECTORS}, under {key!r}"
    annotation = PIPELINE_SELECTORS if layout.is_definition else RUN_SELECTORS
    keys = " and ".join(repr(other.key) for other in sharing[:3]) + (" …" if len(sharing) > 3 else "")
    return f"write it into the annotation {annotation}, under {keys}"


def _of_pods(obj: Mapping[str, Any], template_at: Pointer) -> Iterator[Finding]:
    template = as_map(at(obj, template_at)) if template_at else obj
    named = {step.pointer[-2:]: step.key for step in containers_of(template)}
    for section in ("containers", "initContainers"):
        for i, container in maps_in(as_map(template.get("spec")).get(section)):
            if isinstance(container.get("extensions"), list):
                pointer = (*template_at, "spec", section, i, "extensions")
                key = named.get((section, i), container.get("name"))
                place = "the pod template's" if template_at else "the pod's"
                message = (
                    f"{_WHY}: Kubernetes has no such field; write it into {place} annotation {POD_SELECTORS}, under"
                )
                yield Finding(f"{section}[{container.get('name', i)}]", f"{message} {key!r}", pointer)
