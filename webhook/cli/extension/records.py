"""EDGE: opens the store of records that options name."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from registry.errors import UnreadableError
from registry.records.model import Extension
from registry.stores.folder_records.store import FolderRecords
from registry.stores.store import RecordStore
from webhook.cli.extension.dry_run import DryRun
from webhook.cli.extension.output.plain import Part, Plain, one

if TYPE_CHECKING:
    from registry.client.store import RestRecords

# Never an option: those are in the history of the shell, and in the list of processes.
TOKEN_VARIABLE: Final = "FUSEML_TOKEN"  # noqa: S105 - the name of a variable


@dataclass(frozen=True, slots=True)
class Records:
    """Where a command works.

    Attributes:
        allowed: Variables that control a loader or an interpreter and may be registered all the same.
        is_dry_run: True if the store writes nothing.
        check: Raises what the store would say to a record that it cannot keep.
        namespace: Of a cluster; "" for other stores.
        namespaces: Gives all namespaces of that cluster; None for other stores.
        server: The store, if it is a server, even while nothing is written to it.
    """

    store: RecordStore
    allowed: frozenset[str]
    is_dry_run: bool
    check: Callable[[Extension], None]
    namespace: str = ""
    namespaces: Callable[[], Sequence[Mapping[str, Any]]] | None = None
    server: "RestRecords | None" = None

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


def open_records(
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
) -> Records:
    """The records behind *server*, in *folder* or in a cluster, one of which is given.

    Raises:
        UnreadableError: That cannot be used. A server or a cluster need not be reachable yet.
    """
    names = frozenset(allowed)
    if server is not None:
        # Commands without a server or a cluster start faster without the clients.
        from registry.client.http import Api  # noqa: PLC0415
        from registry.client.store import RestRecords  # noqa: PLC0415

        api = Api(
            server,
            timeout=timeout,
            authority=certificate_authority or "",
            token=_token(token_file),
            log=_log if verbose else lambda _: None,
        )
        rest = RestRecords(api)
        return Records(rest, names, is_dry_run=False, check=_fits, server=rest)
    if folder is not None:
        return Records(FolderRecords(folder, allowed=names), names, is_dry_run=False, check=_fits)
    return _in_cluster(registry_namespace or "", kubeconfig, names)


def _in_cluster(namespace: str, kubeconfig: str | None, allowed: frozenset[str]) -> Records:
    from registry.kube.connect import connect  # noqa: PLC0415
    from registry.kube.reading import namespaces  # noqa: PLC0415
    from registry.stores.cluster_records.store import ClusterRecords, check  # noqa: PLC0415

    api = connect(kubeconfig)
    store = ClusterRecords(api, namespace=namespace, allowed=allowed)
    return Records(
        store, allowed, is_dry_run=False, check=check, namespace=namespace, namespaces=partial(namespaces, api)
    )


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
