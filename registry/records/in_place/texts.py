"""Changes a record where it stands in a text that a person wrote; all else stays byte for byte. Pure.

Only what differs between two records is replaced, by the positions of the parser's events. What comes out is read
again: if it does not say exactly what it should, it is refused. (Why no library does this: docs/decisions.md.)
"""

import re
from dataclasses import replace
from typing import Final, NoReturn

from registry.documents import streams
from registry.documents.encoding import lines_of
from registry.errors import NotEditableError, Problem
from registry.records import texts
from registry.records.in_place.changes import Change
from registry.records.model import Extension
from registry.records.nodes import UnsuitableError

_BY_HAND: Final = "change this record by hand"
_TEMPLATE: Final = re.compile(
    r"\{\{-?\s*(?:\.|if\b|else\b|end\b|range\b|with\b|include\b|define\b|template\b|block\b|/\*)"
)


def replaced(text: str, new: Extension, *, allowed: frozenset[str] = frozenset()) -> str:
    """*text*, in which the record that has the id of *new* has become *new*.

    Args:
        allowed: Variables that control a loader or an interpreter and may be registered all the same.

    Raises:
        NotEditableError: It cannot be done without a risk for the rest of the text.
        KeyError: There is no such record in it.
    """
    chunks, number, change = _found(text, new.id, allowed)
    try:
        chunks[number] = change.to(new)
    except UnsuitableError as e:
        _refuse(e, change.line)
    expected = [new if e.id == new.id else e for e, _ in texts.decode_text(text, allowed=allowed)[0]]
    return _checked("".join(chunks), expected, allowed, line=change.line)


def removed(text: str, extension_id: str, *, allowed: frozenset[str] = frozenset()) -> str:
    """*text* without the record *extension_id*; "" if no other record is left.

    Raises:
        NotEditableError, KeyError: As ``replaced``.
    """
    chunks, number, change = _found(text, extension_id, allowed)
    expected = [e for e, _ in texts.decode_text(text, allowed=allowed)[0] if e.id != extension_id]
    if not expected:
        return ""
    try:
        chunks[number] = change.removal()
    except UnsuitableError as e:
        _refuse(e, change.line)
    return _checked("".join(chunks), expected, allowed, line=change.line)


def _found(text: str, extension_id: str, allowed: frozenset[str]) -> tuple[list[str], int, "Change"]:
    """The documents of *text*, the number of the one that has the record, and the change of that."""
    if template := _TEMPLATE.search(text):
        line = text.count("\n", 0, template.start()) + 1
        raise NotEditableError(Problem("is a template; change what is filled in, or what it is made from", line=line))
    _, problems = texts.decode_text(text, allowed=allowed)
    if problems:
        first = problems[0]
        raise NotEditableError(replace(first, message=f"{first.message}; correct this first"))
    chunks = list(streams.chunks(lines_of(text)))
    for number, chunk in enumerate(chunks):
        for document in texts.documents(chunk.text):
            records, _ = texts.decode_document(document, chunk.text, allowed=allowed)
            for part, (extension, line) in zip(texts.parts_of(document.content), records, strict=True):
                if extension.id == extension_id:
                    change = Change(chunk.text, part, extension, chunk.line, line + chunk.line - 1)
                    return [c.text for c in chunks], number, change
    raise KeyError(extension_id)


def _checked(result: str, expected: list[Extension], allowed: frozenset[str], *, line: int) -> str:
    """*result*, if it says what it should.

    Raises:
        NotEditableError: It does not.
    """
    after, problems = texts.decode_text(result, allowed=allowed)
    if problems and problems[0].path:
        # The text is as it should be, but its form cannot hold the record: values in an object, for instance.
        raise NotEditableError(replace(problems[0], line=line, message=f"{problems[0].message}; {_BY_HAND}"))
    if problems or [e for e, _ in after] != expected:
        message = f"cannot be changed here without changing what stands beside it; {_BY_HAND}"
        raise NotEditableError(Problem(message, line=line))
    return result


def _refuse(error: UnsuitableError, line: int) -> NoReturn:
    message = error.message or "is written in a form that is not edited"
    raise NotEditableError(Problem(f"{message}; {_BY_HAND}", line=error.line or line)) from None
