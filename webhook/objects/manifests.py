"""YAML and JSON streams of objects, read as kubectl reads them and written so that it reads the same. Pure.

kubectl turns YAML into JSON with YAML 1.1's types (sigs.k8s.io/yaml): ``y`` is true, ``1.10`` is the number 1.1, and
dates stay text.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
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

from registry.documents import reader
from registry.documents.events import is_plain

_DUMPER = getattr(yaml, "CDumper", yaml.Dumper)
_SEPARATOR = re.compile(r"---(?:[ \t\r\n]|\Z)")
_HEAD = re.compile(r"[ \t]*(?:#.*)?\r?\n?\Z|%")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
}
_INTEGER = re.compile(r"[-+]?(?:0[bB][01_]+|0[xX][0-9a-fA-F_]+|0[oO]?[0-7_]+|[1-9][0-9_]*|0)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?")
_NUMERIC = frozenset("+-.0123456789")
# kubectl reads it as text, other readers as a date or a base-60 number.
_DATE = re.compile(r"[0-9][0-9:TtZz .+-]*")


@dataclass(frozen=True, slots=True)
class Chunk:
    """The text of one document of a stream, with what stands before it; all chunks together are the stream."""

    text: str
    line: int  # from 1


def chunks(lines: Iterable[str]) -> Iterator[Chunk]:
    """Cut a stream into its documents, holding no more than one of them."""
    held: list[str] = []
    start = line = 1
    has_content = False
    for text in lines:
        is_separator = text.startswith("---") and _SEPARATOR.match(text) is not None
        if is_separator and has_content:
            yield Chunk("".join(held), start)
            held, start, has_content = [], line, False
        held.append(text)
        has_content = has_content or (not is_separator and not _HEAD.match(text)) or _has_more(text, is_separator)
        line += 1
    if held:
        yield Chunk("".join(held), start)


def _has_more(text: str, is_separator: bool) -> bool:
    return is_separator and bool(text[3:].strip()) and not text[3:].lstrip().startswith("#")


def head(text: str) -> str:
    """The comments and the separator before a document's content, to put before what replaces it."""
    kept: list[str] = []
    for line in text.splitlines(keepends=True):
        is_separator = _SEPARATOR.match(line) is not None
        if _has_more(line, is_separator):
            return "".join([*kept, "---\n"])
        if not is_separator and not _HEAD.match(line):
            break
        kept.append(line)
    return "".join(kept)


def load(text: str) -> Iterator[reader.Document]:
    """The documents of *text* with the values that kubectl would send."""
    return reader.read(text, value_of)


def value_of(event: ScalarEvent) -> Any:
    """The JSON value of a YAML scalar."""
    if is_plain(event) or (event.tag or "").endswith((":int", ":float", ":bool", ":null")):
        return resolved(event.value)
    return event.value


def resolved(plain: str) -> Any:
    """The JSON value of an unquoted YAML 1.1 scalar, as sigs.k8s.io/yaml has it."""
    if len(plain) <= 5 and plain in _WORDS:
        return _WORDS[plain]
    if plain[:1] not in _NUMERIC:
        return plain
    digits = plain.replace("_", "")
    if _INTEGER.fullmatch(plain) and (integer := _integer(digits)) is not None:
        return integer
    if _FLOAT.fullmatch(plain) and math.isfinite(number := float(digits)):
        return number
    return plain


def _integer(digits: str) -> int | None:
    """The number, if it has at most 64 bits; else it is a float, or text."""
    unsigned = digits.lstrip("+-")
    if len(unsigned) > len("0b") + 64:
        return None
    if re.fullmatch(r"0[0-7]+", unsigned):
        unsigned = "0o" + unsigned
    number = int(unsigned, 0)
    number = -number if digits.startswith("-") else number
    return number if -(2**63) <= number < 2**64 else None


def dump(obj: Any) -> str:
    """*obj* as one YAML document that kubectl reads back the same."""
    events: list[Event] = [StreamStartEvent(), DocumentStartEvent(explicit=False)]
    _append(events, obj)
    events += [DocumentEndEvent(explicit=False), StreamEndEvent()]
    text: str = yaml.emit(events, Dumper=_DUMPER, allow_unicode=True, width=2**30)
    return text


def dump_json(obj: Any) -> str:
    """*obj* as indented JSON."""
    return json.dumps(obj, indent=2, ensure_ascii=False) + "\n"


def _append(events: list[Event], value: Any) -> None:
    if isinstance(value, str):
        events.append(_text(value))
    elif isinstance(value, dict):
        events.append(MappingStartEvent(None, None, implicit=True, flow_style=not value))
        for key, item in value.items():
            events.append(_text(str(key)))
            _append(events, item)
        events.append(MappingEndEvent())
    elif isinstance(value, list):
        events.append(SequenceStartEvent(None, None, implicit=True, flow_style=not value))
        for item in value:
            _append(events, item)
        events.append(SequenceEndEvent())
    else:
        events.append(ScalarEvent(None, None, (True, True), json.dumps(value)))


def _text(value: str) -> Event:
    style = "|" if "\n" in value else '"' if _looks_typed(value) else None
    return ScalarEvent(None, None, (style is None, True), value, style=style)


def _looks_typed(value: str) -> bool:
    """True if some reader would take *value*, unquoted, for something else than text."""
    if value[:1] in _NUMERIC:
        return not isinstance(resolved(value), str) or _DATE.fullmatch(value) is not None
    return value in _WORDS or value in ("<<", "=")
