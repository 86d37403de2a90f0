"""Patches of objects, such as Kustomize's: annotations for steps that stand in another file. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from webhook.adapters.annotations.reader import with_annotation
from webhook.adapters.annotations.step_keys import KeysOfLaterPods
from webhook.adapters.layout import Annotations, Finding, Layout
from webhook.objects.walk import Pointer, as_map, at

_POD: Final[tuple[Pointer, ...]] = (("containers",), ("initContainers",))
_WORKFLOW: Final[tuple[Pointer, ...]] = (("templates",), ("workflowTemplateRef",))
# Where an object has its steps or refers to them, below its spec. Without any of these, every engine refuses it.
_PLACES: Final[Mapping[str, tuple[Pointer, ...]]] = {
    "PipelineRun": (("pipelineSpec",), ("pipelineRef",)),
    "TaskRun": (("taskSpec",), ("taskRef",)),
    "Pipeline": (("tasks",), ("finally",)),
    "Task": (("steps",),),
    **dict.fromkeys(("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate"), _WORKFLOW),
    "CronWorkflow": tuple(("workflowSpec", *place) for place in _WORKFLOW),
    "Pod": _POD,
    **dict.fromkeys(
        ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job"),
        tuple(("template", "spec", *place) for place in _POD),
    ),
    "CronJob": tuple(("jobTemplate", "spec", "template", "spec", *place) for place in _POD),
}


def is_patch(obj: Mapping[str, Any]) -> bool:
    """True if *obj* has no steps and refers to none: it changes an object that has."""
    places = _PLACES.get(str(obj.get("kind")), ())
    spec = as_map(obj.get("spec"))
    return bool(places) and all(at(spec, place) is None for place in places)


def without_steps(obj: Mapping[str, Any], layout: Layout) -> Layout:
    """*layout* of a patch: which steps its annotations may name is unknown, so only their text is judged."""
    found = layout.annotations.read
    bare = replace(layout, steps=(), annotations=Annotations(problems=_of_no_text(layout)))
    for annotation in found:
        annotations = as_map(at(obj, annotation.pointer[:-1]))
        keys = KeysOfLaterPods(annotation.pointer, None)
        bare = with_annotation(bare, annotations, annotation.pointer, keys, where=annotation.where, resolved_here=False)
    return bare


def _of_no_text(layout: Layout) -> tuple[Finding, ...]:
    """The problems of annotations that could not be read as text."""
    return tuple(p for p in layout.annotations.problems if layout.annotations.at(p.pointer) is None)
