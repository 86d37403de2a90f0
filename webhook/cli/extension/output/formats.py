"""EDGE: the options that say how records are shown, and showing them so."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import click

from webhook.cli.extension.output.plain import Part, several
from webhook.cli.extension.output.tables import Column, Row, columns_of, csv_text, table
from webhook.objects import manifests

# The fields of each kind of row, under FuseML's names.
EXTENSION: Final = ("id", "product", "version", "description", "zone", "configuration", "status", "services")
SERVICE: Final = (
    *("id", "extensionid", "resource", "category", "authrequired", "default", "description", "configuration"),
    *("status", "endpoints", "credentials"),
)
ENDPOINT: Final = ("url", "extensionid", "serviceid", "type", "configuration", "status")
CREDENTIALS: Final = (
    *("id", "extensionid", "serviceid", "default", "scope", "projects", "users", "configuration", "status"),
    "secretref",
)
# Columns that show what is in the services of an extension.
_OF_SERVICES: Final = ("endpoints", "credentials")

LIST_FORMAT: list[Callable[[Any], Any]] = [
    click.option(
        "-o",
        "--output",
        type=click.Choice(["table", "yaml", "json", "name", "csv"]),
        help="A table for people; records as in files, ids alone, or CSV for scripts.  [default: table]",
    ),
    click.option(
        "--format",
        "format_",
        type=click.Choice(["table", "csv", "json", "yaml"], case_sensitive=False),
        help="As FuseML's client writes it.  [default: table]",
    ),
    click.option(
        "--field",
        "fields",
        metavar="COLUMN[:FIELD]",
        multiple=True,
        help="A column of the table or CSV, and the field that it shows if it is called otherwise. Repeatable.",
    ),
]
GET_FORMAT: list[Callable[[Any], Any]] = [
    click.option(
        "-o",
        "--output",
        type=click.Choice(["text", "yaml", "json", "name"]),
        help="Text for people; the record as in a file, or its id alone, for scripts.  [default: text]",
    ),
    click.option(
        "--format",
        "format_",
        type=click.Choice(["text", "json", "yaml"], case_sensitive=False),
        help="As FuseML's client writes it.  [default: text]",
    ),
]
ADDED_FORMAT: Callable[[Any], Any] = click.option(
    "-o",
    "--output",
    type=click.Choice(["yaml", "json", "name"]),
    help="Write what has been added, or its id alone.  [default: a message]",
)


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list command has found.

    Attributes:
        parts: What it has found; values must be hidden already.
        rows: The same under FuseML's names.
        known: The fields that a row may have.
        columns: Those of the table, if no others are asked for.
    """

    parts: Sequence[Part]
    rows: Sequence[Row]
    known: Sequence[str]
    columns: Sequence[str]

    def show(self, output: Any, format_: str | None, fields: Sequence[str]) -> None:
        """Write it in the *output* for scripts that was asked for, or in a *format_* of FuseML's."""
        check_one_format(output, format_)
        if output in ("yaml", "json", "name"):
            click.echo(several(self.parts, output), nl=False)
            return
        match format_ or output or "table":
            case "json":
                click.echo(json.dumps(self.rows, ensure_ascii=False))
            case "yaml":
                click.echo(f"---\n{manifests.dump(self.rows)}")
            case tabular:
                columns = self._columns(fields)
                click.echo((csv_text if tabular == "csv" else table)(columns, self.rows), nl=False)

    def _columns(self, fields: Sequence[str]) -> list[Column]:
        chosen = [field for text in fields for field in text.split(",")] or self.columns
        known = (*self.known, *_OF_SERVICES) if "services" in self.known else self.known
        try:
            return columns_of(chosen, known)
        except ValueError as e:
            raise click.BadParameter(str(e), param_hint="--field") from None


def check_one_format(output: str | None, format_: str | None) -> None:
    """Raise a UsageError if both are given."""
    if output is not None and format_ is not None:
        raise click.UsageError("give either --output or --format")
