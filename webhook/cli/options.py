"""What several commands have in common: the registry, and the operator's rules. EDGE."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from registry.errors import InvalidRecordsError, UnreadableError
from registry.stores.folder import FolderStore
from webhook.mutation.settings import Settings

if TYPE_CHECKING:
    from registry.stores.cluster import KubernetesStore

SETTINGS: list[Callable[[Any], Any]] = [
    click.option(
        "--registry",
        "folder",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="Folder of extension records (*.yaml, *.yml, *.json).",
    ),
    click.option(
        "--registry-namespace",
        metavar="NAMESPACE",
        help="The registry is in a cluster: its Extensions there are for everyone, others for their own namespace.",
    ),
    click.option(
        "--kubeconfig",
        metavar="FILE",
        help="How that cluster is reached  [default: as kubectl does; in a pod, by its service account]",
    ),
    click.option("--zone", default="", help="Zone of the consumers: same-zone services are reached internally."),
    click.option(
        "--plaintext-credentials",
        type=click.Choice(["deny", "warn", "allow"]),
        default="deny",
        show_default=True,
        help="Whether an expression may put a credential into args, scripts and parameters.",
    ),
    click.option(
        "--ambiguity",
        type=click.Choice(["warn", "refuse"]),
        default="warn",
        show_default=True,
        help="When only version or id order decides between different services.",
    ),
    click.option(
        "--allow-variable",
        "allowed",
        multiple=True,
        metavar="NAME",
        help="Allow a variable that gives orders to a loader, shell or interpreter. Repeatable.",
    ),
]


def with_options(options: list[Callable[[Any], Any]]) -> Callable[[Any], Any]:
    """Give a command all of *options*."""

    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def settings_of(zone: str, plaintext_credentials: Any, ambiguity: Any, allowed: tuple[str, ...]) -> Settings:
    """The operator's rules, as they were chosen."""
    return Settings(
        zone=zone,
        plaintext_credentials=plaintext_credentials,
        ambiguity=ambiguity,
        allowed_variables=frozenset(allowed),
    )


def open_store(
    folder: Path | None, namespace: str | None, kubeconfig: str | None, settings: Settings
) -> "FolderStore | KubernetesStore":
    """The registry in *folder*, or that of a cluster, which need not be there yet.

    If the folder is broken, or there is no way to the cluster, says what is wrong and ends with exit code 1.
    """
    if (folder is None) == (namespace is None):
        raise click.UsageError("give either --registry or --registry-namespace")
    with told():
        if namespace is None:
            return FolderStore(folder or Path(), allowed=settings.allowed_variables)
        # The other commands start faster without the client, and some of their users have no cluster.
        from registry.kube.connect import connect  # noqa: PLC0415
        from registry.stores.cluster import KubernetesStore  # noqa: PLC0415

        return KubernetesStore(connect(kubeconfig), namespace=namespace, allowed=settings.allowed_variables)


def load_store(
    folder: Path | None, namespace: str | None, kubeconfig: str | None, settings: Settings
) -> "FolderStore | KubernetesStore":
    """The same, and its content."""
    store = open_store(folder, namespace, kubeconfig, settings)
    if not isinstance(store, FolderStore):
        with told():
            store.load()
    return store


@contextmanager
def told() -> Iterator[None]:
    """If the registry is broken, what is wrong with it and exit code 1."""
    try:
        yield
    except (InvalidRecordsError, UnreadableError) as e:
        for line in str(e).splitlines():
            click.echo(f"error: {line}", err=True)
        sys.exit(1)
