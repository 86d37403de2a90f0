"""EDGE: ``fuseml extension describe``: who gets what of an extension."""

from typing import Any

import click

from registry.resolving.index import Index
from webhook.cli.extension.given.options import extension_id
from webhook.cli.extension.opening import reads
from webhook.cli.extension.output.description import as_text, description_of
from webhook.cli.extension.records import Records
from webhook.objects import manifests


@click.command()
@extension_id
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@reads
def describe(*, records: Records, extension_id: str, output: Any) -> None:
    """Show who gets what of an extension: addresses by zone, credentials by scope, names of variables.

    It is decided as the webhook decides it. Values are never shown.
    """
    extension = records.store.get(extension_id).record
    others = [s.record for s in records.store.list().records if s.record.id != extension_id]
    description = description_of(extension, Index([extension, *others], namespace=records.namespace))
    click.echo(manifests.dump_json(description) if output == "json" else as_text(description), nl=False)
