"""Bytes -> the text of YAML or JSON, line by line. Pure.

As in kubectl (the go-yaml below sigs.k8s.io/yaml), text is UTF-8, or UTF-16 that begins with its byte order mark.
"""

import io
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from registry.errors import UnreadableError

_UTF_16: Final = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_UTF_32_MARK: Final = (b"\xff\xfe\0\0", b"\0\0\xfe\xff")
_REMEDY: Final = "save it as UTF-8"


def decode(content: bytes) -> str:
    """The text of a whole file.

    Raises:
        UnreadableError: It is no text in these encodings; says where and what would help.
    """
    return "".join(decoded_lines([content]))


def decoded_lines(parts: Iterable[bytes]) -> Iterator[str]:
    """The lines of a file with their ends as they are: LF, CRLF or CR.

    Args:
        parts: The file, in parts that end at line feeds, as a binary file gives them. UTF-8 is read no further than the
            lines that have been taken.

    Raises:
        UnreadableError: As ``decode``.
    """
    given = iter(parts)
    first = next(given, b"")
    if first.startswith(_UTF_32_MARK):
        raise UnreadableError(f"is UTF-32; {_REMEDY}")
    if encoding := _UTF_16.get(first[:2]):
        yield from lines_of(_from_utf_16(b"".join(chain([first], given)), encoding))
        return
    if b"\0" in first[:4]:
        raise UnreadableError(f"looks like UTF-16 or UTF-32 without a byte order mark, or is no text; {_REMEDY}")
    position, line = 0, 1
    for number, part in enumerate(chain([first], given)):
        yield from lines_of(_from_utf_8(part, position, line, may_have_mark=number == 0))
        position += len(part)
        line += part.count(b"\n")


def lines_of(text: str) -> Iterator[str]:
    """The lines of *text* with their ends. Other than ``str.splitlines``, only those that YAML has: LF, CRLF and CR."""
    return io.StringIO(text, newline="")


def _from_utf_8(part: bytes, position: int, line: int, *, may_have_mark: bool) -> str:
    try:
        text = part.decode()
    except UnicodeDecodeError as e:
        line += part.count(b"\n", 0, e.start)
        raise UnreadableError(f"is not UTF-8: byte {position + e.start}, line {line}; {_REMEDY}") from e
    if (nul := part.find(b"\0")) >= 0:
        line += part.count(b"\n", 0, nul)
        raise UnreadableError(f"is no text: byte {position + nul}, line {line}, is NUL")
    return text.removeprefix("\ufeff") if may_have_mark else text


def _from_utf_16(content: bytes, encoding: str) -> str:
    try:
        text = content[2:].decode(encoding)
    except UnicodeDecodeError as e:
        raise UnreadableError(f"is not UTF-16, as its byte order mark says: byte {2 + e.start}; {_REMEDY}") from e
    if "\0" in text:
        raise UnreadableError(f"is no text: line {text.count(chr(10), 0, text.index(chr(0))) + 1} holds NUL")
    return text
