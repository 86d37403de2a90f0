"""The strings of an object that hold expressions. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

import msgspec

import renderer
from webhook.adapters.layout import Layout
from webhook.adapters.step import AnnotationVariable, Kind, Place, Region, Step
from webhook.objects.walk import Pointer


class TextWithExpressions(NamedTuple):
    """A string with at least one expression, or the escape of one."""

    pointer: Pointer
    content: str
    region: Region
    place: Place
    where: str


def find(obj: Mapping[str, Any], layout: Layout) -> list[TextWithExpressions]:
    """Every such string in the parts of *obj* that are ours, in the order of the object."""
    # A Kubernetes object's metadata is not the engine's, and not ours.
    root, start = (obj.get("spec"), (None, "spec")) if layout.annotated else (obj, None)
    suspects: list[tuple[_Link, str]] = []
    _collect(suspects, root, start)
    if not suspects:
        return []
    blocks = {block.pointer for step in layout.steps for block in step.blocks}
    placed = ((_pointer(link), content) for link, content in suspects)
    return [_text(p, s, layout) for p, s in placed if _is_ours(p, s, layout, blocks)]


def of_annotations(step: Step, layout: Layout) -> Iterator[tuple[AnnotationVariable, TextWithExpressions]]:
    """The variables that annotations set for *step*, with their values as texts."""
    region, _ = layout.region_of(step.pointer)
    for variable in step.annotation_env:
        where = f"{step.where}.env[{variable.name}]"
        yield variable, TextWithExpressions(variable.pointer, variable.value, region, Place.ENV, where)


def looks_asking(value: str, layout: Layout) -> bool:
    """True if *value* would be taken for an expression if it were submitted."""
    return renderer.contains(value, braces=layout.braces)


# An expression's beginning as it stands in JSON, where a tab is two characters.
_OPENER = re.compile(rb"(?:<<|\{\{)(?: |\\t)*extensions?[.\[]")


def _may_hold(node: Any) -> bool:
    """False for most tasks and templates, in a fraction of the time that looking at each of their strings takes."""
    text = msgspec.json.encode(node)
    return (b"<<" in text or b"{{" in text) and _OPENER.search(text) is not None


# spec.pipelineSpec.tasks, spec.taskSpec.steps, spec.templates
_DEPTH_OF_TASKS = 2

# The path to a value, linked from its end: few values hold an expression, and only theirs are written out.
_Link: TypeAlias = "tuple[_Link | None, str | int] | None"


def _collect(suspects: list[tuple[_Link, str]], node: Any, link: _Link, depth: int = 0) -> None:
    """Add the strings below *node* that might hold an expression, in the order of the object."""
    items = node.items() if type(node) is dict else enumerate(node) if type(node) is list else ()
    # Tasks, steps and templates are items of such lists; below them it would be done twice.
    prune = depth <= _DEPTH_OF_TASKS and type(node) is list
    for key, value in items:
        kind = type(value)
        if kind is str:
            if "extension" in value and ("<<" in value or "{{" in value):
                suspects.append(((link, key), value))
        elif (kind is dict or kind is list) and (not prune or _may_hold(value)):
            _collect(suspects, value, (link, key), depth + 1)


def _pointer(link: _Link) -> Pointer:
    parts = []
    while link is not None:
        link, part = link
        parts.append(part)
    return tuple(reversed(parts))


def _is_ours(pointer: Pointer, content: str, layout: Layout, blocks: set[Pointer]) -> bool:
    if "extensions" in pointer and any(pointer[:end] in blocks for end in range(len(pointer))):
        return False
    if layout.annotations.at(pointer) is not None:
        return False
    return layout.region_of(pointer)[0].kind is not Kind.OPAQUE and looks_asking(content, layout)


def _text(pointer: Pointer, content: str, layout: Layout) -> TextWithExpressions:
    region, rest = layout.region_of(pointer)
    return TextWithExpressions(
        pointer, content, region, region.place(rest) if rest else Place.FLOW, region.where_of(rest)
    )
