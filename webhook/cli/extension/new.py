"""EDGE: ``fuseml extension new``: a record of a common product to fill in."""

from typing import Literal

import click

from registry.errors import InvalidRecordsError, dotted
from registry.suggestions import closest
from registry.templates import forms
from registry.templates.catalogue import find, names, templates
from webhook.cli.extension.suggesting import products


@click.command()
@click.argument("product", required=False, shell_complete=products)
@click.option("--list", "is_listing", is_flag=True, help="List the products.")
@click.option("--id", "extension_id", metavar="ID", help="The record's id.  [default: the product]")
@click.option("--zone", metavar="ZONE", help="Where the product runs.")
@click.option(
    "--form",
    type=click.Choice(["record", "extension"]),
    default="record",
    show_default=True,
    help="A record for a folder, or an Extension for a cluster.",
)
def new(
    *,
    product: str | None,
    is_listing: bool,
    extension_id: str | None,
    zone: str | None,
    form: Literal["record", "extension"],
) -> None:
    """Write a record of PRODUCT to fill in: with the variables that its clients read.

    Without PRODUCT, list the products that there are.
    """
    if product is None or is_listing:
        width = max(map(len, templates()))
        for template in templates().values():
            click.echo(f"{template.product:{width}}  {template.title}")
        return
    found = find(product)
    if found is None:
        raise click.BadParameter(_unknown(product), param_hint="PRODUCT")
    write = forms.extension if form == "extension" else forms.record
    try:
        text = write(found.text, extension_id=extension_id or "", zone=zone or "")
    except InvalidRecordsError as e:
        problem = e.problems[0]
        raise click.BadParameter(problem.message, param_hint=f"--{dotted(problem.path)}") from e
    click.echo(text, nl=False)


def _unknown(product: str) -> str:
    close = closest(product.lower(), names())
    hint = f"did you mean {close!r}?" if close else "'fuseml extension new' lists those that there are"
    return f"there is no template of {product[:100]!r}; {hint}"
