"""Plain data -> YAML that kubectl, and any other reader, reads back the same. Pure."""

import json
import re
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

from registry.documents.kubectl_types import NUMERIC, WORDS, resolved

_DUMPER = getattr(yaml, "CDumper", yaml.Dumper)
# kubectl reads it as text, other readers as a date or a base-60 number.
_DATE = re.compile(r"[0-9][0-9:TtZz .+-]*")


def dump(obj: Any) -> str:
    """*obj* as one YAML document that kubectl reads back the same."""
    events: list[Event] = [StreamStartEvent(), DocumentStartEvent(explicit=False)]
    _append(events, obj)
    events += [DocumentEndEvent(explicit=False), StreamEndEvent()]
    text: str = yaml.emit(events, Dumper=_DUMPER, allow_unicode=True, width=2**30)
    return text


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
