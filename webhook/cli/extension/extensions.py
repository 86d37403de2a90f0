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
from webhook.cli.extension.impact import impact
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
    """Delete an extension, with all its services, endpoints and credentials.

    A dry run in a cluster also says what that means for the runs and definitions there, as ``impact --delete`` does.
    """
    records.store.delete(extension_id, records.store.get(extension_id).revision)
    records.done(f"Extension {extension_id} successfully deleted")
    if records.is_dry_run and records.namespace:
        _show_impact(f"{records.namespace}/{extension_id}", click.get_current_context())


def _show_impact(extension_id: str, deleting: click.Context) -> None:
    """Write what it means that the extension is deleted, in the cluster of the command *deleting* it."""
    kubeconfig = deleting.params["kubeconfig"]
    options = ["--delete", "--cluster", *([f"--kubeconfig={kubeconfig}"] if kubeconfig else [])]
    with impact.make_context("impact", [*options, "--", extension_id], deleting) as context:
        impact.invoke(context)
