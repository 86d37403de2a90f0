"""What ``preview`` and ``explain`` read: files, standard input, definitions; and which consumer asks. EDGE."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NoReturn

import click

from registry.resolving.selectors import Consumer
from registry.stores.namespaces import NamespaceFacts
from webhook.adapters.layout import Finding
from webhook.cli.files import can_be_read_twice, expanded, lines_of_file, source_of
from webhook.cli.options import or_exit, warn
from webhook.mutation.settings import Settings
from webhook.objects.walk import as_map
from webhook.preview import dropped_blocks
from webhook.preview.definitions import Definitions
from webhook.preview.lines import Lines
from webhook.preview.reading import parts_of
from webhook.preview.subjects import Subject, subjects, with_embedded

FILES: list[Callable[[Any], Any]] = [
    click.argument("paths", nargs=-1, metavar="[FILE]...", type=click.Path(exists=True, allow_dash=True)),
    click.option(
        "-f",
        "--filename",
        "files",
        multiple=True,
        metavar="FILE",
        type=click.Path(exists=True, allow_dash=True),
        help="The same as an argument: YAML or JSON; a folder with all such files below it; - is standard input. "
        "Repeatable.",
    ),
]
INPUTS: list[Callable[[Any], Any]] = [
    *FILES,
    click.option(
        "-n",
        "--namespace",
        help="Namespace of the objects  [default: their own; or, as for kubectl, that of the context, or 'default']",
    ),
    click.option("--project", help="Project on whose behalf objects ask  [default: that of the namespace]"),
    click.option(
        "--owner", default="", help="Person to whom the namespace belongs  [default: what the namespace says]"
    ),
    click.option("--user", default="", help="User who submits the objects."),
]


def given_files(paths: Sequence[str], files: Sequence[str]) -> tuple[str, ...]:
    """The files that were given as options and as arguments, folders replaced by the files below them, each once."""
    if not paths and not files:
        raise click.UsageError("nothing to read: give a FILE, a folder, or - for standard input")
    return tuple(dict.fromkeys(file for path in (*files, *paths) for file in expanded(path)))


def nothing_in(files: Sequence[str]) -> NoReturn:
    """End the command with exit code 1, as kubectl does, if there is nothing to do."""
    click.echo(f"error: {', '.join(map(source_of, files)) or 'the folder'}: there is no object in it", err=True)
    sys.exit(1)


def read_subjects(files: Sequence[str]) -> Iterator[tuple[Subject, Lines] | str]:
    """The objects of all *files*, and the message about each document that cannot be read; at least one of them."""
    is_empty = True
    for name in files:
        for part in parts_of(lines_of_file(name), source_of(name)):
            is_empty = is_empty and not (part.documents or part.errors)
            for warning in part.warnings:
                click.echo(f"warning: {warning}", err=True)
            yield from part.errors
            for document in part.documents:
                for subject in with_embedded(subjects(document.content)):
                    yield subject, Lines(part, document, subject)
    if is_empty:
        nothing_in(files)


def read_definitions(
    files: Sequence[str], namespace: str | None, *, fallback: str, in_cluster: bool, kubeconfig: str | None
) -> Definitions:
    """The definitions that runs may refer to: those in *files*, then those in the cluster, if one was named.

    Args:
        fallback: The namespace of objects that name none.
        in_cluster: The registry is in a cluster; its definitions are read as well.
    """
    find_in_cluster = None
    if in_cluster or kubeconfig is not None:
        with or_exit():
            # Without a cluster, these commands start faster without its client.
            from registry.kube.connect import connect  # noqa: PLC0415
            from webhook.preview.cluster_definitions import ClusterDefinitions  # noqa: PLC0415

            find_in_cluster = ClusterDefinitions(connect(kubeconfig), warn).find
    definitions = Definitions(lambda obj: _namespace_of(obj, namespace, fallback), find_in_cluster)
    for name in files:
        if can_be_read_twice(name):
            definitions.add(lines_of_file(name))
    return definitions


def dropped_blocks_by(argo_crds: Any, *, in_cluster: bool, kubeconfig: str | None) -> Callable[..., list[Finding]]:
    """A function that finds the blocks of an object that are dropped, by the cluster's schemas if one was named.

    Args:
        in_cluster: As of ``read_definitions``.
    """
    if not in_cluster and kubeconfig is None:
        return partial(dropped_blocks.findings, argo_crds=argo_crds)
    with or_exit():
        from registry.kube.connect import connect  # noqa: PLC0415 - as in read_definitions
        from webhook.preview.cluster_schemas import ClusterSchemas  # noqa: PLC0415

        find_schema = ClusterSchemas(connect(kubeconfig)).find
    return partial(dropped_blocks.findings, argo_crds=argo_crds, find_schema=find_schema)


def consumers(
    settings: Settings,
    facts_of: Callable[[str], NamespaceFacts | None],
    *,
    namespace: str | None,
    fallback: str,
    project: str | None,
    owner: str,
    user: str,
) -> Callable[[Mapping[str, Any]], Consumer]:
    """A function that gives the consumer on whose behalf an object asks.

    Args:
        fallback: The namespace of objects that name none.
        facts_of: Gives what a namespace says of itself; None if there is no such namespace.
    """

    def consumer_of(obj: Mapping[str, Any]) -> Consumer:
        its_namespace = _namespace_of(obj, namespace, fallback)
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


def namespace_of_context(kubeconfig: str | None, *, in_cluster: bool) -> str:
    """The namespace of objects that name none: with a cluster, the one in which kubectl would create them."""
    if not in_cluster:
        return "default"
    from registry.kube.connect import namespace_of  # noqa: PLC0415 - as above

    return namespace_of(kubeconfig)


def _namespace_of(obj: Mapping[str, Any], namespace: str | None, fallback: str) -> str:
    return namespace or str(as_map(obj.get("metadata")).get("namespace") or fallback)
