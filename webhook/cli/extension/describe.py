"""EDGE: ``fuseml extension describe``: who gets what of an extension."""

from typing import Any

import click

from registry.errors import UnreadableError
from registry.resolving.index import Index
from registry.stores.namespaces import NamespaceFacts, NamespaceKeys
from webhook.cli.extension.given.options import extension_id
from webhook.cli.extension.opening import reads
from webhook.cli.extension.output.description import as_text, description_of
from webhook.cli.extension.records import Records
from webhook.cli.options import NAMESPACE_KEYS, warn, with_options
from webhook.objects import manifests


@click.command()
@extension_id
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@with_options(NAMESPACE_KEYS)
@reads
def describe(*, records: Records, extension_id: str, output: Any, project_label: str, owner_annotation: str) -> None:
    """Show who gets what of an extension: addresses by zone, credentials by scope, names of variables.

    It is decided as the webhook decides it. Values are never shown. Of a cluster it also shows which namespaces have
    which credentials.
    """
    extension = records.store.get(extension_id).record
    others = [s.record for s in records.store.list().records if s.record.id != extension_id]
    index = Index([extension, *others], namespace=records.namespace)
    known = _namespaces(records, NamespaceKeys(project_label, owner_annotation))
    description = description_of(extension, index, known)
    click.echo(manifests.dump_json(description) if output == "json" else as_text(description), nl=False)


def _namespaces(records: Records, keys: NamespaceKeys) -> dict[str, NamespaceFacts] | None:
    """What each namespace of the cluster says of itself; None if that is not known, or there is no cluster."""
    if records.namespaces is None:
        return None
    try:
        return {obj["metadata"]["name"]: keys.facts(obj) for obj in records.namespaces()}
    except UnreadableError as e:
        warn(f"which namespaces have credentials is not known: {e}")
        return None
