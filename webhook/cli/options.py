"""Options that several commands share: the registry, the zone, the operator's rules. EDGE."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from registry.errors import RegistryError
from registry.records.extension_objects import OWNER_ANNOTATION, PROJECT_LABEL
from registry.stores.files import SUFFIXES, record_files
from registry.stores.folder import FolderStore
from registry.stores.namespaces import NamespaceKeys
from webhook.cli.terminal import printable
from webhook.mutation.settings import Settings
from webhook.process import logs

if TYPE_CHECKING:
    from registry.stores.cluster import KubernetesStore

NAMESPACE_KEYS: list[Callable[[Any], Any]] = [
    click.option(
        "--project-label",
        metavar="KEY",
        default=PROJECT_LABEL,
        show_default=True,
        help="Label of namespaces that names their project.",
    ),
    click.option(
        "--owner-annotation",
        metavar="KEY",
        default=OWNER_ANNOTATION,
        show_default=True,
        help="Annotation of namespaces that names the person to whom they belong.",
    ),
]
allow_variable: Callable[[Any], Any] = click.option(
    "--allow-variable",
    "allowed",
    multiple=True,
    metavar="NAME",
    help="Allow a variable that controls a loader, shell, interpreter or tool. Repeatable.",
)
argo_crds: Callable[[Any], Any] = click.option(
    "--argo-crds",
    type=click.Choice(["full", "minimal", "unknown"]),
    default="unknown",
    show_default=True,
    help="Argo's CRDs in the cluster: the full ones drop the lists 'extensions'.",
)


def registry_options(folder: str, namespace: str) -> list[Callable[[Any], Any]]:
    """The options that say where a registry is, with what the help says of it as a *folder* and as a *namespace*."""
    return [
        click.option(
            "--registry",
            "folder",
            type=click.Path(exists=True, file_okay=False, path_type=Path),
            help=folder,
        ),
        click.option("--registry-namespace", metavar="NAMESPACE", help=namespace),
        click.option(
            "--kubeconfig",
            metavar="FILE",
            help="How to reach that cluster  [default: as kubectl does; in a pod, its service account]",
        ),
    ]


SETTINGS: list[Callable[[Any], Any]] = [
    *registry_options(
        "Folder of extension records (*.yaml, *.yml, *.json).",
        "Read the registry from a cluster: Extensions in this namespace serve everyone, others their own.",
    ),
    click.option(
        "--ledger-namespace",
        metavar="NAMESPACE",
        help="Where fuseml controller keeps its ledgers in that cluster, which say what credentials it has delivered.  "
        "[default: that is not checked]",
    ),
    *NAMESPACE_KEYS,
    click.option(
        "--zone", default="", help="Zone of the steps: services in the same zone are reached by internal endpoints."
    ),
    click.option(
        "--plaintext-credentials",
        type=click.Choice(["deny", "warn", "allow"]),
        default="deny",
        show_default=True,
        help="Whether expressions may put credentials into args, scripts and parameters, in clear text.",
    ),
    click.option(
        "--ambiguity",
        type=click.Choice(["warn", "refuse"]),
        default="warn",
        show_default=True,
        help="What to do if only version or id order decides between different services.",
    ),
    allow_variable,
]


def with_options(options: list[Callable[[Any], Any]]) -> Callable[[Any], Any]:
    """Give a command all of *options*."""

    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def settings_of(
    *,
    zone: str,
    plaintext_credentials: Any,
    ambiguity: Any,
    allowed: tuple[str, ...],
    project_label: str,
    owner_annotation: str,
) -> Settings:
    """The values of these options as the core reads them."""
    return Settings(
        zone=zone,
        plaintext_credentials=plaintext_credentials,
        ambiguity=ambiguity,
        allowed_variables=frozenset(allowed),
        project_label=project_label,
        owner_annotation=owner_annotation,
    )


def open_store(
    folder: Path | None,
    namespace: str | None,
    kubeconfig: str | None,
    settings: Settings,
    ledger_namespace: str | None,
) -> "FolderStore | KubernetesStore":
    """The registry in *folder*, or the one in a cluster, which need not be reachable yet.

    A broken folder, or a kubeconfig that cannot be used, ends the command with exit code 1.
    """
    check_one_registry(folder, namespace, ledger_namespace, "--registry-namespace")
    with or_exit():
        if namespace is None:
            return FolderStore(folder or Path(), allowed=settings.allowed_variables)
        # Commands that read a folder start faster without the client.
        from registry.kube.connect import connect  # noqa: PLC0415
        from registry.stores.cluster import KubernetesStore  # noqa: PLC0415

        return KubernetesStore(
            connect(kubeconfig),
            namespace=namespace,
            allowed=settings.allowed_variables,
            keys=NamespaceKeys(settings.project_label, settings.owner_annotation),
            ledger_namespace=ledger_namespace or "",
        )


def read_folder(folder: Path, allowed: frozenset[str]) -> FolderStore:
    """The registry in *folder*, which should not be empty.

    Raises:
        UnreadableError: It cannot be listed.
        InvalidRecordsError: A file breaks the format.
    """
    if not record_files(folder):
        warn(f"{folder}: holds no records: there is no {', '.join(f'*{suffix}' for suffix in SUFFIXES)} directly in it")
    return FolderStore(folder, allowed=allowed)


def check_one_registry(folder: Path | None, namespace: str | None, ledger_namespace: str | None, other: str) -> None:
    """Raise a UsageError unless either a *folder* or a *namespace* is given, which *other* options can also say."""
    if (folder is None) == (namespace is None):
        raise click.UsageError(f"give either --registry or {other}")
    if folder is not None and ledger_namespace is not None:
        raise click.UsageError("--ledger-namespace needs --registry-namespace")


def warn(message: str) -> None:
    """Write a warning to standard error."""
    click.echo(f"warning: {message}", err=True)


@contextmanager
def or_exit() -> Iterator[None]:
    """End the command with messages and exit code 1 if records or definitions cannot be read, or are refused."""
    try:
        yield
    except RegistryError as e:
        # A server's message is its own, and may hold anything.
        for line in str(e).splitlines():
            logs.say_error(printable(line))
        sys.exit(1)
