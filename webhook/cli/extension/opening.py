"""EDGE: the options that say where records are kept, for the commands that read them and those that write them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from registry.client import TIMEOUT
from webhook.cli.environment import prefer_command_line
from webhook.cli.extension.records import TOKEN_VARIABLE, open_records
from webhook.cli.options import allow_variable, or_exit, registry_options, with_options

_STORE: list[Callable[[Any], Any]] = [
    click.option("-u", "--url", "server", metavar="URL", help="Records behind FuseML's REST API: its address."),
    click.option(
        "--timeout",
        metavar="SECONDS",
        type=click.FloatRange(min=0, min_open=True),
        default=TIMEOUT,
        show_default=True,
        help="How long to wait for each response of that server.",
    ),
    click.option("-v", "--verbose", is_flag=True, help="Show each request: method, address, status, time. No content."),
    click.option(
        "--certificate-authority",
        metavar="FILE",
        help="Who may have signed that server's certificate, in PEM.  [default: whom this system trusts]",
    ),
    click.option(
        "--token-file",
        metavar="FILE",
        help=f"A token that tells that server who asks.  [default: the variable {TOKEN_VARIABLE}]",
    ),
    *registry_options("Records in a folder of files.", "Records in a cluster: Extensions in NAMESPACE."),
    allow_variable,
]
# The arguments of ``open_records``.
PLACE = (
    *("server", "timeout", "verbose", "certificate_authority", "token_file"),
    *("folder", "registry_namespace", "kubeconfig", "allowed"),
)
_dry_run: Callable[[Any], Any] = click.option(
    "--dry-run", is_flag=True, help="Check, and say what would be done, but write nothing."
)


def reads(command: Callable[..., None]) -> Callable[..., None]:
    """*command* with the options of a store; it is called with ``records``, and its refusals end with exit code 1."""
    return _opened(command)


def writes(command: Callable[..., None]) -> Callable[..., None]:
    """The same with ``--dry-run``."""
    decorated: Callable[..., None] = _dry_run(_opened(command))
    return decorated


def _opened(command: Callable[..., None]) -> Callable[..., None]:
    @wraps(command)
    def opened(*, dry_run: bool = False, **options: Any) -> None:
        where = {name: options.pop(name) for name in PLACE}
        if sum(where[name] is not None for name in ("server", "folder", "registry_namespace")) != 1:
            raise click.UsageError("give one of --url, --registry and --registry-namespace")
        with or_exit():
            records = open_records(**where)
            command(records=records.rehearsal() if dry_run else records, **options)

    decorated: Callable[..., None] = with_options(_STORE)(prefer_command_line(opened))
    return decorated
