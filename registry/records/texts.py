"""The records in a file's text: plain ones, ``Extension`` objects, and lists of both. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from registry.documents import positions, reader, streams
from registry.documents.encoding import lines_of
from registry.documents.kubectl_types import key_of, value_of
from registry.documents.positions import Path
from registry.documents.reader import Document
from registry.errors import InvalidRecordsError, Problem
from registry.records import codec, extension_objects
from registry.records.model import Extension

# Deeper lists of lists than kubectl or a person writes.
_MAX_LISTS: Final = 8


class Found(NamedTuple):
    """A record of a file, and the line on which it begins."""

    extension: Extension
    line: int


class Part(NamedTuple):
    """A record, or an object that should be one, and the way to it in its document."""

    path: tuple[str | int, ...]
    content: object


def decode_text(
    text: str, file: str = "", *, allowed: frozenset[str] = frozenset()
) -> tuple[list[Found], list[Problem]]:
    """Read the records of a file's *text*: the good ones even beside bad ones.

    A document is a record, a list of records, an ``Extension``, or a ``List`` of those.

    Args:
        allowed: Variables that control a loader or an interpreter and may be registered all the same.
    """
    found: list[Found] = []
    problems: list[Problem] = []
    for chunk in streams.chunks(lines_of(text)):
        for document in documents(chunk.text):
            records, wrong = decode_document(document, chunk.text, allowed=allowed)
            found += [record._replace(line=record.line + chunk.line - 1) for record in records]
            problems += [replace(p, file=file, line=p.line + chunk.line - 1) for p in wrong]
    return found, sorted(problems, key=lambda p: p.line)


def documents(text: str) -> Iterator[Document]:
    """The documents of *text*: records as they were typed, objects of Kubernetes as kubectl reads them."""
    typed = list(reader.read(text))
    if not any(is_object(document.content) for document in typed):
        yield from typed
        return
    as_objects = {document.number: document for document in reader.read(text, value_of, key_of)}
    for document in typed:
        yield as_objects.get(document.number, document) if is_object(document.content) else document


def decode_document(
    document: Document, text: str, *, allowed: frozenset[str] = frozenset(), is_shown: bool = False
) -> tuple[list[Found], list[Problem]]:
    """Read the records of one *document* of *text*. Problems have their lines in *text*.

    Args:
        is_shown: Plain records may have ``<hidden>`` for the names of keys in a Secret.
    """
    if document.problems:
        return [], list(document.problems)
    extensions: list[tuple[Path, Extension]] = []
    problems = list(document.repeated)
    for part in parts_of(document.content):
        try:
            extensions.append((part.path, _decode(part.content, allowed, is_shown=is_shown)))
        except InvalidRecordsError as e:
            problems += [replace(p, path=(*part.path, *p.path)) for p in e.problems]
    if document.repeated:
        extensions = []
    paths = [*(path for path, _ in extensions), *(p.path for p in problems if not p.line)]
    lines = iter(_lines(paths, document, text))
    found = [Found(extension, next(lines)) for _, extension in extensions]
    return found, [p if p.line else replace(p, line=next(lines)) for p in problems]


def parts_of(content: object, path: tuple[str | int, ...] = ()) -> Iterator[Part]:
    """All that must be a record in *content*: itself, or the items of a list."""
    items = content if isinstance(content, list) else items_of(content)
    if items is None or len(path) > 2 * _MAX_LISTS:
        yield Part(path, content)
        return
    for i, item in enumerate(items):
        below = (*path, i) if isinstance(content, list) else (*path, "items", i)
        if isinstance(content, list):
            yield Part(below, item)
        else:
            yield from parts_of(item, below)


def items_of(content: object) -> list[Any] | None:
    """The items of a ``List``, ``ExtensionList`` or the like, each with its kind; None of anything else.

    As Kubernetes' decoder (``unstructured.decodeToList``), an item without a kind has that of the list.
    """
    if not isinstance(content, Mapping):
        return None
    kind, items = content.get("kind"), content.get("items")
    if not isinstance(kind, str) or not kind.endswith("List") or not isinstance(items, list):
        return None
    inferred = {"apiVersion": content.get("apiVersion"), "kind": kind.removesuffix("List")}
    if kind == "List":
        return items
    return [{**inferred, **item} if isinstance(item, dict) and not item.get("kind") else item for item in items]


def is_object(content: object) -> bool:
    """True if *content* says that it is an object of Kubernetes, not a record."""
    return isinstance(content, Mapping) and bool({"apiVersion", "kind"} & content.keys())


def decode_object(obj: Mapping[str, Any], *, allowed: frozenset[str] = frozenset()) -> Extension:
    """Read an ``Extension`` that a person wrote.

    Raises:
        InvalidRecordsError: With every problem that there is.
    """
    if problems := list(extension_objects.envelope_problems(obj)):
        raise InvalidRecordsError(problems)
    return extension_objects.decode(obj, allowed=allowed)


def _decode(content: object, allowed: frozenset[str], *, is_shown: bool) -> Extension:
    if isinstance(content, Mapping) and is_object(content):
        return decode_object(content, allowed=allowed)
    return codec.decode(content, allowed=allowed, is_shown=is_shown)


def placed(problems: Iterable[Problem], path: tuple[str | int, ...], document: Document, text: str) -> list[Problem]:
    """*problems* of what is at *path* of a *document* of *text*, with their lines there."""
    below = [replace(p, path=(*path, *p.path)) for p in problems]
    lines = _lines([p.path for p in below], document, text)
    return [replace(p, line=line) for p, line in zip(below, lines, strict=True)]


def _lines(paths: Sequence[Path], document: Document, text: str) -> list[int]:
    """The lines of *paths* in *document*; *text* is read again only if the reader has not noted them all."""
    noted = [_noted(path, document) for path in paths]
    return noted if all(noted) else positions.locate(text, [(document.number, path) for path in paths])


def _noted(path: Path, document: Document) -> int:
    """The line of the document, or of an item of the list that it is; 0 of all that is in these."""
    if not path:
        return document.line
    item = path[0]
    if len(path) > 1 or not isinstance(item, int) or item >= len(document.item_lines):
        return 0
    return document.item_lines[item]
