"""Definitions, which runs refer to: selectors are not read in them, and are not passed over in silence. Pure."""

from collections.abc import Mapping
from typing import Any

from webhook.adapters import annotation
from webhook.adapters.step import Engine, Kind, Layout, Pointer, Region, as_map, maps_in


def tekton(obj: Mapping[str, Any]) -> Layout:
    """What a Tekton definition asks for in vain."""
    return _layout(obj, Engine.TEKTON, "PipelineRun or TaskRun")


def argo(obj: Mapping[str, Any]) -> Layout:
    """What an Argo definition asks for in vain."""
    return _layout(obj, Engine.ARGO, "Workflow")


def other(obj: Mapping[str, Any]) -> Layout | None:
    """What any other object asks for in vain; None if it has none of our annotations, or a controller made it."""
    metadata = as_map(obj.get("metadata"))
    messages = annotation.unread(metadata, "it is read on a run of Tekton or Argo")
    if not messages or any(owner.get("controller") is True for _, owner in maps_in(metadata.get("ownerReferences"))):
        return None
    return Layout(Engine.TEKTON, (), {}, tuple(messages), is_definition=True)


def _layout(obj: Mapping[str, Any], engine: Engine, run: str) -> Layout:
    advice = f"selectors are read in a run: write them into inline steps of a {run}"
    misplaced = annotation.unread(as_map(obj.get("metadata")), f"it is read on a {run}") + in_vain(obj, advice)
    return Layout(engine, (), {("spec",): Region("spec", (), Kind.OTHER)}, tuple(misplaced), is_definition=True)


def in_vain(obj: Mapping[str, Any], advice: str, *, read: Pointer = ()) -> list[str]:
    """Blocks and annotations of ours anywhere below ``spec``, but for those among the annotations of *read*."""
    messages = []
    pending: list[tuple[Pointer, Any]] = [(("spec",), obj.get("spec"))]
    while pending:
        pointer, node = pending.pop(0)
        where = ".".join(str(part) for part in pointer)
        if isinstance(node, list):
            pending += [((*pointer, i), item) for i, item in enumerate(node)]
        elif isinstance(node, dict):
            if _is_block(node.get("extensions")):
                messages.append(f"{where}: 'extensions' is not read in a {obj.get('kind')}; {advice}")
            messages += [f"{where}: {m}" for m in annotation.unread(node, advice, is_read=pointer == read)]
            pending += [((*pointer, key), item) for key, item in node.items()]
    return messages


def _is_block(value: object) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) and "name" in item for item in value)
