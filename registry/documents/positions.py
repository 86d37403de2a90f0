"""Line and column of what stands in a YAML text, for messages. Pure."""

from collections.abc import Iterator
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

from registry.documents.reader import MAX_DEPTH, is_plain

_Path: TypeAlias = tuple[str | int, ...]

_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class Position(NamedTuple):
    """From 1, as editors count."""

    line: int
    column: int


class Outline:
    """Where the parts of a text's first document are, as far as it can be read.

    Attributes:
        trouble: Where it cannot be read any further.
        repeated: Keys that stand twice in one map, in the order of ``documents.Document.repeated``.
        anchor: The first anchor.
    """

    def __init__(self, text: str) -> None:
        self._places: dict[_Path, Position] = {}
        self.trouble: Position | None = None
        self.repeated: list[Position] = []
        self.anchor: Position | None = None
        events = yaml.parse(text, Loader=_LOADER)
        try:
            event = next(events)
            while isinstance(event, (StreamStartEvent, DocumentStartEvent)):
                event = next(events)
            self._value(event, (), events)
        except _TooDeepError as e:
            self.trouble = e.position
        except (yaml.YAMLError, UnicodeError) as e:
            if mark := getattr(e, "problem_mark", None):
                # To libyaml the end of a text is a line of its own.
                end = text.rstrip().split("\n")
                self.trouble = min(Position(mark.line + 1, mark.column + 1), Position(len(end), len(end[-1]) + 1))

    def of(self, path: _Path) -> Position:
        """The key or item at *path*; the closest above it, if there is nothing."""
        while path and path not in self._places:
            path = path[:-1]
        return self._places.get(path, Position(1, 1))

    def _value(self, event: Event, path: _Path, events: Iterator[Event]) -> None:
        position = _position(event)
        self._places.setdefault(path, position)
        if len(path) >= MAX_DEPTH and not isinstance(event, ScalarEvent):
            raise _TooDeepError(position)
        if getattr(event, "anchor", None) is not None:
            self.anchor = self.anchor or position
        if isinstance(event, SequenceStartEvent):
            i = 0
            while not isinstance(item := next(events), SequenceEndEvent):
                self._value(item, (*path, i), events)
                i += 1
        elif isinstance(event, MappingStartEvent):
            self._mapping(path, events)

    def _mapping(self, path: _Path, events: Iterator[Event]) -> None:
        seen = set()
        while not isinstance(key := next(events), MappingEndEvent):
            position = _position(key)
            name = key.value if isinstance(key, ScalarEvent) else ""
            own = (*path, name)
            if not isinstance(key, ScalarEvent):
                self._value(key, own, events)
            self._places[own] = position
            self._value(next(events), own, events)
            if name in seen and not _merges(key):
                self.repeated.append(position)
            seen.add(name)


class _TooDeepError(Exception):
    def __init__(self, position: Position) -> None:
        self.position = position


def _merges(key: Event) -> bool:
    return isinstance(key, ScalarEvent) and key.value == "<<" and is_plain(key)


def _position(event: Any) -> Position:
    return Position(event.start_mark.line + 1, event.start_mark.column + 1)
