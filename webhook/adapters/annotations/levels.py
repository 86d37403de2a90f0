"""Which annotations are read where: on runs, on definitions, and on what propagates from them to pods. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from types import MappingProxyType
from typing import Any, NamedTuple

from webhook.adapters.annotations.names import (
    LEVELS,
    NOTES,
    PIPELINE_SELECTORS,
    PREFIX,
    RUN_SELECTORS,
    TASK_SELECTORS,
    unread,
)
from webhook.adapters.annotations.reader import with_annotation
from webhook.adapters.annotations.step_keys import (
    KeyReader,
    Keys,
    KeysInEachTask,
    KeysOfLaterPods,
    UnknownKeyError,
)
from webhook.adapters.layout import Annotations, Layout
from webhook.adapters.step import Engine, Step, selectors_in
from webhook.objects.walk import Pointer, as_map, maps_in


def with_run_annotations(obj: Mapping[str, Any], layout: Layout, *, is_new: bool) -> Layout:
    """*layout* of a run, with what its annotations ask for.

    ``run-selectors`` is resolved here, and so are the others if all steps stand in the run. Else Tekton propagates
    these to the run's pods, and adds those of definitions; so they are validated only when a run is created.
    """
    metadata = as_map(obj.get("metadata"))
    annotations = as_map(metadata.get("annotations"))
    if not any(isinstance(key, str) and key.startswith(PREFIX) and key not in NOTES for key in annotations):
        return layout
    propagates = layout.engine is Engine.TEKTON
    if is_new or not propagates:
        read = LEVELS if propagates else (RUN_SELECTORS,)
        messages = unread(metadata, f"on a Workflow it is {RUN_SELECTORS}", read=read, notes=True)
        layout = replace(layout, misplaced=(*layout.misplaced, *messages))
    pointer: Pointer = ("metadata", "annotations")
    own = Keys(layout.own_steps, (*pointer, RUN_SELECTORS), referenced=layout.referenced)
    is_whole = not layout.referenced and not any(step.by_reference for step in layout.own_steps)
    own_steps = layout.own_steps
    layout = with_annotation(layout, annotations, (*pointer, RUN_SELECTORS), own)
    for key in LEVELS[1:] if propagates else ():
        place = (*pointer, key)
        if is_whole:
            layout = with_annotation(layout, annotations, place, _keys_of_level(key, own_steps, place))
        elif is_new:
            layout = with_propagated(layout, annotations, place)
            layout = _without_contradiction(layout, place, _keys_of_level(key, own_steps, place))
    return layout


def _keys_of_level(key: str, steps: Sequence[Step], pointer: Pointer) -> KeyReader:
    """How a Tekton run's annotation of a level below the run's names its *steps*."""
    if key == PIPELINE_SELECTORS:
        return Keys(steps, pointer)
    return KeysInEachTask(steps, key_of=_key_in_task if key == TASK_SELECTORS else _container)


_key_in_task = attrgetter("key_in_home")


def _container(step: Step) -> str:
    """The name of its container in the pod; a sidecar's key is called as its container."""
    return step.key_in_home if step.only_if_named else f"step-{step.key_in_home}"


def _without_contradiction(layout: Layout, pointer: Pointer, own: KeyReader) -> Layout:
    """*layout* with a problem for each selector that a step here has, and that would be another one in its pod."""
    annotation = layout.annotations.at(pointer)
    content = as_map(annotation.content) if annotation else {}
    steps = {step.pointer: step for step in layout.steps}
    problems = []
    for key, entry in content.items():
        try:
            meant = own.steps_of(key)
        except UnknownKeyError:
            continue  # It means steps of other objects.
        here = selectors_in([block for step in meant if step.pointer in steps for block in steps[step.pointer].blocks])
        names = {as_map(item).get("name") for item in here}
        for i, item in maps_in(as_map(entry).get("extensions")):
            if annotation and item.get("name") in names and item not in here:
                message = f"{item['name']!r} is another selector of a step here; write all of them into {RUN_SELECTORS}"
                problems.append(annotation.finding((*pointer, key, "extensions", i), message))
    return replace(layout, annotations=layout.annotations + Annotations(problems=tuple(problems)))


def with_propagated(
    layout: Layout, annotations: Mapping[str, Any], pointer: Pointer, *, known: Keys | None = None, where: str = ""
) -> Layout:
    """*layout* with the annotation at *pointer*, which is validated here and resolved in pods.

    Args:
        known: The steps that it may name, if they are known.
    """
    keys = KeysOfLaterPods(pointer, known)
    return with_annotation(layout, annotations, pointer, keys, where=where, resolved_here=False)


class PodMetadata(NamedTuple):
    """Metadata, in a run or definition, whose annotations propagate to the pods of *steps*.

    Attributes:
        has_shares: True if the share of ``pipeline-selectors`` that concerns these steps is written here, too.
        copied: Annotations that an engine may have copied here itself.
    """

    metadata: Mapping[str, Any]
    pointer: Pointer
    where: str
    steps: Sequence[Step]
    has_shares: bool = False
    copied: Mapping[str, Any] = MappingProxyType({})


def with_pod_metadata(layout: Layout, found: Iterable[PodMetadata]) -> Layout:
    """*layout* with what each of *found* asks for."""
    # There may be thousands: each sees no steps but its own.
    steps = {step.pointer: step for step in layout.steps}
    alone = replace(layout, steps=(), regions={}, misplaced=(), annotations=Annotations())
    parts = [layout]
    for pod_metadata in found:
        own = tuple(steps[step.pointer] for step in pod_metadata.steps if step.pointer in steps)
        parts.append(with_one_pod_metadata(replace(alone, steps=own), pod_metadata))
        steps |= {step.pointer: step for step in parts[-1].steps}
    return replace(
        layout,
        steps=tuple(steps.values()),
        regions={pointer: region for part in parts for pointer, region in part.regions.items()},
        misplaced=tuple(message for part in parts for message in part.misplaced),
        annotations=Annotations(
            tuple(annotation for part in parts for annotation in part.annotations.read),
            tuple(problem for part in parts for problem in part.annotations.problems),
        ),
    )


def with_one_pod_metadata(layout: Layout, found: PodMetadata) -> Layout:
    """*layout* with what ``task-selectors`` in *found* asks for.

    In a definition, the steps' own blocks and expressions are lifted into it, too.
    """
    annotations = as_map(found.metadata.get("annotations"))
    read = (TASK_SELECTORS, PIPELINE_SELECTORS) if found.has_shares else (TASK_SELECTORS,)
    copied = [key for key in found.copied if annotations.get(key) == found.copied[key]]
    messages = unread(found.metadata, f"here it is {TASK_SELECTORS}", read=(*read, *copied))
    prefix = f"{found.where}: " if found.where else ""
    layout = replace(layout, misplaced=(*layout.misplaced, *(f"{prefix}{message}" for message in messages)))
    for key in read:
        pointer = (*found.pointer, "annotations", key)
        keys = Keys(found.steps, pointer, key_of=attrgetter("key_in_home" if key == TASK_SELECTORS else "key"))
        # A definition's are resolved in the pods of the runs that refer to it.
        is_run = not layout.is_definition
        layout = with_annotation(layout, annotations, pointer, keys, where=found.where, resolved_here=is_run)
    return layout
