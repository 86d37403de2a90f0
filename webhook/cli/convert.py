"""EDGE: the command ``fuseml convert``: records become ``Extension`` objects, and the other way round."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import click

from registry.documents import streams
from registry.errors import InvalidRecordsError, UnreadableError
from registry.records import texts
from registry.records.conversion import Converted
from registry.records.conversion import convert as convert_document
from webhook.cli.files import lines_of_file, source_of
from webhook.cli.inputs import FILES, given_files, nothing_in
from webhook.cli.options import allow_variable, with_options
from webhook.cli.terminal import Stream
from webhook.objects import manifests


@click.command()
@with_options(FILES)
@click.option(
    "--to",
    type=click.Choice(["extension", "record"]),
    help="The form to write; what has it already is left as it is.  [default: of each document the other form]",
)
@allow_variable
def convert(*, paths: tuple[str, ...], files: tuple[str, ...], to: Any, allowed: tuple[str, ...]) -> None:
    """Convert records to Extension objects for a cluster, and Extension objects to records for a folder.

    Comments are kept where the text stays. Values of credentials cannot become part of an Extension: the error says how
    to create the Secret.
    """
    inputs = given_files(paths, files)
    stream = Stream()
    failed, is_empty = False, True
    for name in inputs:
        stream.begin_file()
        try:
            for converted in _converted(name, to, frozenset(allowed)):
                is_empty = False
                if isinstance(converted, str):
                    click.echo(f"error: {converted}", err=True)
                    failed = True
                    continue
                stream.write(converted.text)
                stream.begin_file()
                for note in converted.notes:
                    click.echo(f"warning: {source_of(name)}: {note}", err=True)
        except UnreadableError as e:
            click.echo(f"error: {source_of(name)}: {e}", err=True)
            failed, is_empty = True, False
    if is_empty:
        nothing_in(inputs)
    if failed:
        sys.exit(1)


def _converted(name: str, to: Any, allowed: frozenset[str]) -> Iterator[Converted | str]:
    """What is in a file in its other form, and messages about what cannot be converted."""
    for chunk in streams.chunks(lines_of_file(name)):
        for document in texts.documents(chunk.text):
            try:
                yield from convert_document(document, chunk.text, to=to, dump=manifests.dump, allowed=allowed)
            except InvalidRecordsError as e:
                for problem in e.problems:
                    line = max(problem.line, 1) + chunk.line - 1
                    yield str(replace(problem, file=source_of(name), line=line))
