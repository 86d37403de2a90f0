"""The pods of Argo's Workflows: one for each template with containers, its own or a referenced one. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from webhook.adapters.environment.argo import Environment
from webhook.objects.walk import Pointer, annotations_of, as_map, at, maps_in, name_of
from webhook.preview.expected_pods.expected import Container, ExpectedPod, FindDefinition, container, missing, pod

_LABELS = {"workflows.argoproj.io/workflow": "run"}
_TEMPLATES: Pointer = ("spec", "templates")
_MAIN = ("container", "script", "containerSet")


def workflow(obj: Mapping[str, Any], find: FindDefinition) -> Iterator[ExpectedPod]:
    """The pods of a Workflow."""
    spec = as_map(obj.get("spec"))
    pods = as_map(as_map(spec.get("podMetadata")).get("annotations"))
    walk = _Walk(find, obj)
    if "workflowTemplateRef" in spec:
        reference = as_map(spec["workflowTemplateRef"])
        found = _definition(reference, find)
        if isinstance(found, ExpectedPod):
            yield found
        else:
            referenced = as_map(found.get("spec"))
            pods = {**as_map(as_map(referenced.get("podMetadata")).get("annotations")), **pods}
            walk.pods = pods
            walk.environment = Environment(_joined(spec, referenced))
            for _, template in maps_in(referenced.get("templates")):
                yield from walk.template(template, _title(reference), found)
            yield from walk.hooks(referenced)
    walk.pods = pods
    for i, template in maps_in(spec.get("templates")):
        yield from walk.template(template, "", obj, (*_TEMPLATES, i))
    yield from walk.hooks(spec)


def _joined(spec: Mapping[str, Any], referenced: Mapping[str, Any]) -> dict[str, Any]:
    """What sets variables in a Workflow's *spec*, and in that of its ``workflowTemplateRef``, which comes second."""
    defaults = {**as_map(referenced.get("templateDefaults")), **as_map(spec.get("templateDefaults"))}
    return {
        "templateDefaults": defaults,
        "podSpecPatch": spec.get("podSpecPatch") or referenced.get("podSpecPatch"),
    }


class _Walk:
    """Follows templates to those that they call, each once.

    Attributes:
        pods: The annotations of all pods.
        environment: What is set for the containers of all templates.
    """

    def __init__(self, find: FindDefinition, run: Mapping[str, Any]) -> None:
        self.pods: Mapping[str, Any] = {}
        self.environment = Environment(as_map(run.get("spec")))
        self._run = run
        self._find = find
        self._seen: set[str] = set()

    def template(
        self,
        template: Mapping[str, Any],
        title: str,
        definition: Mapping[str, Any],
        part: Pointer | None = None,
    ) -> Iterator[ExpectedPod]:
        """The pods of a *template* of a *definition*, and of the templates that it calls.

        Args:
            part: Where it stands in the Workflow; None if it does not.
        """
        where = f"templates[{name_of(template, '?')}]" + (f" ({title})" if title else "")
        if where in self._seen:
            return
        self._seen.add(where)
        if containers := self._containers(template, _MAIN):
            annotations = {**self.pods, **annotations_of(template)}
            template_variable = {"name": "ARGO_TEMPLATE", "value": json.dumps(_read_by_webhook(template))}
            init = [Container({"name": "init", "env": [template_variable]}, {})]
            init += self._containers(template, ("initContainers",))
            all_containers = [*containers, *self._containers(template, ("sidecars",))]
            yield pod(where, _LABELS, annotations, all_containers, init, part=part)
        for call, place in _calls(template):
            if isinstance(call.get("inline"), dict):
                inline = {"name": f"{name_of(call, '?')}.inline", **call["inline"]}
                own = None if part is None else (*part, *place, "inline")
                yield from self.template(inline, title, definition, own)
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
            if "{{" in str(name):
                computed = f"calls a computed template of it, {str(name)[:63]!r}"
                yield ExpectedPod(f"{where}: {title}", unknown=computed)
        for i, template in maps_in(as_map(definition.get("spec")).get("templates")):
            if template.get("name") == name:
                part = (*_TEMPLATES, i) if definition is self._run else None
                yield from self.template(template, title, definition, part)

    def _containers(self, template: Mapping[str, Any], sections: Sequence[str]) -> list[Container]:
        """The containers in the *sections* of a template, with what is set for them in other places."""
        return [
            container(name, content, self.environment.of(template, place, prefix + name))
            for section in sections
            for place, name, content, prefix in _in_section(template, section)
        ]


def _calls(template: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Pointer]]:
    yield from ((task, ("dag", "tasks", i)) for i, task in maps_in(as_map(template.get("dag")).get("tasks")))
    steps = template.get("steps")
    for i, parallel in enumerate(steps if isinstance(steps, list) else ()):
        yield from ((step, ("steps", i, j)) for j, step in maps_in(parallel))


def _in_section(template: Mapping[str, Any], section: str) -> Iterator[tuple[Pointer, str, Mapping[str, Any], str]]:
    """Place, name, content of each container in a section, and what its key begins with."""
    if section in ("container", "script"):
        if section in template:
            yield (section,), "main", as_map(template[section]), ""
        return
    place: Pointer = ("containerSet", "containers") if section == "containerSet" else (section,)
    prefix = {"initContainers": "init-", "sidecars": "sidecar-"}.get(section, "")
    for i, content in maps_in(at(template, place)):
        yield (*place, i), name_of(content, "main"), content, prefix


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
