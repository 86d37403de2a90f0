"""What an author has almost written as we read it, and what would so be passed over in silence. Pure.

Near misses of our annotations, of blocks and of expressions. Each finding begins with the right spelling: an API server
may cut what is longer than 120 characters.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from difflib import SequenceMatcher
from functools import cached_property, lru_cache
from typing import Any, Final

import renderer
from registry.resolving.selectors import CRITERIA
from webhook.adapters.annotations.names import meant_by
from webhook.adapters.layout import Annotation, Finding, Layout
from webhook.adapters.step import Engine, Kind
from webhook.objects.walk import Pointer, as_map, at, maps_in

# Mending these will show the next ones.
_MOST: Final = 20
_CRITERIA: Final = frozenset(CRITERIA) - {"zone", "version"}
_AFFIXES: Final = re.compile(r"(?i)^x[-_]|fuse-?ml|\.org$|\.io$|[-_./]")
_NAME: Final = re.compile(r"\bname[\"']?[ \t]*:[ \t]*[\"']?([A-Za-z0-9_-]{1,100})")
# The parts of an object where annotations are that engines copy; its own are looked at in any case.
_COPIED: Final[tuple[Pointer, ...]] = (
    ("spec", "template", "metadata"),
    ("spec", "jobTemplate", "spec", "template", "metadata"),
    ("spec", "podMetadata"),
    ("spec", "workflowMetadata"),
)


def find(obj: Mapping[str, Any], layout: Layout | None) -> list[Finding]:
    """All near misses in *obj*, at most ``_MOST``; where *layout* is None, those of annotations only."""
    return _Search(obj, layout).run()


def of_annotations(obj: Mapping[str, Any]) -> list[Finding]:
    """Those of the annotations of *obj* itself, and of the pods that it creates: a look that costs next to nothing."""
    places = (("metadata",), *_COPIED)
    return [f for place in places for f in _of_map(as_map(at(obj, place)).get("annotations"), place, None)]


def holds_block(document: Mapping[str, Any]) -> bool:
    """True if a step of *document* has what can only be meant as a block."""
    steps = [step for _, step in maps_in(document.get("steps"))]
    return any(_is_like_block(str(key)) and _holds_selectors(value) for step in steps for key, value in step.items())


class _Search:
    """One walk through an object."""

    def __init__(self, obj: Mapping[str, Any], layout: Layout | None) -> None:
        self._obj = obj
        self._layout = layout
        self._found: list[Finding] = []
        self._texts: list[tuple[Pointer, str]] = []
        self._names: set[str] = set()
        self._blocks: set[Pointer] = set()
        if layout is not None:
            self._names = {name for step in layout.steps for block in step.blocks for name in _names(block.content)}
            self._blocks = {block.pointer for step in layout.steps for block in step.blocks}

    @cached_property
    def _holders(self) -> set[Pointer]:
        """The parts of the object where an engine has fields of its own only: those on the way to a step."""
        layout = self._layout
        parts = (*(step.pointer for step in layout.steps), *layout.regions) if layout is not None else ()
        return {pointer[:end] for pointer in parts for end in range(1, len(pointer) + 1)}

    def run(self) -> list[Finding]:
        self._walk(self._obj, (), is_ours=self._layout is not None and not self._layout.annotated)
        if self._layout is not None:
            self._expressions(self._layout)
        return self._found[:_MOST]

    def _walk(self, node: Any, pointer: Pointer, *, is_ours: bool) -> None:
        """Look at all maps; what *is_ours* to read may hold blocks and expressions, too."""
        items = node.items() if type(node) is dict else enumerate(node) if type(node) is list else ()
        for key, value in items:
            kind = type(value)
            if kind is str:
                if is_ours and renderer.may_be_near(value):
                    self._texts.append(((*pointer, key), value))
            elif kind is dict or kind is list:
                way = (*pointer, key)
                if key == "extensions" and way in self._blocks:
                    continue
                if key in ("annotations", "labels") and isinstance(value, dict):
                    self._annotations(value, pointer)
                    continue
                if isinstance(key, str) and is_ours and self._is_block(key, value, pointer):
                    self._block(way, key, value)
                    continue
                self._walk(value, way, is_ours=is_ours or way == ("spec",))

    def _annotations(self, annotations: Mapping[Any, Any], pointer: Pointer) -> None:
        found = _of_map(annotations, pointer, self._layout)
        self._found += found
        for finding in found:
            self._names |= set(_NAME.findall(str(at(self._obj, finding.pointer))))

    def _is_block(self, key: str, value: Any, pointer: Pointer) -> bool:
        if key == "extensions" or not _is_like_block(key):
            return False
        if self._layout is not None and self._layout.region_of((*pointer, key))[0].kind is Kind.OPAQUE:
            return False
        # A document is known by its form only, and other tools have documents of that form.
        is_engines = self._layout is not None and self._layout.engine is not Engine.FUSEML
        return _holds_selectors(value) or (is_engines and pointer in self._holders)

    def _block(self, way: Pointer, key: str, value: Any) -> None:
        self._names |= set(_names(value))
        message = f"write extensions, not {key[:60]!r}: nothing is read there"
        self._found.append(Finding(_where(self._layout, way[:-1]), message, way))

    def _expressions(self, layout: Layout) -> None:
        for annotation in layout.annotations.read:
            self._names |= {name for _, entry in _entries(annotation) for name in _names(entry.get("extensions"))}
        for pointer, text in self._texts:
            for near in renderer.near_misses(text, self._names, braces=layout.braces):
                region, rest = layout.region_of(pointer)
                if region.kind is not Kind.OPAQUE and layout.annotations.at(pointer) is None:
                    self._found.append(Finding(region.where_of(rest), _of_expression(near), pointer))
        for annotation in layout.annotations.read:
            prefix = f"{annotation.where}: " if annotation.where else ""
            for near in renderer.near_misses(annotation.text, self._names):
                line = annotation.text.count("\n", 0, near.start) + 1
                column = near.start - annotation.text.rfind("\n", 0, near.start)
                where = f"{prefix}annotation {annotation.pointer[-1]}:{line}:{column}"
                self._found.append(Finding(where, _of_expression(near), annotation.pointer, line))


def _of_expression(near: renderer.NearMiss) -> str:
    written = "".join(c if c.isprintable() else " " for c in near.written)
    return f'write "{near.meant}", not "{written[:80]}", which stays as it is'


def _of_map(annotations: Any, pointer: Pointer, layout: Layout | None) -> list[Finding]:
    found = []
    for key, value in as_map(annotations).items():
        if isinstance(key, str) and (meant := meant_by(key[:320], value)):
            where = "" if pointer == ("metadata",) else _where(layout, pointer)
            message = f"annotation {key[:100]} is not read: write {meant}"
            found.append(Finding(where, message, (*pointer, "annotations", key)))
    return found


def _where(layout: Layout | None, pointer: Pointer) -> str:
    """Names the part at *pointer* for people."""
    if layout is not None:
        region, rest = layout.region_of(pointer)
        if region.kind is not Kind.OPAQUE:
            return region.where_of(rest)
    text = ""
    for part in pointer:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


@lru_cache(1024)
def _is_like_block(key: str) -> bool:
    word = _AFFIXES.sub("", key[:60]).lower()
    return SequenceMatcher(None, word, "extensions").ratio() >= 0.84


def _holds_selectors(value: Any) -> bool:
    """True if *value* can only be meant as selectors: a list of maps that have a name and a criterion of ours."""
    items = [item for _, item in maps_in(value)]
    return bool(items) and all("name" in item and _CRITERIA & item.keys() for item in items)


def _names(content: Any) -> Iterator[str]:
    yield from (item["name"] for _, item in maps_in(content) if isinstance(item.get("name"), str))


def _entries(annotation: Annotation) -> Collection[tuple[Any, Mapping[str, Any]]]:
    return [(key, entry) for key, entry in as_map(annotation.content).items() if isinstance(entry, dict)]
