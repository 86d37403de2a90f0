"""Records, selectors and expressions of files, checked without a registry. Pure.

A file may hold anything: what is neither a record nor an object that asks is passed over.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, TypeAlias

import renderer
from registry import codec, documents
from registry.documents import Document
from registry.errors import InvalidRecordsError, Problem
from registry.records import Extension
from webhook import expansion, manifests
from webhook.adapters.fuseml import is_document
from webhook.adapters.step import Layout
from webhook.blocks import BlockReader, Finding
from webhook.expansion import ExpansionError
from webhook.mutate import ask
from webhook.preview import subjects
from webhook.texts import Text

# A document's number, and the way to a value in it.
_Place: TypeAlias = tuple[int, documents.Path]

_FIELDS = frozenset(f.name for f in fields(Extension))


def check(text: str, file: str, *, allowed: frozenset[str] = frozenset()) -> tuple[list[Extension], list[Problem]]:
    """Look through a file's *text*.

    Returns:
        The records that are good, and every problem, in the order of the lines.
    """
    extensions: list[Extension] = []
    problems: list[Problem] = []
    placed: list[tuple[_Place, Problem]] = []
    objects = {document.number: document.content for document in manifests.load(text)}
    for document in documents.read(text):
        if document.problems:
            problems += document.problems
            continue
        problems += document.repeated if _is_ours(document.content) else ()
        read, wrong = _read_records(document, allowed)
        extensions += read
        placed += wrong or _findings(objects.get(document.number), document.number)
    lines = documents.locate(text, [place for place, _ in placed])
    problems += [replace(problem, line=line) for (_, problem), line in zip(placed, lines, strict=True)]
    return extensions, sorted((replace(p, file=file) for p in problems), key=lambda p: p.line)


def _read_records(document: Document, allowed: frozenset[str]) -> tuple[list[Extension], list[tuple[_Place, Problem]]]:
    extensions: list[Extension] = []
    problems: list[tuple[_Place, Problem]] = []
    for where, record in _records(document.content):
        try:
            extensions.append(codec.decode(record, allowed=allowed))
        except InvalidRecordsError as e:
            for problem in e.problems:
                path = (*where, *problem.path)
                problems.append(((document.number, path), replace(problem, path=path)))
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
    """What is wrong with the objects of *content*; a finding says in its own words where."""
    problems: list[tuple[_Place, Problem]] = []
    for subject in subjects(content):
        prefix = ("items", int(subject.prefix.rpartition("/")[2])) if subject.prefix else ()
        findings = _object_findings(*question) if (question := ask(subject.obj)) else []
        problems += [((number, (*prefix, *f.pointer)), Problem(str(f))) for f in findings]
    return problems


def _object_findings(layout: Layout, found: Sequence[Text]) -> list[Finding]:
    reader = BlockReader(layout)
    names = {step.pointer: {s.name for s in reader.selectors_of(step)} for step in layout.steps}
    findings = reader.findings
    for text in found:
        steps = layout.steps if text.region.steps is None else text.region.steps
        # A selector that is complained about is there all the same.
        known = reader.refused.union(*(names[step.pointer] for step in steps))
        try:
            template = expansion.parse(text, braces=layout.braces)
        except ExpansionError as e:
            findings.append(Finding(text.where, str(e), text.pointer))
            continue
        for expression in template.expressions:
            if expression.name not in known:
                there = f"there are {', '.join(sorted(known))}" if known else "there are no selectors"
                problem = f"no selector is named {expression.name!r} here; {there}"
                message = str(renderer.ExpressionError(expression.source, problem))
                findings.append(Finding(text.where, message, text.pointer))
    return findings
