"""EDGE: ``fuseml extension credentials``: the logins of a service."""

from collections.abc import Callable
from typing import Any

import click

from registry.records.editing import Place, find, hide
from webhook.cli.extension.changes import add_part, delete_part, service_of, update_part
from webhook.cli.extension.given.options import (
    configuration,
    extension_id,
    given,
    merge,
    quoted,
    service_id,
    split,
)
from webhook.cli.extension.given.values import VALUES, values_of
from webhook.cli.extension.opening import reads, writes
from webhook.cli.extension.output import formats
from webhook.cli.extension.output.formats import ADDED_FORMAT, LIST_FORMAT, Listed
from webhook.cli.extension.output.fuseml_form import credentials_form
from webhook.cli.extension.records import Records
from webhook.cli.extension.suggesting import credentials_ids
from webhook.cli.options import with_options

_id = click.argument("own_id", metavar="CREDENTIALS_ID", shell_complete=credentials_ids)
_FIELDS: list[Callable[[Any], Any]] = [
    click.option(
        "--scope",
        type=click.Choice(["global", "project", "user"]),
        help="Who may use them: everybody, the projects or the users that are listed.  [default: global]",
    ),
    click.option("--proj", "projects", metavar="PROJECT", multiple=True, help="A project that may. Repeatable."),
    click.option("--user", "users", metavar="USER", multiple=True, help="A user who may. Repeatable."),
    click.option(
        "--default/--no-default", default=None, help="Preferred among those of the same scope.  [default: no]"
    ),
    click.option(
        "--secret-ref",
        metavar="NAME",
        help="The values are in this Secret; the configuration says which of its keys each variable takes.",
    ),
    configuration("-c", "--configuration"),
    *VALUES,
]


@click.group()
def credentials() -> None:
    """Work with the credentials of a service. Their values are never shown."""


@credentials.command()
@extension_id
@service_id
@click.option("--id", "own_id", metavar="ID", help="Their id.  [default: the scope and eight random letters]")
@with_options(_FIELDS)
@ADDED_FORMAT
@writes
def add(
    *, records: Records, extension_id: str, service_id: str, own_id: str | None, output: Any, **fields: Any
) -> None:
    """Add credentials to a service."""
    body = given(id=own_id, **_body(**fields))
    extension, place = add_part(records, extension_id, "credentials", body, service_id=service_id)
    where = f"service {service_id} from extension {quoted(extension_id)}"
    said = f"Credentials {quoted(place.id)} successfully added to {where}"
    records.added(find(hide(extension), place), output, said)


@credentials.command()
@extension_id
@service_id
@_id
@with_options(_FIELDS)
@merge
@writes
def update(*, records: Records, extension_id: str, service_id: str, own_id: str, merge: bool, **fields: Any) -> None:
    """Change credentials. What is not given stays; a configuration replaces the old one, unless --merge is given."""
    update_part(records, extension_id, Place("credentials", own_id, service_id), _body(**fields), merge=merge)
    where = f"service {service_id} and extension {quoted(extension_id)}"
    records.done(f"Credentials {quoted(own_id)} from {where} successfully updated")


@credentials.command()
@extension_id
@service_id
@_id
@writes
def delete(*, records: Records, extension_id: str, service_id: str, own_id: str) -> None:
    """Delete credentials of a service."""
    delete_part(records, extension_id, Place("credentials", own_id, service_id))
    where = f"service {quoted(service_id)} and extension {quoted(extension_id)}"
    records.done(f"Credentials {quoted(own_id)} successfully deleted from {where}")


@credentials.command("list")
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
    """List the credentials of a service, without their values."""
    extension = hide(records.store.get(extension_id).record)
    service = service_of(extension, service_id)
    found = sorted(service.credentials, key=lambda c: c.id)
    rows = [credentials_form(extension, service, c) for c in found]
    columns = ("ID", "Scope", "Projects", "Users", "Configuration")
    Listed(found, rows, formats.CREDENTIALS, columns).show(output, format_, fields)


def _body(
    *,
    scope: str | None,
    projects: tuple[str, ...],
    users: tuple[str, ...],
    default: bool | None,
    secret_ref: str | None,
    configuration: tuple[str, ...],
    **values: tuple[str, ...],
) -> dict[str, Any]:
    return given(
        scope=scope,
        projects=split(projects),
        users=split(users),
        default=default,
        secretRef={"name": secret_ref} if secret_ref else None,
        configuration=values_of(configuration, **values),
    )
