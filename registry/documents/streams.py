"""A stream of YAML or JSON -> the text of each of its documents. Pure.

As Kubernetes' own decoder (``YAMLOrJSONDecoder``) has it: YAML documents are separated by ``---``, JSON objects follow
each other without anything between them.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from registry.documents.encoding import lines_of

_SEPARATOR = re.compile(r"---(?:[ \t\r\n]|\Z)")
# A string, which ends on its line, or a bracket.
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]')
_NESTS = {"{": 1, "[": 1, "}": -1, "]": -1}
_HEAD = re.compile(r"[ \t]*(?:#.*)?\r?\n?\Z|%")


@dataclass(frozen=True, slots=True)
class Chunk:
    """The text of one document of a stream, with what stands before it; all chunks together are the stream.

    Attributes:
        line: The line of the stream, from 1, on which it begins.
        follows_directly: True if nothing separates it from the document before it: both are JSON.
    """

    text: str
    line: int
    follows_directly: bool = False


def chunks(lines: Iterable[str]) -> Iterator[Chunk]:
    """Cut a stream into its documents, holding no more than one of them."""
    held: list[str] = []
    start = line = 1
    has_content = follows = False
    json_end = _JsonEnd()
    for text in lines:
        is_separator = text.startswith("---") and _SEPARATOR.match(text) is not None
        if is_separator and has_content:
            yield Chunk("".join(held), start, follows)
            held, start, has_content, follows, json_end = [], line, False, False, _JsonEnd()
        while (end := None if is_separator else json_end.in_line(text)) is not None:
            whole = "".join([*held, text[:end]])
            if not is_json(whole):
                json_end.is_ruled_out = True
                break
            yield Chunk(whole, start, follows)
            held, start, text, follows, json_end = [], line, text[end:], True, _JsonEnd()  # noqa: PLW2901 - its rest
        held.append(text)
        has_content = has_content or (not is_separator and not _HEAD.match(text)) or _has_more(text, is_separator)
        line += 1
    if held:
        yield Chunk("".join(held), start, follows)


def is_json(text: str) -> bool:
    """True if *text* is one document of JSON."""
    try:
        json.loads(text.removeprefix("\ufeff"), parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return False
    return True


class _JsonEnd:
    """Finds in the lines of a document where another JSON object begins right behind its own.

    Attributes:
        is_ruled_out: True if the document is no JSON object.
    """

    def __init__(self) -> None:
        self.is_ruled_out = False
        self._depth = 0
        self._is_complete = False

    def in_line(self, line: str) -> int | None:
        """The offset in *line* of the next object; None if it is not there."""
        if self.is_ruled_out:
            return None
        start = len(line) - len(line.lstrip())
        if not self._depth:
            if start == len(line):
                return None
            if line[start] != "{":
                self.is_ruled_out = True
                return None
            if self._is_complete:
                return start
        for token in _JSON_TOKEN.finditer(line, start):
            self._depth += _NESTS.get(token[0], 0)
            if self._depth <= 0:
                self._is_complete = True
                rest = line[token.end() :].lstrip()
                self.is_ruled_out = bool(rest) and rest[0] != "{"
                return len(line) - len(rest) if rest and not self.is_ruled_out else None
        return None


def _has_more(text: str, is_separator: bool) -> bool:
    return is_separator and bool(text[3:].strip()) and not text[3:].lstrip().startswith("#")


def head(text: str) -> str:
    """The comments and the separator before a document's content, to put before what replaces it."""
    kept: list[str] = []
    for line in lines_of(text):
        is_separator = _SEPARATOR.match(line) is not None
        if _has_more(line, is_separator):
            return "".join([*kept, "---\n"])
        if not is_separator and not _HEAD.match(line):
            break
        kept.append(line)
    return "".join(kept)


def is_separated(text: str) -> bool:
    """True if *text* begins with ``---``, after comments, so that it may follow any document."""
    return any(_SEPARATOR.match(line) for line in lines_of(head(text)))
