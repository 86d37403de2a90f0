"""The pods of Argo's Workflows: one for each template with containers, its own or a referenced one. Pure."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from webhook.objects.walk import annotations_of, as_map, maps_in, name_of
from webhook.preview.expected_pods.expected import ExpectedPod, FindDefinition, missing, pod

_LABELS = {"workflows.argoproj.io/workflow": "run"}


def workflow(obj: Mapping[str, Any], find: FindDefinition) -> Iterator[ExpectedPod]:
    """The pods of a Workflow."""
    spec = as_map(obj.get("spec"))
    pods = as_map(as_map(spec.get("podMetadata")).get("annotations"))
    walk = _Walk(find)
    own = [template for _, template in maps_in(spec.get("templates"))]
    if "workflowTemplateRef" in spec:
        reference = as_map(spec["workflowTemplateRef"])
        found = _definition(reference, find)
        if isinstance(found, ExpectedPod):
            yield found
        else:
            referenced = as_map(found.get("spec"))
            pods = {**as_map(as_map(referenced.get("podMetadata")).get("annotations")), **pods}
            walk.pods = pods
            for _, template in maps_in(referenced.get("templates")):
                yield from walk.template(template, _title(reference), found)
            yield from walk.hooks(referenced)
    walk.pods = pods
    for template in own:
        yield from walk.template(template, "", obj)
    yield from walk.hooks(spec)


class _Walk:
    """Follows templates to those that they call, each once.

    Attributes:
        pods: The annotations of all pods.
    """

    def __init__(self, find: FindDefinition) -> None:
        self.pods: Mapping[str, Any] = {}
        self._find = find
        self._seen: set[str] = set()

    def template(self, template: Mapping[str, Any], title: str, definition: Mapping[str, Any]) -> Iterator[ExpectedPod]:
        """The pods of a *template* of a *definition*, and of the templates that it calls."""
        where = f"templates[{name_of(template, '?')}]" + (f" ({title})" if title else "")
        if where in self._seen:
            return
        self._seen.add(where)
        if containers := _containers(template):
            annotations = {**self.pods, **annotations_of(template)}
            template_variable = {"name": "ARGO_TEMPLATE", "value": json.dumps(_read_by_webhook(template))}
            init = [{"name": "init", "env": [template_variable]}]
            init += [_container(c) for _, c in maps_in(template.get("initContainers"))]
            yield pod(where, _LABELS, annotations, containers, init)
        for call in _calls(template):
            if isinstance(call.get("inline"), dict):
                inline = {"name": f"{name_of(call, '?')}.inline", **call["inline"]}
                yield from self.template(inline, title, definition)
            yield from self._called(call, where, title, definition)
            yield from self.hooks(call, where, title, definition)

    def hooks(
        self, part: Mapping[str, Any], where: str = "spec", title: str = "", definition: Mapping[str, Any] | None = None
    ) -> Iterator[ExpectedPod]:
        """The pods of the templates that the hooks of *part* call."""
        for name, hook in as_map(part.get("hooks")).items():
            yield from self._called(as_map(hook), f"{where}.hooks.{name}", title, definition or {})

    def _called(
        self, call: Mapping[str, Any], where: str, title: str, definition: Mapping[str, Any]
    ) -> Iterator[ExpectedPod]:
        reference, name = as_map(call.get("templateRef")), call.get("template")
        if reference:
            found = _definition(reference, self._find)
            if isinstance(found, ExpectedPod):
                yield ExpectedPod(f"{where}: {found.where}", unknown=found.unknown)
                return
            title, definition, name = _title(reference), found, reference.get("template")
        for _, template in maps_in(as_map(definition.get("spec")).get("templates")):
            if template.get("name") == name:
                yield from self.template(template, title, definition)


def _calls(template: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from (task for _, task in maps_in(as_map(template.get("dag")).get("tasks")))
    steps = template.get("steps")
    for parallel in steps if isinstance(steps, list) else ():
        yield from (step for _, step in maps_in(parallel))


def _containers(template: Mapping[str, Any]) -> list[dict[str, Any]]:
    containers = [
        _container({**as_map(template[kind]), "name": "main"}) for kind in ("container", "script") if kind in template
    ]
    containers += [_container(c) for _, c in maps_in(as_map(template.get("containerSet")).get("containers"))]
    return containers + [_container(c) for _, c in maps_in(template.get("sidecars"))] if containers else []


def _container(content: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name_of(content, "main"), "env": [dict(entry) for _, entry in maps_in(content.get("env"))]}


def _read_by_webhook(template: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a template that the webhook reads."""
    sidecars = [{"name": name_of(sidecar, "")} for _, sidecar in maps_in(template.get("sidecars"))]
    return {"name": name_of(template, ""), "sidecars": sidecars}


def _kind(reference: Mapping[str, Any]) -> str:
    return "ClusterWorkflowTemplate" if reference.get("clusterScope") is True else "WorkflowTemplate"


def _title(reference: Mapping[str, Any]) -> str:
    return f"{_kind(reference)} {str(reference.get('name'))!r}"


def _definition(reference: Mapping[str, Any], find: FindDefinition) -> Mapping[str, Any] | ExpectedPod:
    kind, name = _kind(reference), str(reference.get("name", ""))
    found = find(kind, name, "")
    return missing(_title(reference), kind, name) if found is None else found
