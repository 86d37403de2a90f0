"""EDGE: the records in files, folders and standard input that are to be registered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import click

from registry.documents import streams
from registry.documents.reader import Document
from registry.errors import InvalidRecordsError, Problem, UnreadableError
from registry.records import codec, editing, texts
from registry.records.model import Extension
from webhook.cli.extension.changes import suffix
from webhook.cli.files import lines_of_file, source_of


class Given(NamedTuple):
    """A record of a file.

    Attributes:
        body: Its fields, as a client would send them.
        problem: Says something of it, with its place.
    """

    body: Mapping[str, Any]
    file: str
    line: int

    def problem(self, message: str) -> Problem:
        """What is wrong with it as a whole."""
        return Problem(message, file=self.file, line=self.line)

    def placed(self, problem: Problem) -> Problem:
        """*problem* with the place of the record."""
        return replace(problem, file=self.file, line=self.line)


PATHS: Callable[[Any], Any] = click.argument(
    "paths", nargs=-1, metavar="[FILE]...", type=click.Path(exists=True, allow_dash=True)
)
FILES: Callable[[Any], Any] = click.option(
    "-f",
    "--file",
    "--filename",
    "files",
    multiple=True,
    metavar="FILE",
    type=click.Path(exists=True, allow_dash=True),
    help="Records or Extensions, in YAML or JSON; a folder with all such files below it; - is standard input. "
    "Repeatable.",
)


def read_bodies(files: Sequence[str], allowed: frozenset[str], *, hidden: bool = False) -> list[Given]:
    """The records of all *files*, in order.

    Args:
        hidden: Values may be ``<hidden>``: they are those that a registry has.

    Raises:
        InvalidRecordsError: With every problem that there is, each with its file and line.
        UnreadableError: A file cannot be read.
    """
    found: list[Given] = []
    problems: list[Problem] = []
    for name in files:
        source = source_of(name)
        is_empty = True
        try:
            for chunk in streams.chunks(lines_of_file(name)):
                for document in texts.documents(chunk.text):
                    is_empty = False
                    bodies, wrong = _read(document, chunk.text, allowed, hidden=hidden)
                    at = chunk.line - 1
                    found += [Given(body, source, line + at) for body, line in bodies]
                    problems += [replace(p, file=source, line=max(p.line, 1) + at) for p in wrong]
        except UnreadableError as e:
            problems.append(Problem(str(e), file=source))
            continue
        if is_empty:
            problems.append(Problem("there is no record in it", file=source))
    if problems:
        raise InvalidRecordsError(problems)
    return found


def created(given: Given, allowed: frozenset[str], *, hidden: bool = False) -> Extension:
    """The record that *given* says, with generated ids where it has none.

    Args:
        hidden: Values may be ``<hidden>``.

    Raises:
        InvalidRecordsError: With every problem that there is.
    """
    if hidden:
        return codec.decode(given.body, allowed=allowed, is_shown=True)
    try:
        return editing.create(given.body, suffix=suffix, allowed=allowed)
    except InvalidRecordsError as e:
        raise InvalidRecordsError([given.placed(p) for p in e.problems]) from None


def _read(
    document: Document, text: str, allowed: frozenset[str], *, hidden: bool
) -> tuple[list[tuple[Any, int]], list[Problem]]:
    """The bodies in a *document*, each with its line; and what is wrong, with lines in *text*."""
    found, problems = texts.decode_document(document, text, allowed=allowed, is_shown=hidden)
    if problems:
        return [], problems
    bodies: list[tuple[Any, int]] = []
    for part, (extension, line) in zip(texts.parts_of(document.content), found, strict=True):
        body = codec.encode(extension) if texts.is_object(part.content) else part.content
        try:
            if not hidden:
                editing.create(body, suffix=suffix, allowed=allowed)
        except InvalidRecordsError as e:
            problems += texts.placed(e.problems, part.path, document, text)
        bodies.append((body, line))
    return bodies, problems
