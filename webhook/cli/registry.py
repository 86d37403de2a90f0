"""EDGE: the command ``fuseml registry``."""

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import click

from webhook.cli.environment import prefer_command_line
from webhook.cli.options import allow_variable, check_one_registry, or_exit, registry_options, with_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from registry.service.access import Access
    from registry.stores.store import RecordStore

    # Where records are kept, who may do what there, and what removes what is left over.
    _Opened: TypeAlias = tuple[RecordStore, Access | None, Callable[[], None] | None]


@click.command()
@with_options([prefer_command_line])
@with_options(
    registry_options(
        "Keep the records in this folder.",
        "Keep the records in a cluster: as Extensions of this namespace, their values in Secrets.",
    )
)
@allow_variable
@click.option("--listen", default="127.0.0.1:8000", show_default=True, help="[HOST]:PORT")
@click.option("--tls-cert", type=click.Path(path_type=Path), help="Certificate, PEM, leaf first  [default: plain HTTP]")
@click.option("--tls-key", type=click.Path(path_type=Path), help="Its private key, PEM.")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path),
    help="File of bearer tokens, one in each line: only who sends one is served. For --registry.",
)
@click.option(
    "--audience",
    "audiences",
    multiple=True,
    metavar="AUDIENCE",
    help="Take tokens for this audience  [default: the API server]. For --registry-namespace. Repeatable.",
)
def registry(
    *,
    folder: Path | None,
    registry_namespace: str | None,
    kubeconfig: str | None,
    allowed: tuple[str, ...],
    listen: str,
    tls_cert: Path | None,
    tls_key: Path | None,
    token_file: Path | None,
    audiences: tuple[str, ...],
) -> None:
    """Serve the registry by FuseML's REST API.

    With --registry it is for this machine only, unless there are TLS and a token file. With --registry-namespace, each
    request needs a bearer token of the cluster, and the rights of its owner on Extensions decide.
    """
    from webhook.registry_server.server import serve  # noqa: PLC0415 - the other commands start faster without gunicorn and Flask

    check_one_registry(folder, registry_namespace, None, "--registry-namespace")
    if (tls_cert is None) != (tls_key is None):
        raise click.UsageError("--tls-cert and --tls-key belong together")
    if folder is None and token_file is not None:
        raise click.UsageError("--token-file is for --registry; in a cluster, the API server knows the tokens")
    if folder is not None and audiences:
        raise click.UsageError("--audience is for --registry-namespace")
    variables = frozenset(allowed)
    with or_exit():
        store, access, clean = (
            _in_folder(folder, token_file, variables)
            if folder is not None
            else _in_cluster(registry_namespace or "", kubeconfig, audiences, variables)
        )
    serve(
        store,
        listen=listen,
        allowed=variables,
        access=access,
        certificate=tls_cert,
        key=tls_key,
        clean=clean,
        place=f"records in {folder}" if folder is not None else f"Extensions in namespace {registry_namespace}",
    )


def _in_folder(folder: Path, token_file: Path | None, allowed: frozenset[str]) -> "_Opened":
    from registry.service.token_file import TokenFile  # noqa: PLC0415
    from registry.stores.folder_records.store import FolderRecords  # noqa: PLC0415

    return FolderRecords(folder, allowed=allowed), TokenFile(token_file) if token_file is not None else None, None


def _in_cluster(
    namespace: str, kubeconfig: str | None, audiences: tuple[str, ...], allowed: frozenset[str]
) -> "_Opened":
    from registry.kube.connect import connect  # noqa: PLC0415
    from registry.service.cluster_access import ClusterAccess  # noqa: PLC0415
    from registry.stores.cluster_records.store import ClusterRecords  # noqa: PLC0415

    api = connect(kubeconfig)
    store = ClusterRecords(api, namespace=namespace, allowed=allowed)
    return store, ClusterAccess(api, namespace=namespace, audiences=audiences), store.clean
