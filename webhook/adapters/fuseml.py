"""Where steps are in a FuseML workflow document. Pure."""

from collections.abc import Mapping
from typing import Any

from webhook.adapters.layout import Layout
from webhook.adapters.step import Engine, Kind, Region, Step, block_of
from webhook.objects.walk import Pointer, maps_in, name_of


def is_document(obj: Mapping[str, Any]) -> bool:
    """True if *obj*, which is no Kubernetes object, looks like a FuseML workflow."""
    return "kind" not in obj and "apiVersion" not in obj and isinstance(obj.get("steps"), list)


def workflow(obj: Mapping[str, Any]) -> Layout:
    """Find the steps of a FuseML workflow document."""
    steps = [
        Step(
            key=name_of(step, i),
            where=f"steps[{name_of(step, i)}]",
            pointer=("steps", i),
            blocks=block_of(step, ("steps", i)),
            env=("steps", i, "env"),
        )
        for i, step in maps_in(obj.get("steps"))
    ]
    regions: dict[Pointer, Region] = {(): Region("")}
    for step in steps:
        regions[step.pointer] = Region(step.where, (step,), Kind.CONTAINER)
    misplaced = ("'extensions' is not read here; write it into steps[].extensions",) if "extensions" in obj else ()
    return Layout(Engine.FUSEML, tuple(steps), regions, misplaced, braces=True, annotated=False)
