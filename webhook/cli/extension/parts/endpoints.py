"""EDGE: ``fuseml extension endpoint``: the addresses of a service."""

import click

from registry.records.editing import Place, hide
from webhook.cli.extension.changes import add_part, delete_part, service_of, update_part
from webhook.cli.extension.given.options import (
    configuration,
    endpoint_type,
    extension_id,
    given,
    merge,
    pairs_of,
    quoted,
    service_id,
)
from webhook.cli.extension.opening import reads, writes
from webhook.cli.extension.output import formats
from webhook.cli.extension.output.formats import LIST_FORMAT, Listed
from webhook.cli.extension.output.fuseml_form import endpoint_form
from webhook.cli.extension.records import Records
from webhook.cli.extension.suggesting import endpoint_urls
from webhook.cli.options import with_options

_url = click.argument("url", metavar="ENDPOINT_URL", shell_complete=endpoint_urls)
_new_url = click.argument("url", metavar="ENDPOINT_URL")


@click.group()
def endpoint() -> None:
    """Work with the endpoints of a service."""


@endpoint.command()
@extension_id
@service_id
@_new_url
@endpoint_type
@configuration("-c", "--configuration")
@writes
def add(
    *,
    records: Records,
    extension_id: str,
    service_id: str,
    url: str,
    type_: str | None,
    configuration: tuple[str, ...],
) -> None:
    """Add an endpoint to a service."""
    body = given(url=url, type_=type_, configuration=pairs_of(configuration))
    add_part(records, extension_id, "endpoints", body, service_id=service_id)
    records.done(
        f"Endpoint {quoted(url)} successfully added to service {service_id} from extension {quoted(extension_id)}"
    )


@endpoint.command()
@extension_id
@service_id
@_url
@endpoint_type
@configuration("-c", "--configuration")
@merge
@writes
def update(
    *,
    records: Records,
    extension_id: str,
    service_id: str,
    url: str,
    type_: str | None,
    configuration: tuple[str, ...],
    merge: bool,
) -> None:
    """Change an endpoint. What is not given stays."""
    body = given(type_=type_, configuration=pairs_of(configuration))
    update_part(records, extension_id, Place("endpoints", url, service_id), body, merge=merge)
    records.done(
        f"Endpoint {quoted(url)} from service {service_id} and extension {quoted(extension_id)} successfully updated"
    )


@endpoint.command()
@extension_id
@service_id
@_url
@writes
def delete(*, records: Records, extension_id: str, service_id: str, url: str) -> None:
    """Delete an endpoint of a service."""
    delete_part(records, extension_id, Place("endpoints", url, service_id))
    where = f"service {quoted(service_id)} and extension {quoted(extension_id)}"
    records.done(f"Endpoint {quoted(url)} successfully deleted from {where}")


@endpoint.command("list")
@extension_id
@service_id
@with_options(LIST_FORMAT)
@reads
def list_(
    *,
    records: Records,
    extension_id: str,
    service_id: str,
    output: str | None,
    format_: str | None,
    fields: tuple[str, ...],
) -> None:
    """List the endpoints of a service."""
    extension = hide(records.store.get(extension_id).record)
    service = service_of(extension, service_id)
    found = sorted(service.endpoints, key=lambda e: e.url)
    rows = [endpoint_form(extension, service, e) for e in found]
    Listed(found, rows, formats.ENDPOINT, ("URL", "Type", "Configuration")).show(output, format_, fields)
