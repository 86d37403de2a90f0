"""YAML or JSON text -> plain data, and the line of each value. Pure.

Built on the parser's events instead of PyYAML's own loaders: those are ten times as slow, crash the process
on deep nesting, expand aliases without limit and keep the last of two equal keys in silence.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from registry.errors import Problem

Path: TypeAlias = Sequence[str | int]
Scalar: TypeAlias = Callable[[ScalarEvent], Any]

# libyaml where the wheel has it.
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
MAX_DEPTH = 64
# Aliases make a small text large ("billion laughs"); no honest document repeats this many values.
MAX_COPIED = 1_000_000
# What stands for "nothing" when it is not in quotes.
NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_MERGE = object()
# In JSON's strings: characters that YAML refuses or takes for a line break, and escapes; of these, the pairs
# that stand for one character.
_JSON_ONLY = re.compile(
    r"[\t\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]|\\(?:u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})|.)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a stream.

    Attributes:
        content: What it holds; not to be used if there are *problems*.
        line: The line, from 1, on which it begins.
        number: Its place in the stream, from 0, empty documents counted.
        repeated: Keys that stand twice in one map; the last one counted.
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
        ValueError: YAML would take away a part of it, such as ``!abc``.
    """
    if event.tag not in (None, "!") and not event.tag.startswith("tag:yaml.org,2002:"):
        raise ValueError("YAML takes what begins with '!' for a type; put it in quotes")
    if event.anchor is not None and not event.value:
        raise ValueError("YAML takes what begins with '&' for an anchor; put it in quotes")
    return str(event.value)


def is_plain(event: ScalarEvent) -> bool:
    """Whether a scalar has no quotes, block style or tag, so that its look may give it a type."""
    return bool(event.implicit[0])


def read(text: str, scalar: Scalar = as_typed) -> Iterator[Document]:
    """Each document of *text* that is not empty. Never raises: what is wrong is in ``Document.problems``.

    Args:
        text: YAML or JSON.
        scalar: Gives the value of a scalar.
    """
    builder = _Builder(scalar)
    for number, events in enumerate(_documents(text)):
        if isinstance(events, Problem):
            yield Document(None, events.line, number, (events,))
        elif not _is_empty(events):
            yield builder.build(events, number)


def locate(text: str, places: Sequence[tuple[int, Path]]) -> list[int]:
    """Lines, from 1, of what is at each of *places*, a document's number and a path in it.

    Where there is nothing, it is the line of the closest above it. One pass over *text*, however many are asked for.
    """
    lines = [0] * len(places)
    asked: dict[int, list[int]] = defaultdict(list)
    for i, (number, _) in enumerate(places):
        asked[number].append(i)
    for number, events in enumerate(_documents(text)):
        if number in asked and not isinstance(events, Problem):
            root = _outline(iter(events))
            for i in asked[number]:
                lines[i] = _line_at(root, places[i][1])
    return lines


def _documents(text: str) -> Iterator[list[Event] | Problem]:
    """The events of each document; a problem ends the stream."""
    events: list[Event] = []
    depth = 0
    source = _source(text)
    try:
        for event in yaml.parse(source, Loader=_LOADER):
            kind = type(event)
            if kind is StreamStartEvent or kind is StreamEndEvent or kind is DocumentStartEvent:
                continue
            if kind is DocumentEndEvent:
                yield events
                events = []
                continue
            if kind is MappingStartEvent or kind is SequenceStartEvent:
                depth += 1
                if depth > MAX_DEPTH:
                    yield Problem(f"nested deeper than {MAX_DEPTH} levels", line=_line(event))
                    return
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                depth -= 1
            events.append(event)
    except (yaml.YAMLError, UnicodeError) as e:
        yield _syntax_problem(e, source)


def _source(text: str) -> str:
    """*text* as the YAML parser takes it: JSON allows in strings, and around them, what YAML does not."""
    if text.lstrip()[:1] not in ("{", "["):
        return text
    try:
        json.loads(text, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return text
    return _JSON_ONLY.sub(_as_yaml, text)


def _as_yaml(found: re.Match[str]) -> str:
    character = found[0]
    if found[1]:
        return (bytes.fromhex(found[1]) + bytes.fromhex(found[2])).decode("utf-16-be")
    if character == "\t":
        return " "
    return character if character[0] == "\\" else f"\\u{ord(character):04x}"


def _syntax_problem(error: Exception, text: str) -> Problem:
    mark = getattr(error, "problem_mark", None)
    position = getattr(error, "position", None)
    line = 0
    if mark is not None:
        # To libyaml the end of a text is a line of its own.
        line = min(mark.line, text.rstrip().count("\n")) + 1
    elif position is not None:
        # libyaml counts bytes.
        line = text.encode("utf-8", "surrogatepass")[:position].count(b"\n") + 1
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read"
    return Problem(f"no valid YAML: {what}", line=line)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _is_empty(events: list[Event]) -> bool:
    first = events[0]
    return type(first) is ScalarEvent and is_plain(first) and first.value in NULLS


class _UnboundedError(Exception):
    """Aliases make a document larger or deeper than is allowed."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem


class _Anchor(NamedTuple):
    """What an anchor stands for, how many values that are, and how deep."""

    value: Any
    nodes: int
    height: int


class _Builder:
    """Puts the values of one document together, noting what is wrong on the way."""

    def __init__(self, scalar: Scalar) -> None:
        self._scalar = scalar

    def build(self, events: list[Event], number: int) -> Document:
        self._problems: list[Problem] = []
        self._repeated: list[Problem] = []
        self._item_lines: list[int] = []
        self._anchors: dict[str, _Anchor] = {}
        self._nodes = self._copied = self._depth = self._deepest = 0
        self._events = iter(events)
        line = _line(events[0])
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
                self._problems.append(Problem(str(e), line=_line(event)))
                value = ""
            if event.anchor is not None:
                self._anchors[event.anchor] = _Anchor(value, 1, 0)
            return value
        return self._alias(event) if isinstance(event, AliasEvent) else self._collection(event)

    def _alias(self, event: Any) -> Any:
        """A copy: an alias and its anchor are edited apart."""
        anchor = self._anchors.get(event.anchor)
        if anchor is None:
            # Not by its name: it may be a password that begins with an asterisk.
            message = "an alias stands for nothing; put text that begins with '*' in quotes"
            self._problems.append(Problem(message, line=_line(event)))
            return None
        self._nodes += anchor.nodes
        self._copied += anchor.nodes
        self._deepest = max(self._deepest, self._depth + anchor.height)
        if self._copied > MAX_COPIED:
            raise _UnboundedError(Problem("aliases make it too large", line=_line(event)))
        if self._deepest > MAX_DEPTH:
            raise _UnboundedError(Problem(f"aliases nest it deeper than {MAX_DEPTH} levels", line=_line(event)))
        return deepcopy(anchor.value)

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
                self._item_lines.append(_line(event))
            items.append(self._value(event))
        return items

    def _mapping(self) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        while type(event := next(self._events)) is not MappingEndEvent:
            key = self._key(event)
            value = self._value(next(self._events))
            if key is _MERGE:
                self._merge(merged, value, _line(event))
            else:
                if key in own:
                    self._repeated.append(Problem(f"{key!r} stands twice in this map", line=_line(event)))
                own[key] = value
        return {**merged, **own} if merged else own

    def _key(self, event: Event) -> Any:
        """A key's text: what a key looks like, it is a string in JSON."""
        if type(event) is ScalarEvent:
            if event.value == "<<" and is_plain(event):
                return _MERGE
            if event.anchor is not None:
                self._anchors[event.anchor] = _Anchor(event.value, 1, 0)
            return event.value
        key = self._value(event)
        if not isinstance(key, str):
            self._problems.append(Problem("a key must be text", line=_line(event)))
        return str(key)

    def _merge(self, into: dict[str, Any], value: Any, line: int) -> None:
        """YAML 1.1 merge key: an earlier map wins over a later one, the map's own keys over all."""
        for source in value if isinstance(value, list) else [value]:
            if isinstance(source, dict):
                into.update({k: v for k, v in source.items() if k not in into})
            else:
                self._problems.append(Problem("'<<' merges maps only", line=line))


class _Place(NamedTuple):
    """The line of a key or an item, and what is below it."""

    line: int
    below: dict[str | int, "_Place"]


def _outline(events: Iterator[Event]) -> _Place:
    event = next(events)
    return _Place(_line(event), _below(event, events))


def _below(event: Event, events: Iterator[Event]) -> dict[str | int, _Place]:
    """Read the value that begins with *event* to its end."""
    below: dict[str | int, _Place] = {}
    if type(event) is SequenceStartEvent:
        while type(item := next(events)) is not SequenceEndEvent:
            below[len(below)] = _Place(_line(item), _below(item, events))
    elif type(event) is MappingStartEvent:
        while type(key := next(events)) is not MappingEndEvent:
            _below(key, events)
            place = _Place(_line(key), _below(next(events), events))
            if type(key) is ScalarEvent:
                below[key.value] = place
    return below


def _line_at(place: _Place, path: Path) -> int:
    for part in path:
        if part not in place.below:
            break
        place = place.below[part]
    return place.line
