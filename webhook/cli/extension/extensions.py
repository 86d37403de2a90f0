"""EDGE: ``fuseml extension update`` and ``delete``."""

import click

from webhook.cli.extension.changes import update_extension
from webhook.cli.extension.given.options import (
    EXTENSION_FIELDS,
    configuration,
    extension_id,
    given,
    merge,
    pairs_of,
    quoted,
)
from webhook.cli.extension.opening import writes
from webhook.cli.extension.records import Records
from webhook.cli.options import with_options


@click.command()
@extension_id
@with_options(EXTENSION_FIELDS)
@configuration("-c", "--configuration")
@merge
@writes
def update(
    *,
    records: Records,
    extension_id: str,
    description: str | None,
    product: str | None,
    version: str | None,
    zone: str | None,
    configuration: tuple[str, ...],
    merge: bool,
) -> None:
    """Change what is said of an extension itself. What is not given stays; '' clears a field."""
    body = given(
        description=description, product=product, version=version, zone=zone, configuration=pairs_of(configuration)
    )
    update_extension(records, extension_id, body, merge=merge)
    records.done(f"Extension {quoted(extension_id)} successfully updated")


@click.command()
@extension_id
@writes
def delete(*, records: Records, extension_id: str) -> None:
    """Delete an extension, with all its services, endpoints and credentials."""
    records.store.delete(extension_id, records.store.get(extension_id).revision)
    records.done(f"Extension {extension_id} successfully deleted")
