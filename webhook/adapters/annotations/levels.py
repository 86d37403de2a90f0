"""Which annotations of ours are read where: on runs, on definitions, and on what goes on from them to pods. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
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
from webhook.adapters.annotations.reader import attached
from webhook.adapters.annotations.step_keys import Elsewhere, Keys
from webhook.adapters.layout import Layout
from webhook.adapters.step import Engine, Step
from webhook.objects.walk import Pointer, as_map


def of_run(obj: Mapping[str, Any], layout: Layout, *, is_new: bool) -> Layout:
    """*layout* of a run, with what its annotations ask for.

    ``run-selectors`` is answered here. Tekton passes on the others to the run's pods, and puts those of definitions
    beside them; so they are looked at only in a new run.
    """
    metadata = as_map(obj.get("metadata"))
    annotations = as_map(metadata.get("annotations"))
    if not any(isinstance(key, str) and key.startswith(PREFIX) and key not in NOTES for key in annotations):
        return layout
    passes_on = layout.engine is Engine.TEKTON
    if is_new or not passes_on:
        read = LEVELS if passes_on else (RUN_SELECTORS,)
        messages = unread(metadata, f"on a Workflow it is {RUN_SELECTORS}", read=read, notes=True)
        layout = replace(layout, misplaced=(*layout.misplaced, *messages))
    pointer: Pointer = ("metadata", "annotations")
    own = Keys(layout.own_steps, (*pointer, RUN_SELECTORS), behind=layout.behind)
    layout = attached(layout, annotations, (*pointer, RUN_SELECTORS), own)
    for key in LEVELS[1:] if is_new and passes_on else ():
        layout = passed_on(layout, annotations, (*pointer, key))
    return layout


def passed_on(
    layout: Layout, annotations: Mapping[str, Any], pointer: Pointer, *, known: Keys | None = None, where: str = ""
) -> Layout:
    """*layout* with the annotation at *pointer*, which is looked at here and answered in pods.

    Args:
        known: The steps that it may name, if they are known.
    """
    return attached(layout, annotations, pointer, Elsewhere(pointer, known), where=where, answered=False)


class Home(NamedTuple):
    """Metadata whose annotations go on to the pods of *steps*.

    Attributes:
        has_shares: Whether its part of what is asked for on the whole definition is put here, too.
        copied: Annotations that an engine may have put here itself.
    """

    metadata: Mapping[str, Any]
    pointer: Pointer
    where: str
    steps: Sequence[Step]
    has_shares: bool = False
    copied: Mapping[str, Any] = MappingProxyType({})


def of_homes(layout: Layout, homes: Iterable[Home], *, is_definition: bool) -> Layout:
    """*layout* with what each of *homes* asks for."""
    # There may be thousands: each sees no steps but its own.
    steps = {step.pointer: step for step in layout.steps}
    alone = replace(layout, steps=(), regions={}, misplaced=(), annotations=(), problems=())
    parts = [layout]
    for home in homes:
        own = tuple(steps[step.pointer] for step in home.steps if step.pointer in steps)
        parts.append(of_home(replace(alone, steps=own), home, is_definition=is_definition))
        steps |= {step.pointer: step for step in parts[-1].steps}
    return replace(
        layout,
        steps=tuple(steps.values()),
        regions={pointer: region for part in parts for pointer, region in part.regions.items()},
        misplaced=tuple(message for part in parts for message in part.misplaced),
        annotations=tuple(annotation for part in parts for annotation in part.annotations),
        problems=tuple(problem for part in parts for problem in part.problems),
    )


def of_home(layout: Layout, home: Home, *, is_definition: bool) -> Layout:
    """*layout* with what ``task-selectors`` in *home* asks for.

    Args:
        is_definition: Whether its steps' own blocks and expressions go there, too, and not into the steps themselves.
    """
    annotations = as_map(home.metadata.get("annotations"))
    read = (TASK_SELECTORS, PIPELINE_SELECTORS) if home.has_shares else (TASK_SELECTORS,)
    copied = [key for key in home.copied if annotations.get(key) == home.copied[key]]
    messages = unread(home.metadata, f"here it is {TASK_SELECTORS}", read=(*read, *copied))
    prefix = f"{home.where}: " if home.where else ""
    layout = replace(layout, misplaced=(*layout.misplaced, *(f"{prefix}{message}" for message in messages)))
    for key in read:
        pointer = (*home.pointer, "annotations", key)
        steps = (step._replace(key=step.local) for step in home.steps) if key == TASK_SELECTORS else home.steps
        known = Keys(steps, pointer)
        keys = known if is_definition else Elsewhere(pointer, known)
        layout = attached(layout, annotations, pointer, keys, where=home.where, answered=False)
    return layout
