"""Objects as YAML and JSON, read as kubectl reads them and written so that it reads the same. Pure."""

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

from registry.documents import reader
from registry.documents.kubectl_types import NUMERIC, WORDS, key_of, resolved, value_of

_DUMPER = getattr(yaml, "CDumper", yaml.Dumper)
# kubectl reads it as text, other readers as a date or a base-60 number.
_DATE = re.compile(r"[0-9][0-9:TtZz .+-]*")


def load(text: str) -> Iterator[reader.Document]:
    """The documents of *text* with the keys and values that kubectl would send."""
    return reader.read(text, value_of, key_of)


def load_values(text: str) -> Iterator[reader.Document]:
    """The documents of *text*, which we read ourselves: with kubectl's values, and with keys as they were typed."""
    return reader.read(text, value_of)


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
    if value[:1] in NUMERIC:
        return not isinstance(resolved(value), str) or _DATE.fullmatch(value) is not None
    return value in WORDS or value in ("<<", "=")
