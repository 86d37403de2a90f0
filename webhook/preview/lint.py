"""Checks records, selectors and expressions in files without a registry. Pure.

A file may hold anything: content that is neither a record nor an object that asks is ignored.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, NamedTuple

from registry.documents import positions, reader
from registry.documents.reader import Document
from registry.errors import InvalidRecordsError, Problem
from registry.records import codec
from registry.records.model import Extension
from webhook.adapters.fuseml import is_document
from webhook.adapters.layout import Finding, Layout
from webhook.mutation import checks
from webhook.mutation.question import ask
from webhook.objects import manifests
from webhook.preview.subjects import subjects


class _Place(NamedTuple):
    """The place of a problem in a file.

    Attributes:
        number: The number of the document.
        text: If the value at *path* is a text of several lines, its lines up to the one with the problem.
    """

    number: int
    path: positions.Path
    text: Sequence[str] = ()


_FIELDS = frozenset(f.name for f in fields(Extension))


def check(text: str, file: str, *, allowed: frozenset[str] = frozenset()) -> tuple[list[Extension], list[Problem]]:
    """Check the *text* of a file.

    Returns:
        The valid records, and all problems in the order of their lines.
    """
    extensions: list[Extension] = []
    problems: list[Problem] = []
    placed: list[tuple[_Place, Problem]] = []
    objects = {document.number: document.content for document in manifests.load(text)}
    for document in reader.read(text):
        if document.problems:
            problems += document.problems
            continue
        problems += document.repeated if _is_ours(document.content) else ()
        read, wrong = _read_records(document, allowed)
        extensions += read
        placed += wrong or _findings(objects.get(document.number), document.number)
    lines = positions.locate(text, [(place.number, place.path) for place, _ in placed])
    all_lines = text.splitlines()
    for (place, problem), line in zip(placed, lines, strict=True):
        problems.append(replace(problem, line=line + _lines_below_key(all_lines[line:], place.text)))
    return extensions, sorted((replace(p, file=file) for p in problems), key=lambda p: p.line)


def _lines_below_key(lines: Sequence[str], text: Sequence[str]) -> int:
    """How many lines below its key the last line of *text* is; 0 unless *lines* are a block with that text."""
    is_block = [line.strip() for line in lines[: len(text)]] == [line.strip() for line in text]
    return len(text) if is_block else 0


def _read_records(document: Document, allowed: frozenset[str]) -> tuple[list[Extension], list[tuple[_Place, Problem]]]:
    extensions: list[Extension] = []
    problems: list[tuple[_Place, Problem]] = []
    for where, record in _records(document.content):
        try:
            extensions.append(codec.decode(record, allowed=allowed))
        except InvalidRecordsError as e:
            for problem in e.problems:
                path = (*where, *problem.path)
                problems.append((_Place(document.number, path), replace(problem, path=path)))
    return extensions, problems


def _records(content: Any) -> Iterator[tuple[tuple[int, ...], Mapping[str, Any]]]:
    if isinstance(content, list):
        yield from (((i,), item) for i, item in enumerate(content) if _is_record(item))
    elif _is_record(content):
        yield (), content


def _is_record(content: Any) -> bool:
    if not isinstance(content, dict) or {"apiVersion", "kind"} & content.keys():
        return False
    return "services" in content or ("product" in content and ("id" in content or content.keys() <= _FIELDS))


def _is_ours(content: Any) -> bool:
    return _is_record(content) or (isinstance(content, dict) and is_document(content))


def _findings(content: Any, number: int) -> list[tuple[_Place, Problem]]:
    """The problems of the objects in *content*; the message of each says where it is."""
    problems: list[tuple[_Place, Problem]] = []
    for subject in subjects(content):
        prefix = ("items", int(subject.prefix.rpartition("/")[2])) if subject.prefix else ()
        if question := ask(subject.obj):
            for finding in checks.findings(question.layout, question.texts):
                place = _Place(number, (*prefix, *finding.pointer), _text_up_to(finding, question.layout))
                problems.append((place, Problem(str(finding))))
    return problems


def _text_up_to(finding: Finding, layout: Layout) -> list[str]:
    """The lines of the annotation up to the one with *finding*; empty if it is in no annotation."""
    annotation = layout.annotations.at(finding.pointer)
    return annotation.text.splitlines()[: finding.line] if annotation else []
