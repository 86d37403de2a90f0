"""Tekton's definitions, which runs refer to: what their steps ask for propagates to their pods. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from webhook.adapters.annotations.levels import PodMetadata, with_one_pod_metadata
from webhook.adapters.annotations.names import PIPELINE_SELECTORS, TASK_SELECTORS, unread
from webhook.adapters.annotations.reader import with_annotation
from webhook.adapters.annotations.step_keys import Keys
from webhook.adapters.layout import Definition, Layout
from webhook.adapters.step import Engine, Kind, Region
from webhook.adapters.tekton import Finder
from webhook.objects.walk import Pointer, as_map

_SPEC: Pointer = ("spec",)
_METADATA: Pointer = ("metadata",)


def pipeline(obj: Mapping[str, Any]) -> Layout:
    """Find the inline steps of a Pipeline."""
    finder = Finder()
    finder.pipeline(as_map(obj.get("spec")), _SPEC, where="", key="", title="spec")
    layout = finder.layout(Definition())
    metadata = as_map(obj.get("metadata"))
    advice = f"on a Pipeline it is {PIPELINE_SELECTORS}"
    misplaced = (*unread(metadata, advice, read=(PIPELINE_SELECTORS,)), *layout.misplaced)
    layout = replace(layout, misplaced=misplaced)
    pointer = (*_METADATA, "annotations", PIPELINE_SELECTORS)
    keys = Keys(layout.own_steps, pointer, referenced=layout.referenced)
    return with_annotation(layout, as_map(metadata.get("annotations")), pointer, keys, resolved_here=False)


def task(obj: Mapping[str, Any]) -> Layout:
    """Find the steps of a Task."""
    finder = Finder()
    steps = finder.task(as_map(obj.get("spec")), _SPEC, where="", key="", title="spec", metadata_at=_METADATA)
    pod_metadata = PodMetadata(as_map(obj.get("metadata")), _METADATA, "", steps)
    return with_one_pod_metadata(finder.layout(Definition()), pod_metadata)


def step_action(obj: Mapping[str, Any]) -> Layout:
    """Refuse what a StepAction asks for: Tekton propagates nothing of it."""
    advice = f"Tekton propagates nothing of a StepAction; write {TASK_SELECTORS} on the Task that uses it"
    misplaced = unread(as_map(obj.get("metadata")), advice)
    if "extensions" in as_map(obj.get("spec")):
        misplaced.append(f"spec: 'extensions' is not read in a StepAction; {advice}")
    regions = {_SPEC: Region("spec", (), Kind.OTHER)}
    return Layout(Engine.TEKTON, (), regions, tuple(misplaced), definition=Definition())
