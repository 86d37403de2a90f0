"""Definitions, which runs refer to: selectors are not read in them, and are not passed over in silence. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.adapters.step import Engine, Kind, Layout, Pointer, Region


def tekton(obj: Mapping[str, Any]) -> Layout:
    """What a Tekton definition asks for in vain."""
    return _layout(obj, Engine.TEKTON, "PipelineRun or TaskRun")


def argo(obj: Mapping[str, Any]) -> Layout:
    """What an Argo definition asks for in vain."""
    return _layout(obj, Engine.ARGO, "Workflow")


def _layout(obj: Mapping[str, Any], engine: Engine, run: str) -> Layout:
    advice = f"selectors are read in a run: write them into inline steps of a {run}"
    misplaced = tuple(f"{where}: 'extensions' is not read in a {obj.get('kind')}; {advice}" for where in _blocks(obj))
    return Layout(engine, (), {("spec",): Region("spec", (), Kind.OTHER)}, misplaced)


def _blocks(obj: Mapping[str, Any]) -> Iterator[str]:
    """Where, below ``spec``, there is a list ``extensions`` of maps with names: a block, not a field of the engine."""
    pending: list[tuple[Pointer, Any]] = [(("spec",), obj.get("spec"))]
    while pending:
        pointer, node = pending.pop(0)
        if isinstance(node, list):
            pending += [((*pointer, i), item) for i, item in enumerate(node)]
        elif isinstance(node, dict):
            if _is_block(node.get("extensions")):
                yield ".".join(str(part) for part in pointer)
            pending += [((*pointer, key), item) for key, item in node.items()]


def _is_block(value: object) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) and "name" in item for item in value)
