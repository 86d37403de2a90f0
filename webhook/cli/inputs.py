"""What ``preview`` and ``explain`` read: files and standard input. EDGE."""

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

import click

from webhook.cli.files import expanded, lines_of_file, source_of
from webhook.cli.options import warn
from webhook.preview.lines import Lines
from webhook.preview.reading import parts_of
from webhook.preview.subjects import Subject, subjects, with_embedded

FILES: list[Callable[[Any], Any]] = [
    click.argument("paths", nargs=-1, metavar="[FILE]...", type=click.Path(exists=True, allow_dash=True)),
    click.option(
        "-f",
        "--filename",
        "files",
        multiple=True,
        metavar="FILE",
        type=click.Path(exists=True, allow_dash=True),
        help="The same as an argument: YAML or JSON; a folder with all such files below it; - is standard input. "
        "Repeatable.",
    ),
]
WHO_ASKS: list[Callable[[Any], Any]] = [
    click.option(
        "-n",
        "--namespace",
        help="Namespace of the objects  [default: their own; or, as for kubectl, that of the context, or 'default']",
    ),
    click.option("--project", help="Project on whose behalf objects ask  [default: that of the namespace]"),
    click.option(
        "--owner", default="", help="Person to whom the namespace belongs  [default: what the namespace says]"
    ),
    click.option("--user", default="", help="User who submits the objects."),
]
INPUTS: list[Callable[[Any], Any]] = [*FILES, *WHO_ASKS]


def given_files(paths: Sequence[str], files: Sequence[str]) -> tuple[str, ...]:
    """The files that were given as options and as arguments, folders replaced by the files below them, each once."""
    if not paths and not files:
        raise click.UsageError("nothing to read: give a FILE, a folder, or - for standard input")
    return tuple(dict.fromkeys(file for path in (*files, *paths) for file in expanded(path)))


def nothing_in(files: Sequence[str]) -> NoReturn:
    """End the command with exit code 1, as kubectl does, if there is nothing to do."""
    click.echo(f"error: {', '.join(map(source_of, files)) or 'the folder'}: there is no object in it", err=True)
    sys.exit(1)


def read_subjects(files: Sequence[str]) -> Iterator[tuple[Subject, Lines] | str]:
    """The objects of all *files*, and the message about each document that cannot be read; at least one of them."""
    is_empty = True
    for name in files:
        for part in parts_of(lines_of_file(name), source_of(name)):
            is_empty = is_empty and not (part.documents or part.errors)
            for warning in part.warnings:
                warn(warning)
            yield from part.errors
            for document in part.documents:
                for subject in with_embedded(subjects(document.content)):
                    yield subject, Lines(part, document, subject)
    if is_empty:
        nothing_in(files)
