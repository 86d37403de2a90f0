"""Line and column of the values in a YAML text, for messages. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import yaml
from yaml.events import (
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamStartEvent,
)

from registry.documents.events import LOADER, MAX_DEPTH, document_events, is_plain, line_of
from registry.documents.kubectl_types import as_key
from registry.errors import Problem

Path: TypeAlias = Sequence[str | int]


class Position(NamedTuple):
    """From 1, as editors count."""

    line: int
    column: int


def locate(text: str, places: Sequence[tuple[int, Path]]) -> list[int]:
    """The lines, from 1, of *places*, each a document's number and a path in it; 0 in a document that is not read.

    A path that leads nowhere has the line of the closest value above it. However many places there are, *text* is read
    once.
    """
    lines = [0] * len(places)
    wanted: dict[int, list[int]] = defaultdict(list)
    for i, (number, _) in enumerate(places):
        wanted[number].append(i)
    for number, events in enumerate(document_events(text)):
        if number in wanted and not isinstance(events, Problem):
            walk = _Walk(events)
            walk.to_end()
            for i in wanted[number]:
                lines[i] = walk.position(places[i][1]).line
    return lines


class Outline:
    """Where the values of a text's first document are, as far as the text can be read.

    Attributes:
        trouble: Where it cannot be read any further.
        repeated: Keys that occur twice in one map, in the order of ``reader.Document.repeated``.
        anchor: The first anchor.
    """

    def __init__(self, text: str) -> None:
        self._walk = _Walk(yaml.parse(text, Loader=LOADER))
        self.trouble: Position | None = None
        try:
            self._walk.to_end()
        except _TooDeepError as e:
            self.trouble = e.position
        except (yaml.YAMLError, UnicodeError) as e:
            if mark := getattr(e, "problem_mark", None):
                # libyaml counts the end of a text as a line of its own.
                end = text.rstrip().split("\n")
                self.trouble = min(Position(mark.line + 1, mark.column + 1), Position(len(end), len(end[-1]) + 1))
        self.repeated = self._walk.repeated
        self.anchor = self._walk.anchor

    def of(self, path: Path) -> Position:
        """The position of the key or item at *path*, or of the closest value above it."""
        return self._walk.position(path)


@dataclass(slots=True)
class _Node:
    """The event at which a key or an item begins, and what is below it.

    Attributes:
        converted: What is below keys that kubectl converts, by what it makes of them: ``true`` for ``on``.
    """

    event: Event
    below: dict[str | int, "_Node"] = field(default_factory=dict)
    converted: dict[str | int, "_Node"] = field(default_factory=dict)


class _TooDeepError(Exception):
    """The text is nested deeper than is allowed."""

    def __init__(self, position: Position) -> None:
        self.position = position


class _Walk:
    """One walk through the first document of *events*. What it has found is kept if the events end in an error."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._events: Iterator[Event] = iter(events)
        self._root: _Node | None = None
        self.repeated: list[Position] = []
        self.anchor: Position | None = None

    def to_end(self) -> None:
        """Walk to the end of the document.

        Raises:
            _TooDeepError: It is nested deeper than MAX_DEPTH.
            YAMLError, UnicodeError: The events end in an error.
        """
        event = next(self._events)
        while isinstance(event, (StreamStartEvent, DocumentStartEvent)):
            event = next(self._events)
        self._root = _Node(event)
        self._value(event, self._root, 0)

    def position(self, path: Path) -> Position:
        """The position of what is at *path*, or of the closest value above it."""
        node = self._root
        if node is None:
            return Position(1, 1)
        for part in path:
            below = node.below.get(part) or node.converted.get(part)
            if below is None:
                break
            node = below
        return _position(node.event)

    def _value(self, event: Event, node: _Node, depth: int) -> None:
        """Walk to the end of the value that begins with *event*, and add what is in it to *node*."""
        kind = type(event)
        is_collection = kind is MappingStartEvent or kind is SequenceStartEvent
        if is_collection and depth >= MAX_DEPTH:
            raise _TooDeepError(_position(event))
        if self.anchor is None and getattr(event, "anchor", None) is not None:
            self.anchor = _position(event)
        if kind is SequenceStartEvent:
            while type(item := next(self._events)) is not SequenceEndEvent:
                below = node.below[len(node.below)] = _Node(item)
                self._value(item, below, depth + 1)
        elif kind is MappingStartEvent:
            self._mapping(node, depth)

    def _mapping(self, node: _Node, depth: int) -> None:
        while type(key := next(self._events)) is not MappingEndEvent:
            value = _Node(key)
            if isinstance(key, ScalarEvent):
                if key.value in node.below and not _merges(key):
                    self.repeated.append(_position(key))
                node.below[key.value] = value
                if (converted := as_key(key)) != key.value:
                    node.converted[converted] = value
            else:
                self._value(key, _Node(key), depth + 1)
            self._value(next(self._events), value, depth + 1)


def _merges(key: ScalarEvent) -> bool:
    return key.value == "<<" and is_plain(key)


def _position(event: Any) -> Position:
    return Position(line_of(event), event.start_mark.column + 1)
