"""EDGE: ``fuseml extension export`` and ``import``: from one registry to another, and back from a file."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from registry.client import bodies
from registry.errors import InvalidRecordsError, NotFoundError, Problem, RegistryError
from registry.records.editing import hide
from registry.records.model import Extension
from registry.stores.folder_records import durable
from webhook.cli.extension.changes import put_whole
from webhook.cli.extension.given.options import quoted
from webhook.cli.extension.given.reading import FILES, Given, created, read_bodies
from webhook.cli.extension.opening import reads, writes
from webhook.cli.extension.output.plain import several
from webhook.cli.extension.records import Records
from webhook.cli.extension.suggesting import extension_ids
from webhook.cli.files import expanded
from webhook.cli.options import warn


@click.command()
@click.argument("ids", nargs=-1, metavar="[EXTENSION_ID]...", shell_complete=extension_ids)
@click.option(
    "--to", "file", metavar="FILE", help="Write a file, with mode 0600 if it holds values.  [default: stdout]"
)
@click.option("--with-values", is_flag=True, help="Write the values of credentials as well.")
@click.option("-o", "--output", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True)
@reads
def export(*, records: Records, ids: tuple[str, ...], file: str | None, with_values: bool, output: Any) -> None:
    """Write records as a stream that 'fuseml extension import' reads: all of them, or those that are named.

    Without --with-values, values of credentials are <hidden>; where a registry has such a record, an import of it keeps
    the registry's values. Values are never written to a terminal.
    """
    if with_values and file is None and _is_terminal():
        raise click.UsageError("standard output is a terminal; give --to FILE for the values, or write to a pipe")
    found = _found(records, ids)
    if with_values:
        unknown = [e.id for e in found if any(bodies.unknown_values(e))]
        if unknown:
            names = ", ".join(unknown)
            message = f"{names}: the values of credentials cannot be read there; export without --with-values"
            raise InvalidRecordsError([Problem(message)])
    text = several(found if with_values else [hide(e) for e in found], output)
    if file is None:
        click.echo(text, nl=False)
        return
    path = Path(file)
    durable.write(path, text, is_secret=with_values, before=durable.identity(path))
    click.echo(f"{len(found)} {'extension' if len(found) == 1 else 'extensions'} written to {file}", err=True)


@click.command("import")
@FILES
@click.option("--replace", is_flag=True, help="Make extensions that are there as they are in the files.")
@writes
def import_(*, records: Records, files: tuple[str, ...], replace: bool) -> None:
    """Take records from files into a registry. All are checked before the first is written.

    What is there and says the same stays. What is there and says something else is refused, unless --replace is given.
    """
    if not files:
        raise click.UsageError("nothing to read: give -f FILE; - is standard input")
    bodies_ = read_bodies([file for path in files for file in expanded(path)], records.allowed, hidden=True)
    _check(records, bodies_, replace=replace)
    for done, body in enumerate(bodies_):
        try:
            records.done(_import(records, body, replace=replace))
        except RegistryError:
            if done:
                warn(f"{done} of {len(bodies_)} have been taken over")
            raise


def _import(records: Records, body: Given, *, replace: bool) -> str:
    """Take over one record, and say what has been done."""
    own_id = str(body.body.get("id") or "")
    try:
        before = records.store.get(own_id) if own_id else None
    except NotFoundError:
        before = None
    if before is None:
        kept = records.store.put(created(body, records.allowed), None)
        return f"Extension {quoted(kept.record.id)} successfully registered"
    after = put_whole(records, before, body.body, is_allowed=replace)
    return f"Extension {quoted(own_id)} {'is unchanged' if after == before else 'successfully updated'}"


def _check(records: Records, given: Sequence[Given], *, replace: bool) -> None:
    """Make sure that all can be taken over.

    Raises:
        InvalidRecordsError: With what is wrong with each.
    """
    rehearsal = records.rehearsal()
    problems = []
    for body in given:
        try:
            _import(rehearsal, body, replace=replace)
        except InvalidRecordsError as e:
            problems += [p if p.file else body.placed(p) for p in e.problems]
        except RegistryError as e:
            problems.append(body.problem(str(e)))
    if problems:
        raise InvalidRecordsError(problems)


def _found(records: Records, ids: Sequence[str]) -> list[Extension]:
    """The records *ids*, or all; a part of them is no export."""
    if ids:
        return [records.store.get(own_id).record for own_id in dict.fromkeys(ids)]
    listing = records.store.list()
    if listing.problems:
        raise InvalidRecordsError(listing.problems)
    return [stored.record for stored in listing.records]


def _is_terminal() -> bool:
    return sys.stdout.isatty()
