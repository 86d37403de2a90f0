"""Bodies: JSON and YAML <-> plain data, within limits, and which of the two a client means. Pure."""

import json
from collections.abc import Sequence
from typing import Any, Final

from registry.documents import encoding, reader, writer
from registry.documents.events import MAX_DEPTH
from registry.errors import UnreadableError
from registry.service.problems import RequestError, unreadable

# A record with hundreds of services has some 100 KiB.
MAX_BODY_BYTES: Final = 1024 * 1024
JSON: Final = "application/json"
# A record with 1000 services has some 20 000.
MAX_VALUES: Final = 50_000
# As FuseML's server calls it, which prefers it.
YAML: Final = "application/x-yaml"
_YAML_TYPES: Final = (YAML, "application/yaml", "text/x-yaml", "text/yaml")
# What answers can be written as; the first wins if a client has no preference.
ANSWER_TYPES: Final = (*_YAML_TYPES, JSON)


def media_type(content_type: str) -> str:
    """``application/json`` of ``application/json; charset=utf-8``."""
    return content_type.partition(";")[0].strip().lower()


def read(content: bytes, content_type: str) -> Any:
    """What a body says. In JSON, text is text and a number a number; in YAML a scalar is the text that was typed.

    Args:
        content_type: "" = YAML, of which JSON is a part, as FuseML's clients send it.

    Raises:
        RequestError: It cannot be read.
    """
    kind = media_type(content_type)
    is_json = kind == JSON or kind.endswith("+json")
    if not (is_json or kind in ("", *_YAML_TYPES) or kind.endswith("+yaml")):
        raise RequestError(415, "UnsupportedMediaType", f"expected the Content-Type {JSON} or {YAML}")
    if not content:
        raise RequestError(400, "missing_payload", "the request has no body, and needs one")
    try:
        text = encoding.decode(content)
    except UnreadableError as e:
        raise unreadable(f"the body {e}") from e
    data = _from_json(text) if is_json else _from_yaml(text)
    _check_size(data)
    return data


def write(data: Any, kind: str) -> bytes:
    """*data* as a body of the media type *kind*."""
    return (json.dumps(data, ensure_ascii=False) + "\n" if kind == JSON else writer.dump(data)).encode()


def _from_json(text: str) -> Any:
    try:
        data = json.loads(text, object_pairs_hook=_unrepeated, parse_constant=_no_number)
    except RecursionError:
        raise unreadable(_too_deep()) from None
    except json.JSONDecodeError as e:
        raise unreadable(f"the body is no JSON: {e.msg.lower()}, line {e.lineno}") from None
    except ValueError as e:
        # Also a number of more digits than Python converts.
        raise unreadable("the body holds a number that is too large") from e
    return data


def _from_yaml(text: str) -> Any:
    documents = list(reader.read(text))
    if not documents:
        raise RequestError(400, "missing_payload", "the body holds no document, and needs one")
    if len(documents) > 1:
        raise unreadable("the body holds several documents; send one after the other")
    document = documents[0]
    if problems := [*document.problems, *document.repeated]:
        lines = (f"line {p.line}: {p.message}" if p.line else p.message for p in problems[:20])
        raise unreadable("the body cannot be read: " + "\n".join(lines))
    return document.content


def _unrepeated(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]  # it adds
        raise unreadable(f"the body cannot be read: {twice[:100]!r} occurs twice in one object")
    return data


def _no_number(word: str) -> Any:
    raise unreadable(f"the body is no JSON: {word} is no number")


def _check_size(data: Any) -> None:
    """Raise a RequestError if *data* has too many values, or is nested too deep for recursion."""
    depth, values, level = 0, 0, [data]
    while level:
        values += len(level)
        if depth > MAX_DEPTH:
            raise unreadable(_too_deep())
        if values > MAX_VALUES:
            raise RequestError(413, "PayloadTooLarge", f"the body holds more than {MAX_VALUES} values")
        level = [
            item
            for parent in level
            if isinstance(parent, dict | list)
            for item in (parent.values() if isinstance(parent, dict) else parent)
        ]
        depth += 1


def _too_deep() -> str:
    return f"the body is nested deeper than {MAX_DEPTH} levels"
