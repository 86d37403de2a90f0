"""``extensions:`` blocks -> selectors. Pure."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from registry.errors import InvalidSelectorError
from registry.resolving import selectors
from registry.resolving.selectors import Selector
from webhook.adapters.layout import Finding, Layout
from webhook.adapters.step import Block, Step
from webhook.objects.walk import Pointer


class Asked(NamedTuple):
    """A selector of a step.

    Attributes:
        block: Where it stands.
        replaced: Those of the same name at lower levels that ask for something else, and where they stand.
    """

    selector: Selector
    block: Block
    replaced: tuple[tuple[Block, Selector], ...] = ()


class Replacement(NamedTuple):
    """Where a selector stands that replaces others, and these, each with its place."""

    where: str
    replaced: tuple[tuple[str, Selector], ...]


class BlockReader:
    """Reads the blocks of an object; one that several steps share is read, and refused, once.

    Attributes:
        refused: Names of selectors for which there are findings.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._read: dict[Pointer, list[Selector]] = {}
        self._parsed_before: dict[bytes, Selector] = {}
        self.refused: set[str] = set()
        self.findings: list[Finding] = [Finding("", message) for message in layout.misplaced]
        self.findings += layout.annotations.problems

    @property
    def count(self) -> int:
        """How many different selectors have been read."""
        return len(self._parsed_before)

    def selectors_of(self, step: Step) -> tuple[Selector, ...]:
        """The selectors of *step*, by any of its blocks; of those with one name, that of the upper level."""
        return tuple(asked.selector for asked in self.asked_of(step))

    def asked_of(self, step: Step) -> tuple[Asked, ...]:
        """The same, each with the selectors that it replaces."""
        if len(step.blocks) == 1:  # A block has each name once.
            (block,) = step.blocks
            return tuple(Asked(selector, block) for selector in self._selectors(block))
        named: dict[str, list[tuple[Block, Selector]]] = {}
        for block in step.blocks:
            for selector in self._selectors(block):
                same = named.setdefault(selector.name, [])
                if any(block.level == other.level and selector != first for other, first in same):
                    message = f"two selectors are named {selector.name!r}; give one another name"
                    self.findings.append(Finding(step.where, message, block.pointer))
                same.append((block, selector))
        return tuple(self._asked(same) for same in named.values())

    def _asked(self, same: Sequence[tuple[Block, Selector]]) -> Asked:
        block, selector = same[0] if len(same) == 1 else min(same, key=lambda pair: pair[0].level)
        lower = [pair for pair in same if pair[0].level > block.level and pair[1] != selector] if len(same) > 1 else []
        return Asked(selector, block, tuple(sorted(lower, key=lambda pair: pair[0].level)))

    def replacement(self, asked: Asked) -> Replacement:
        """What *asked* replaces, in words for people."""
        return Replacement(
            self._place_of(asked.block), tuple((self._place_of(block), selector) for block, selector in asked.replaced)
        )

    def _place_of(self, block: Block) -> str:
        """Where *block* stands: its part of the object, or its annotation with line and column."""
        annotation = self._layout.annotations.at(block.pointer)
        if annotation is not None:
            return annotation.finding(block.pointer, "").where
        region, rest = self._layout.region_of(block.pointer)
        return region.where_of(rest)

    def pointer_of(self, name: str, step: Step) -> Pointer:
        """Where the selector called *name* of *step* stands."""
        for block in step.blocks:
            for i, content in enumerate(block.content if isinstance(block.content, list) else ()):
                if isinstance(content, dict) and content.get("name") == name:
                    return (*block.pointer, i)
        return step.pointer

    def _selectors(self, block: Block) -> list[Selector]:
        if block.pointer not in self._read:
            self._read[block.pointer] = list(self._parsed(block))
        return self._read[block.pointer]

    def _parsed(self, block: Block) -> Iterable[Selector]:
        if not isinstance(block.content, list):
            if block.content is not None:
                self._find(block, (), "'extensions' must be a list of selectors")
            return
        names = set()
        for i, content in enumerate(block.content):
            given = content.get("name") if isinstance(content, dict) else None
            name = given if isinstance(given, str) else ""
            which = f"selector {name[:100]!r}" if name else f"extensions[{i}]"
            try:
                selector = self._parse(content)
            except InvalidSelectorError as e:
                if name:
                    self.refused.add(name)
                for problem in e.problems:
                    self._find(block, (i, *problem.path), f"{which}: {problem}")
                continue
            if selector.name in names:
                self._find(block, (i,), f"two selectors are named {selector.name!r}; give one another name")
                continue
            names.add(selector.name)
            yield selector

    def _find(self, block: Block, path: Pointer, message: str) -> None:
        pointer = (*block.pointer, *path)
        annotation = self._layout.annotations.at(pointer)
        if annotation is not None:
            self.findings.append(annotation.finding(pointer, message))
            return
        region, rest = self._layout.region_of(block.pointer)
        self.findings.append(Finding(region.where_of(rest[:-1]), message, pointer))

    def _parse(self, content: Any) -> Selector:
        """The selector of *content*; steps often ask for the same."""
        text = msgspec.json.encode(content)
        if text not in self._parsed_before:
            self._parsed_before[text] = selectors.parse(content)
        return self._parsed_before[text]
