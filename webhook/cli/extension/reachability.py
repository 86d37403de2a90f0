"""EDGE: ``fuseml extension test``: whether endpoints can be reached from here."""

import socket
import ssl
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import click

from registry.errors import UnreadableError
from registry.records.model import Endpoint, Extension, Service
from webhook.cli.extension.opening import reads
from webhook.cli.extension.output.tables import columns_of, table
from webhook.cli.extension.probing import probe
from webhook.cli.extension.records import Records
from webhook.cli.extension.suggesting import extension_ids
from webhook.objects import manifests

# As many at a time; most of the time is waiting.
_AT_ONCE = 16
_COLUMNS = ("Extension", "Service", "Endpoint", "Type", "Result")


@click.command("test")
@click.argument("ids", nargs=-1, required=True, metavar="EXTENSION_ID...", shell_complete=extension_ids)
@click.option("--type", "type_", type=click.Choice(["internal", "external"]), help="Only endpoints of this type.")
@click.option(
    "--wait",
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True),
    default=5.0,
    show_default=True,
    help="How long to wait for each endpoint.",
)
@click.option(
    "--endpoint-authority",
    metavar="FILE",
    help="Who may have signed the certificates of endpoints, in PEM.  [default: whom this system trusts]",
)
@click.option("-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True)
@reads
def test_(
    *,
    records: Records,
    ids: tuple[str, ...],
    type_: str | None,
    wait: float,
    endpoint_authority: str | None,
    output: Any,
) -> None:
    """Try from here whether the endpoints of extensions can be reached.

    A TCP connection is opened, and for https and the like a TLS handshake done; then it is closed. No request and no
    credentials are sent. Steps may be in another network than this machine.
    """
    context = _context(endpoint_authority)
    extensions = [records.store.get(own_id).record for own_id in dict.fromkeys(ids)]
    tried = [part for part in _endpoints(extensions) if type_ in (None, part[2].type)]
    click.echo(f"trying from {socket.gethostname()}: TCP, and TLS for https; nothing else is sent", err=True)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        outcomes = [*pool.map(lambda part: probe(part[2].url, timeout=wait, context=context), tried)]
    rows = [
        {"extension": e.id, "service": s.id, "endpoint": p.url, "type": p.type, "result": outcome.text}
        for (e, s, p), outcome in zip(tried, outcomes, strict=True)
    ]
    if output == "json":
        click.echo(manifests.dump_json(rows), nl=False)
    else:
        click.echo(table(columns_of(_COLUMNS, [c.lower() for c in _COLUMNS]), rows), nl=False)
    if any(outcome.is_tried and not outcome.is_reached for outcome in outcomes):
        sys.exit(1)


def _endpoints(extensions: Iterable[Extension]) -> list[tuple[Extension, Service, Endpoint]]:
    return [(e, service, endpoint) for e in extensions for service in e.services for endpoint in service.endpoints]


def _context(authority: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=authority)
    except (OSError, ssl.SSLError) as e:
        raise UnreadableError(f"{authority}: cannot be read as PEM certificates: {e.strerror or e}") from None
