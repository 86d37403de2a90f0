"""EDGE: the options that say where records are kept, and the store that they mean."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Any

import click

from registry.client.http import TIMEOUT, Api
from registry.client.store import RestRecords
from registry.errors import RegistryError, UnreadableError
from registry.records.model import Extension
from registry.stores.folder_records.store import FolderRecords
from registry.stores.store import RecordStore
from webhook.cli.environment import prefer_command_line
from webhook.cli.extension.dry_run import DryRun
from webhook.cli.extension.output.plain import Part, Plain, one
from webhook.cli.options import allow_variable, with_options
from webhook.process import logs

# Never an option: those are in the history of the shell, and in the list of processes.
TOKEN_VARIABLE = "FUSEML_TOKEN"  # noqa: S105 - the name of a variable

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
    click.option(
        "--registry",
        "folder",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="Records in a folder of files.",
    ),
    click.option("--registry-namespace", metavar="NAMESPACE", help="Records in a cluster: Extensions in NAMESPACE."),
    click.option("--kubeconfig", metavar="FILE", help="How to reach that cluster.  [default: as kubectl does]"),
    allow_variable,
]
_dry_run: Callable[[Any], Any] = click.option(
    "--dry-run", is_flag=True, help="Check, and say what would be done, but write nothing."
)


@dataclass(frozen=True, slots=True)
class Records:
    """Where a command works.

    Attributes:
        allowed: Variables that control a loader or an interpreter and may be registered all the same.
        is_dry_run: True if the store writes nothing.
        check: Raises what the store would say to a record that it cannot keep.
        namespace: Of a cluster; "" for other stores.
        server: The store, if it is a server, even while nothing is written to it.
    """

    store: RecordStore
    allowed: frozenset[str]
    is_dry_run: bool
    check: Callable[[Extension], None]
    namespace: str = ""
    server: RestRecords | None = None

    def done(self, text: str) -> None:
        """Say that something has been done, or would have been."""
        click.echo(f"{text} (dry run)" if self.is_dry_run else text)

    def added(self, part: Part, output: Plain | None, text: str) -> None:
        """Write what has been added, or say that it has."""
        if output is None:
            self.done(text)
        else:
            click.echo(one(part, output), nl=False)

    def rehearsal(self) -> "Records":
        """The same, with a store that writes nothing."""
        return replace(self, store=DryRun(self.store, self.check), is_dry_run=True)

    def in_kept_order(self, extension: Extension) -> Extension:
        """*extension* with its parts in the order in which the store gives them, once something has been read."""
        return self.server.in_kept_order(extension) if self.server is not None else extension

    def registered(self, extension_id: str) -> str:
        """When an extension that has been read was registered; "" if that is not known."""
        return self.server.registered.get(extension_id, "") if self.server is not None else ""


def reads(command: Callable[..., None]) -> Callable[..., None]:
    """*command* with the options of a store; it is called with ``records``, and its refusals end with exit code 1."""
    return _opened(command)


def writes(command: Callable[..., None]) -> Callable[..., None]:
    """The same with ``--dry-run``."""
    decorated: Callable[..., None] = _dry_run(_opened(command))
    return decorated


def _opened(command: Callable[..., None]) -> Callable[..., None]:
    @wraps(command)
    def opened(
        *,
        server: str | None,
        timeout: float,
        verbose: bool,
        certificate_authority: str | None,
        token_file: str | None,
        folder: Path | None,
        registry_namespace: str | None,
        kubeconfig: str | None,
        allowed: tuple[str, ...],
        dry_run: bool = False,
        **options: Any,
    ) -> None:
        if sum(place is not None for place in (server, folder, registry_namespace)) != 1:
            raise click.UsageError("give one of --url, --registry and --registry-namespace")
        names = frozenset(allowed)
        with or_refused():
            if server is not None:
                api = Api(
                    server,
                    timeout=timeout,
                    authority=certificate_authority or "",
                    token=_token(token_file),
                    log=_log if verbose else lambda _: None,
                )
                rest = RestRecords(api)
                records = Records(rest, names, is_dry_run=False, check=_fits, server=rest)
            elif folder is not None:
                records = Records(FolderRecords(folder, allowed=names), names, is_dry_run=False, check=_fits)
            else:
                records = _in_cluster(registry_namespace or "", kubeconfig, names)
            command(records=records.rehearsal() if dry_run else records, **options)

    decorated: Callable[..., None] = with_options(_STORE)(prefer_command_line(opened))
    return decorated


def _in_cluster(namespace: str, kubeconfig: str | None, allowed: frozenset[str]) -> Records:
    # Commands without a cluster start faster without the client.
    from registry.kube.connect import connect  # noqa: PLC0415
    from registry.stores.cluster_records.store import ClusterRecords, check  # noqa: PLC0415

    store = ClusterRecords(connect(kubeconfig), namespace=namespace, allowed=allowed)
    return Records(store, allowed, is_dry_run=False, check=check, namespace=namespace)


def _fits(_: Extension) -> None:
    """Folders keep every record, and what a server keeps only it can say."""


def _token(file: str | None) -> str:
    if file is None:
        return os.environ.get(TOKEN_VARIABLE, "").strip()
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError) as e:
        raise UnreadableError(f"{file}: {getattr(e, 'strerror', None) or 'is no text'}") from e


def _log(line: str) -> None:
    click.echo(line, err=True)


@contextmanager
def or_refused() -> Iterator[None]:
    """End the command with messages and exit code 1 if records cannot be read, or are refused."""
    try:
        yield
    except RegistryError as e:
        for line in str(e).splitlines():
            logs.say_error(line)
        sys.exit(1)
