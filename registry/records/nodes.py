"""Where the values of one document of YAML are in its text, so that some of them can be replaced. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from yaml.events import (
    AliasEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from registry.documents.events import line_of


@dataclass(slots=True)
class Node:
    """A value, and what it holds.

    Attributes:
        start: The event at which it begins.
        end: The event at which it ends; of a scalar the same one.
        pairs: The keys and values of a map.
        items: The items of a list.
    """

    start: Any
    end: Any = None
    pairs: list[tuple[Any, "Node"]] = field(default_factory=list)
    items: list["Node"] = field(default_factory=list)

    def get(self, name: str) -> "Node | None":
        """The value of the key *name*."""
        return next((value for key, value in self.pairs if key.value == name), None)

    @property
    def is_map(self) -> bool:
        """True if it is a map."""
        return isinstance(self.start, MappingStartEvent)

    @property
    def is_list(self) -> bool:
        """True if it is a list."""
        return isinstance(self.start, SequenceStartEvent)

    @property
    def is_scalar(self) -> bool:
        """True if it is a text, a number or the like."""
        return isinstance(self.start, ScalarEvent)

    @property
    def is_shared(self) -> bool:
        """True if other places of the document have the same value: by an anchor or an alias."""
        return isinstance(self.start, AliasEvent) or self.start.anchor is not None

    @property
    def is_block(self) -> bool:
        """True if it is a map in lines of its own."""
        return self.is_map and not self.start.flow_style

    @property
    def is_flow(self) -> bool:
        """True if it is in brackets."""
        return (self.is_map or self.is_list) and bool(self.start.flow_style)


class Edit(NamedTuple):
    """What is put in place of the text from *start* to *end*."""

    start: int
    end: int
    text: str


class UnsuitableError(Exception):
    """The text cannot be edited in place.

    Attributes:
        line: From 1, in the text; 0 = not known.
    """

    def __init__(self, message: str = "", line: int = 0) -> None:
        self.message = message
        self.line = line
        super().__init__(message)


def tree(event: Any, events: Iterator[Event]) -> Node:
    """The value that begins with *event*.

    Raises:
        UnsuitableError: A key is no scalar.
    """
    node = Node(event, event)
    if isinstance(event, SequenceStartEvent):
        while not isinstance(item := next(events), SequenceEndEvent):
            node.items.append(tree(item, events))
        node.end = item
    elif isinstance(event, MappingStartEvent):
        while not isinstance(key := next(events), MappingEndEvent):
            if not isinstance(key, ScalarEvent):
                raise UnsuitableError("a key is no plain text", line_of(key))
            node.pairs.append((key, tree(next(events), events)))
        node.end = key
    return node


def edited(text: str, edits: Iterable[Edit]) -> str:
    """*text* with *edits*, which do not overlap; those at one place come in their order."""
    ordered = sorted(enumerate(edits), key=lambda e: (e[1].start, e[1].end, e[0]), reverse=True)
    for _, edit in ordered:
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def quoted(value: str) -> str:
    """*value*, of one line, in YAML's double quotes."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
