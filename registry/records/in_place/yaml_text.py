"""Values of records -> YAML that every reader takes for the same text. Pure."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from yaml.events import ScalarEvent

from registry.documents.events import document_events, is_plain
from registry.documents.kubectl_types import as_key, value_of
from registry.documents.reader import NULLS
from registry.errors import Problem
from registry.records import codec
from registry.records.model import Extension

# Other readers take these for a date or a number of base 60, and this one for a number.
_DATE: Final = re.compile(r"[0-9][0-9:TtZz .+-]*")
# JSON leaves these as they are; YAML refuses them, or reads a line break.
_UNPRINTABLE: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_MARKERS: Final = ("<<", "=")


def text_of(extension: Extension) -> str:
    """*extension* as a file of its own."""
    return "".join(pair(key, value, 0) for key, value in codec.encode(extension).items())


def pair(key: str, value: Any, column: int, newline: str = "\n") -> str:
    """``key: value`` in lines that begin at *column*."""
    pad = " " * column
    head = f"{pad}{name(key)}:"
    if isinstance(value, Mapping) and value:
        return head + newline + "".join(pair(k, v, column + 2, newline) for k, v in value.items())
    if isinstance(value, list) and value:
        return head + newline + "".join(item(i, column + 2, newline) for i in value)
    if isinstance(value, str) and "\n" in value and (lines := _literal(value, column + 2, newline)):
        return f"{head} {lines}"
    return f"{head} {flow(value)}{newline}"


def item(value: Any, column: int, newline: str = "\n") -> str:
    """``- value`` in lines whose hyphen is at *column*."""
    pad = " " * column
    if isinstance(value, Mapping) and value:
        lines = "".join(pair(k, v, column + 2, newline) for k, v in value.items())
        return f"{pad}- {lines[column + 2 :]}"
    return f"{pad}- {flow(value)}{newline}"


def flow(value: Any, *, is_json: bool = False) -> str:
    """*value* on one line; *is_json*: as JSON has it."""
    if isinstance(value, Mapping):
        pairs = (f"{json_text(k) if is_json else name(k)}: {flow(v, is_json=is_json)}" for k, v in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{', '.join(flow(i, is_json=is_json) for i in value)}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return json_text(value) if is_json or not is_plain_text(value) else str(value)


def name(key: str) -> str:
    """*key* as a key of a map, in block or flow style."""
    found = _scalar(f"{{{key}: x}}", 1)
    is_same = found is not None and found.value == key and is_plain(found) and as_key(found) == key
    return key if is_same and is_plain_text(key) else json_text(key)


def json_text(value: str) -> str:
    """*value* in double quotes, for JSON and for YAML."""
    return _UNPRINTABLE.sub(lambda m: f"\\u{ord(m[0]):04x}", json.dumps(value, ensure_ascii=False))


def is_plain_text(value: str) -> bool:
    """True if every reader takes *value*, without quotes, for this text, in block and flow style."""
    return not _DATE.fullmatch(value) and reads_as_typed(value) and isinstance(value_of(_plain(value)), str)


def reads_as_typed(value: str) -> bool:
    """True if a reader of records takes *value*, without quotes, for this text; kubectl might not."""
    if not value.isprintable() or value in NULLS or value in _MARKERS:
        return False
    styles = (_scalar(f"{{k: {value}}}", 2), _scalar(f"k: {value}", 2))
    return all(s is not None and s.value == value and is_plain(s) and not s.anchor for s in styles)


def _plain(value: str) -> ScalarEvent:
    return ScalarEvent(None, None, (True, False), value)


def _scalar(text: str, place: int) -> ScalarEvent | None:
    """The event at *place* of a map with one pair; None if *text* is none."""
    documents = list(document_events(text))
    if len(documents) != 1 or isinstance(documents[0], Problem) or len(documents[0]) != 4:
        return None
    event = documents[0][place]
    return event if isinstance(event, ScalarEvent) else None


def _literal(value: str, column: int, newline: str) -> str:
    """*value* as ``|`` has it, with its lines at *column*; "" if that cannot hold it."""
    body = value.removesuffix("\n")
    lines = body.split("\n")
    if not lines[0].strip() or lines[0][0] == " " or not lines[-1].strip():
        return ""
    if not all(line.isprintable() for line in lines):
        return ""
    pad = " " * column
    text = "".join(f"{pad if line else ''}{line}{newline}" for line in lines)
    return f"{'|' if value.endswith(chr(10)) else '|-'}{newline}{text}"
