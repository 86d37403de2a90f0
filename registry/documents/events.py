"""YAML or JSON text -> the parser's events, within limits, and what is wrong with the syntax. Pure."""

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml
from yaml.events import (
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

# libyaml where the wheel has it.
LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
MAX_DEPTH = 64
# The parser's words that nobody understands, and what would help.
_ADVICE = {"did not find expected <document start>": "expected '---' before another document"}
# In JSON's strings: characters that YAML refuses or reads as a line break, and escapes; among these the surrogate
# pairs that encode one character.
_JSON_ONLY = re.compile(
    r"[\t\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]|\\(?:u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})|.)", re.IGNORECASE
)


def is_plain(event: ScalarEvent) -> bool:
    """True if a scalar has no quotes, block style or tag, so that YAML may infer a type from its text."""
    return bool(event.implicit[0])


def line_of(event: Any) -> int:
    """The line, from 1, on which *event* begins."""
    return int(event.start_mark.line) + 1


def document_events(text: str) -> Iterator[list[Event] | Problem]:
    """The events of each document of YAML or JSON *text*; a problem ends the stream."""
    events: list[Event] = []
    depth = 0
    typed = source(text)
    try:
        for event in yaml.parse(typed, Loader=LOADER):
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
                    yield Problem(f"nested deeper than {MAX_DEPTH} levels", line=line_of(event))
                    return
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                depth -= 1
            events.append(event)
    except (yaml.YAMLError, UnicodeError) as e:
        yield _syntax_problem(e, typed)


def source(text: str) -> str:
    """*text* in the form that the YAML parser accepts: JSON allows in strings, and around them, what YAML does not."""
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
        # libyaml counts the end of a text as a line of its own.
        line = min(mark.line, text.rstrip().count("\n")) + 1
    elif position is not None:
        # libyaml counts bytes.
        line = text.encode("utf-8", "surrogatepass")[:position].count(b"\n") + 1
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read"
    return Problem(f"invalid YAML: {_ADVICE.get(what, what)}", line=line)
