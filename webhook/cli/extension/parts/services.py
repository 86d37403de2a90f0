"""EDGE: ``fuseml extension service``: the services of an extension."""

from typing import Any

import click

from registry.records.editing import Place, find, hide
from webhook.cli.extension.changes import add_part, delete_part, update_part
from webhook.cli.extension.given.options import (
    SERVICE_FIELDS,
    GoCommand,
    configuration,
    extension_id,
    given,
    merge,
    pairs_of,
    quoted,
    service_id,
)
from webhook.cli.extension.opening import reads, writes
from webhook.cli.extension.output import formats
from webhook.cli.extension.output.formats import ADDED_FORMAT, LIST_FORMAT, Listed
from webhook.cli.extension.output.fuseml_form import service_form
from webhook.cli.extension.records import Records
from webhook.cli.options import with_options


@click.group()
def service() -> None:
    """Work with the services of an extension."""


@service.command(cls=GoCommand)
@extension_id
@click.option("--id", "own_id", metavar="ID", help="Its id.  [default: the resource and eight random letters]")
@with_options(SERVICE_FIELDS)
@configuration("--configuration")
@ADDED_FORMAT
@writes
def add(*, records: Records, extension_id: str, own_id: str | None, output: Any, **fields: Any) -> None:
    """Add a service to an extension."""
    body = given(id=own_id, **_body(**fields))
    extension, place = add_part(records, extension_id, "services", body)
    said = f"Service {quoted(place.id)} successfully added to extension {quoted(extension_id)}"
    records.added(find(hide(extension), place), output, said)


@service.command(cls=GoCommand)
@extension_id
@service_id
@with_options(SERVICE_FIELDS)
@configuration("--configuration")
@merge
@writes
def update(*, records: Records, extension_id: str, service_id: str, merge: bool, **fields: Any) -> None:
    """Change a service. What is not given stays; '' clears a field."""
    update_part(records, extension_id, Place("services", service_id), _body(**fields), merge=merge)
    records.done(f"Service {quoted(service_id)} from extension {quoted(extension_id)} successfully updated")


@service.command()
@extension_id
@service_id
@writes
def delete(*, records: Records, extension_id: str, service_id: str) -> None:
    """Delete a service, with its endpoints and credentials."""
    delete_part(records, extension_id, Place("services", service_id))
    records.done(f"Service {quoted(service_id)} successfully deleted from extension {quoted(extension_id)}")


@service.command("list")
@extension_id
@with_options(LIST_FORMAT)
@reads
def list_(
    *, records: Records, extension_id: str, output: str | None, format_: str | None, fields: tuple[str, ...]
) -> None:
    """List the services of an extension."""
    extension = hide(records.store.get(extension_id).record)
    found = sorted(extension.services, key=lambda s: s.id)
    rows = [service_form(extension, s) for s in found]
    Listed(found, rows, formats.SERVICE, ("ID", "Resource", "Category", "Configuration")).show(output, format_, fields)


def _body(*, configuration: tuple[str, ...], **fields: Any) -> dict[str, Any]:
    return given(**fields, configuration=pairs_of(configuration))
