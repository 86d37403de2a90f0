"""YAML or JSON text -> plain data, and the line of each value. Pure.

Built on the parser's events instead of PyYAML's own loaders: those are ten times as slow, crash the process
on deep nesting, expand aliases without limit and silently keep the last of two equal keys.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from yaml.events import (
    AliasEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from registry.documents.copying import copied
from registry.documents.events import MAX_DEPTH, document_events, is_plain, line_of
from registry.errors import Problem

Scalar: TypeAlias = Callable[[ScalarEvent], Any]
Key: TypeAlias = Callable[[ScalarEvent], str]

# Aliases make a small text large ("billion laughs"); no honest document repeats this many values.
MAX_COPIED = 1_000_000
# What means "nothing" when it is not in quotes.
NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_MERGE = object()


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a stream.

    Attributes:
        content: What it holds; not to be used if there are *problems*.
        line: The line, from 1, on which it begins.
        number: Its place in the stream, from 0, empty documents counted.
        repeated: Keys that occur twice in one map; the last one counts.
        item_lines: The line of each item, if the content is a list.
    """

    content: Any = field(repr=False)
    line: int
    number: int
    problems: tuple[Problem, ...] = ()
    repeated: tuple[Problem, ...] = ()
    item_lines: tuple[int, ...] = ()


def as_typed(event: ScalarEvent) -> str:
    """The text that was typed: ``INSECURE: False`` is ``False``, ``version: 1.10`` is ``1.10``.

    Raises:
        ValueError: YAML would drop a part of it, such as ``!abc``.
    """
    if event.tag not in (None, "!") and not event.tag.startswith("tag:yaml.org,2002:"):
        raise ValueError("YAML reads what begins with '!' as a type; put it in quotes")
    if event.anchor is not None and not event.value:
        raise ValueError("YAML reads what begins with '&' as an anchor; put it in quotes")
    return str(event.value)


def key_as_typed(event: ScalarEvent) -> str:
    """The text that was typed as a key, whatever it looks like: JSON knows no other keys."""
    return str(event.value)


def read(text: str, scalar: Scalar = as_typed, key: Key = key_as_typed) -> Iterator[Document]:
    """Each document of *text* that is not empty. Never raises: what is wrong is in ``Document.problems``.

    Args:
        text: YAML or JSON.
        scalar: Gives the value of a scalar.
        key: Gives the key for a scalar.
    """
    builder = _Builder(scalar, key)
    for number, events in enumerate(document_events(text)):
        if isinstance(events, Problem):
            yield Document(None, events.line, number, (events,))
        elif not _is_empty(events):
            yield builder.build(events, number)


def _is_empty(events: list[Event]) -> bool:
    first = events[0]
    return type(first) is ScalarEvent and is_plain(first) and first.value in NULLS


class _UnboundedError(Exception):
    """Aliases make a document larger or deeper than is allowed."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem


class _Anchor(NamedTuple):
    """The value that an anchor names, the number of values in it, and how deep they are nested."""

    value: Any
    nodes: int
    height: int


class _Builder:
    """Builds the values of one document and collects what is wrong with it."""

    def __init__(self, scalar: Scalar, key: Key) -> None:
        self._scalar = scalar
        self._key_of = key

    def build(self, events: list[Event], number: int) -> Document:
        self._problems: list[Problem] = []
        self._repeated: list[Problem] = []
        self._item_lines: list[int] = []
        self._anchors: dict[str, _Anchor] = {}
        self._nodes = self._copied = self._depth = self._deepest = 0
        self._events = iter(events)
        line = line_of(events[0])
        try:
            content = self._value(next(self._events))
        except _UnboundedError as e:
            return Document(None, line, number, (e.problem,))
        return Document(content, line, number, tuple(self._problems), tuple(self._repeated), tuple(self._item_lines))

    def _value(self, event: Event) -> Any:
        self._nodes += 1
        if isinstance(event, ScalarEvent):
            try:
                value = self._scalar(event)
            except ValueError as e:
                self._problems.append(Problem(str(e), line=line_of(event)))
                value = ""
            if event.anchor is not None:
                self._anchors[event.anchor] = _Anchor(value, 1, 0)
            return value
        return self._alias(event) if isinstance(event, AliasEvent) else self._collection(event)

    def _alias(self, event: Any) -> Any:
        """A copy of the anchor's value, so that the two can be edited independently."""
        anchor = self._anchors.get(event.anchor)
        if anchor is None:
            # Its name is not shown: it may be a password that begins with an asterisk.
            message = "an alias refers to no anchor; put text that begins with '*' in quotes"
            self._problems.append(Problem(message, line=line_of(event)))
            return None
        self._nodes += anchor.nodes
        self._copied += anchor.nodes
        self._deepest = max(self._deepest, self._depth + anchor.height)
        if self._copied > MAX_COPIED:
            raise _UnboundedError(Problem("aliases make it too large", line=line_of(event)))
        if self._deepest > MAX_DEPTH:
            raise _UnboundedError(Problem(f"aliases nest it deeper than {MAX_DEPTH} levels", line=line_of(event)))
        return copied(anchor.value)

    def _collection(self, event: Any) -> Any:
        nodes, deepest = self._nodes, self._deepest
        self._depth += 1
        self._deepest = self._depth
        value = self._mapping() if type(event) is MappingStartEvent else self._sequence()
        if event.anchor is not None:
            height = self._deepest - self._depth + 1
            self._anchors[event.anchor] = _Anchor(value, self._nodes - nodes + 1, height)
        self._deepest = max(self._deepest, deepest)
        self._depth -= 1
        return value

    def _sequence(self) -> list[Any]:
        items = []
        while type(event := next(self._events)) is not SequenceEndEvent:
            if self._depth == 1:
                self._item_lines.append(line_of(event))
            items.append(self._value(event))
        return items

    def _mapping(self) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        while type(event := next(self._events)) is not MappingEndEvent:
            key = self._key(event)
            value = self._value(next(self._events))
            if key is _MERGE:
                self._merge(merged, value, line_of(event))
            else:
                if key in own:
                    self._repeated.append(Problem(f"{key!r} occurs twice in this map", line=line_of(event)))
                own[key] = value
        return {**merged, **own} if merged else own

    def _key(self, event: Event) -> Any:
        if type(event) is ScalarEvent:
            if event.value == "<<" and is_plain(event):
                return _MERGE
            if event.anchor is not None:
                self._anchors[event.anchor] = _Anchor(event.value, 1, 0)
            try:
                return self._key_of(event)
            except ValueError as e:
                self._problems.append(Problem(str(e), line=line_of(event)))
                return event.value
        key = self._value(event)
        if not isinstance(key, str):
            self._problems.append(Problem("a key must be text", line=line_of(event)))
        return str(key)

    def _merge(self, into: dict[str, Any], value: Any, line: int) -> None:
        """Apply YAML 1.1's merge key: an earlier map wins over a later one, the map's own keys win over all."""
        for source in value if isinstance(value, list) else [value]:
            if isinstance(source, dict):
                into.update({k: v for k, v in source.items() if k not in into})
            else:
                self._problems.append(Problem("'<<' merges maps only", line=line))
