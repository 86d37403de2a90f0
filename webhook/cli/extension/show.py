"""EDGE: ``fuseml extension list`` and ``get``."""

import json
from collections.abc import Callable
from typing import Any

import click

from registry.errors import InvalidSelectorError
from registry.records.editing import hide
from registry.resolving.query import matching, query_of
from webhook.cli.extension.given.options import extension_id
from webhook.cli.extension.opening import reads
from webhook.cli.extension.output import formats
from webhook.cli.extension.output.formats import GET_FORMAT, LIST_FORMAT, Listed, check_one_format
from webhook.cli.extension.output.fuseml_form import extension_form
from webhook.cli.extension.output.plain import one
from webhook.cli.extension.output.text import get_text
from webhook.cli.extension.records import Records
from webhook.cli.extension.suggesting import extension_ids
from webhook.cli.options import warn, with_options
from webhook.objects import manifests

_COLUMNS = ("ID", "Product", "Version", "Zone", "Services", "Endpoints", "Credentials")
_QUERY: list[Callable[[Any], Any]] = [
    click.option(
        "--id", "extension_id", metavar="ID", shell_complete=extension_ids, help="Only the extension with this id."
    ),
    click.option("-p", "--product", metavar="PRODUCT", help="Only installations of this product."),
    click.option("--version", metavar="VERSION", help="Only with this version, or those that fulfil a constraint."),
    click.option("-z", "--zone", metavar="ZONE", help="Only in this zone."),
    click.option("--service-id", metavar="ID", help="Only services with this id."),
    click.option("-r", "--service-resource", metavar="RESOURCE", help="Only services of this API or protocol."),
    click.option("-c", "--service-category", metavar="CATEGORY", help="Only services with this purpose."),
]


@click.command("list")
@with_options(_QUERY)
@with_options(LIST_FORMAT)
@reads
def list_(
    *, records: Records, output: str | None, format_: str | None, fields: tuple[str, ...], **criteria: str | None
) -> None:
    """List extensions, with those of their services that are asked for."""
    try:
        query = query_of({field: value or "" for field, value in criteria.items()})
    except InvalidSelectorError as e:
        problem = e.problems[0]
        option = f"--{str(problem.path[0]).replace('_', '-')}" if problem.path else None
        raise click.BadParameter(problem.message, param_hint=option) from None
    listing = records.store.list()
    for broken in listing.problems:
        warn(str(broken))
    found = [
        (kept, stored.registered)
        for stored in listing.records
        if (kept := matching(hide(stored.record), query)) is not None
    ]
    rows = [extension_form(extension, registered) for extension, registered in found]
    Listed([extension for extension, _ in found], rows, formats.EXTENSION, _COLUMNS).show(output, format_, fields)


@click.command()
@extension_id
@with_options(GET_FORMAT)
@reads
def get(*, records: Records, extension_id: str, output: Any, format_: str | None) -> None:
    """Show all about an extension. Values of credentials are never shown."""
    check_one_format(output, format_)
    stored = records.store.get(extension_id)
    extension, registered = hide(stored.record), stored.registered
    if output in ("yaml", "json", "name"):
        click.echo(one(extension, output), nl=False)
        return
    match format_ or "text":
        case "json":
            click.echo(json.dumps(extension_form(extension, registered), ensure_ascii=False))
        case "yaml":
            click.echo(f"---\n{manifests.dump(extension_form(extension, registered))}")
        case _:
            click.echo(get_text(extension, registered), nl=False)
