"""What ``preview`` and ``explain`` read: files, standard input, definitions; and which consumer asks. EDGE."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import click

from registry.resolving.selectors import Consumer
from registry.stores.namespaces import NamespaceFacts
from webhook.cli.options import or_exit
from webhook.mutation.settings import Settings
from webhook.objects import manifests
from webhook.objects.walk import as_map
from webhook.preview.definitions import Definitions
from webhook.preview.subjects import Subject, subjects

INPUTS: list[Callable[[Any], Any]] = [
    click.option(
        "-f",
        "--filename",
        "files",
        required=True,
        multiple=True,
        metavar="FILE",
        type=click.Path(exists=True, dir_okay=False, allow_dash=True),
        help="YAML or JSON with any number of objects; - is standard input. Repeatable.",
    ),
    click.option("-n", "--namespace", help="Namespace of the objects  [default: their own, or 'default']"),
    click.option("--project", help="Project on whose behalf objects ask  [default: that of the namespace]"),
    click.option(
        "--owner", default="", help="Person to whom the namespace belongs  [default: what the namespace says]"
    ),
    click.option("--user", default="", help="User who submits the objects."),
]


def source_of(name: str) -> str:
    """What messages call the file *name*."""
    return "stdin" if name == "-" else name


@contextmanager
def opened(name: str) -> Iterator[TextIO]:
    """The text of a file, or of standard input if *name* is ``-``."""
    # newline="": line ends come out as they came in.
    if name == "-":
        sys.stdin.reconfigure(newline="", encoding="utf-8")  # type: ignore[union-attr]  # a text file in practice
        yield sys.stdin
        return
    with Path(name).open(newline="", encoding="utf-8") as lines:
        yield lines


def read_subjects(files: tuple[str, ...]) -> Iterator[Subject]:
    """The objects of all *files*; a document that cannot be read ends the command with exit code 1."""
    for name in files:
        with opened(name) as lines:
            for chunk in manifests.chunks(lines):
                for document in manifests.load(chunk.text):
                    for problem in document.problems:
                        line = chunk.line + max(problem.line, 1) - 1
                        click.echo(f"error: {source_of(name)}:{line}: {problem.message}", err=True)
                        sys.exit(1)
                    yield from subjects(document.content)


def read_definitions(
    files: tuple[str, ...], namespace: str | None, *, in_cluster: bool, kubeconfig: str | None
) -> Definitions:
    """The definitions that runs may refer to: those in *files*, then those in the cluster, if one was named.

    Args:
        in_cluster: The registry is in a cluster; its definitions are read as well.
    """
    find_in_cluster = None
    if in_cluster or kubeconfig is not None:
        with or_exit():
            # Without a cluster, these commands start faster without its client.
            from registry.kube.connect import connect  # noqa: PLC0415
            from webhook.preview.cluster_definitions import ClusterDefinitions  # noqa: PLC0415

            find_in_cluster = ClusterDefinitions(connect(kubeconfig)).find
    definitions = Definitions(lambda obj: _namespace_of(obj, namespace), find_in_cluster)
    for name in files:
        if name != "-":  # Standard input can be read only once.
            with opened(name) as lines:
                definitions.add(lines)
    return definitions


def consumers(
    settings: Settings,
    facts_of: Callable[[str], NamespaceFacts | None],
    *,
    namespace: str | None,
    project: str | None,
    owner: str,
    user: str,
) -> Callable[[Mapping[str, Any]], Consumer]:
    """A function that gives the consumer on whose behalf an object asks.

    Args:
        facts_of: Gives what a namespace says of itself; None if there is no such namespace.
    """

    def consumer_of(obj: Mapping[str, Any]) -> Consumer:
        its_namespace = _namespace_of(obj, namespace)
        facts = facts_of(its_namespace) or (NamespaceFacts() if project or owner else None)
        if facts is None:
            click.echo(f"error: namespace {its_namespace!r} does not exist in this cluster; give --project", err=True)
            sys.exit(1)
        return Consumer(
            zone=settings.zone,
            namespace=its_namespace,
            project=project or facts.project,
            owner=owner or facts.owner,
            user=user,
        )

    return consumer_of


def _namespace_of(obj: Mapping[str, Any], namespace: str | None) -> str:
    return namespace or str(as_map(obj.get("metadata")).get("namespace") or "default")
