"""EDGE: ``fuseml extension diff``: what files say otherwise than a registry."""

import difflib
import sys
from collections.abc import Iterator

import click

from registry.client import bodies
from registry.errors import NotFoundError
from registry.records.editing import HIDDEN
from registry.records.model import Credentials, Extension
from registry.records.ordering import ordered_as
from webhook.cli.extension.changes import with_logins
from webhook.cli.extension.given.reading import FILES, PATHS, created, read_bodies
from webhook.cli.extension.opening import reads
from webhook.cli.extension.output.plain import one
from webhook.cli.extension.records import Records
from webhook.cli.files import expanded
from webhook.cli.options import warn
from webhook.cli.terminal import print_diff

_ANOTHER = f"{HIDDEN} (another value)"


@click.command()
@PATHS
@FILES
@reads
def diff(*, records: Records, paths: tuple[str, ...], files: tuple[str, ...]) -> None:
    """Show what FILE would change in a registry, as a unified diff; exit with code 1 if it would change anything.

    Of values of credentials it shows only whether they differ.
    """
    given = (*files, *paths)
    if not given:
        raise click.UsageError("nothing to compare: give a FILE, a folder, or - for standard input")
    differs = False
    for body in read_bodies([file for path in given for file in expanded(path)], records.allowed, hidden=True):
        new = created(body, records.allowed, hidden=True)
        try:
            old = records.store.get(new.id).record if body.body.get("id") else None
        except NotFoundError:
            old = None
        text = "".join(_diff(old, records.in_kept_order(new)))
        if old is not None and any(bodies.unknown_values(old)) and _has_values(new):
            warn(f"{new.id}: values of credentials are not compared: the server does not show them")
        print_diff(text)
        differs = differs or bool(text)
    if differs:
        sys.exit(1)


def _diff(old: Extension | None, new: Extension) -> Iterator[str]:
    new = new if old is None else ordered_as(new, old)
    known = {} if old is None else {(s.id, c.id): c for s in old.services for c in s.credentials}

    def shown(service_id: str, login: Credentials) -> dict[str, str]:
        before = known.get((service_id, login.id))
        values = before.configuration if before is not None and before.secret_ref is None else {}
        return {name: _compared(values.get(name), value) for name, value in login.configuration.items()}

    before = ""
    if old is not None:
        before = one(with_logins(old, lambda _, login: dict.fromkeys(login.configuration, HIDDEN)), "yaml")
    after = one(with_logins(new, shown), "yaml")
    source = f"registry/{new.id}" if old is not None else "/dev/null"
    return difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), source, f"given/{new.id}"
    )


def _compared(before: str | None, after: str) -> str:
    """How the value *after* is shown."""
    return HIDDEN if before in (None, HIDDEN, after) or after == HIDDEN else _ANOTHER


def _has_values(extension: Extension) -> bool:
    logins = (login for service in extension.services for login in service.credentials if login.secret_ref is None)
    return any(value != HIDDEN for login in logins for value in login.configuration.values())
