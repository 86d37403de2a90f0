"""EDGE: ``fuseml extension register``."""

from collections.abc import Sequence
from typing import Any

import click

from registry.errors import InvalidRecordsError, RegistryError
from registry.records.editing import hide
from registry.records.model import Extension
from webhook.cli.extension.given.options import EXTENSION_FIELDS, configuration, given, pairs_of, quoted
from webhook.cli.extension.given.reading import FILES, Given, created, read_bodies
from webhook.cli.extension.opening import writes
from webhook.cli.extension.output.formats import ADDED_FORMAT
from webhook.cli.extension.records import Records
from webhook.cli.files import expanded
from webhook.cli.options import warn, with_options


@click.command()
@FILES
@click.option("--id", "own_id", metavar="ID", help="Its id.  [default: the product and eight random letters]")
@with_options(EXTENSION_FIELDS)
@configuration("-c", "--configuration")
@ADDED_FORMAT
@writes
def register(
    *,
    records: Records,
    files: tuple[str, ...],
    own_id: str | None,
    configuration: tuple[str, ...],
    output: Any,
    **fields: Any,
) -> None:
    """Register extensions from files, or one from what is given here.

    All are checked before the first is registered. What is given beside a file with one record overrides it.
    """
    overrides = given(id=own_id, **fields, configuration=pairs_of(configuration))
    if not files and not overrides.keys() & {"id", "product"}:
        raise click.UsageError("an ID or a product must be configured for the extension")
    bodies = read_bodies([file for path in files for file in expanded(path)], records.allowed) if files else []
    if overrides and len(bodies) > 1:
        raise click.UsageError("fields can be given beside a file with one record only")
    overridden = [Given({**body.body, **overrides}, body.file, body.line) for body in bodies]
    extensions = [created(body, records.allowed) for body in overridden or [Given(overrides, "", 0)]]
    check_all(records, extensions, overridden)
    for done, extension in enumerate(extensions):
        try:
            kept = records.store.put(extension, None)
        except RegistryError:
            if done:
                warn(f"{done} of {len(extensions)} have been registered")
            raise
        if done and output == "yaml":
            click.echo("---")
        records.added(hide(kept.record), output, f"Extension {quoted(kept.record.id)} successfully registered")


def check_all(records: Records, extensions: Sequence[Extension], places: Sequence[Given]) -> None:
    """Make sure that the store can keep all *extensions*, as far as it can be known without writing.

    Raises:
        RegistryError: What is wrong with one; if several are, an InvalidRecordsError of all.
    """
    rehearsal = records.rehearsal()
    wrong: list[tuple[int, RegistryError]] = []
    for i, extension in enumerate(extensions):
        try:
            rehearsal.store.put(extension, None)
        except RegistryError as e:
            wrong.append((i, e))
    if len(wrong) == 1 and len(extensions) == 1:
        raise wrong[0][1]
    if wrong:
        raise InvalidRecordsError([places[i].problem(str(e)) for i, e in wrong])
