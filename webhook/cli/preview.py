"""EDGE: the command ``fuseml preview``: what objects become when they are submitted."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from webhook.cli.files import lines_of_file, source_of
from webhook.cli.inputs import (
    INPUTS,
    consumers,
    dropped_blocks_by,
    given_files,
    namespace_of_context,
    nothing_in,
    read_definitions,
)
from webhook.cli.installed import VIEWED
from webhook.cli.options import argo_crds, or_exit, settings_of, view_registry, with_options
from webhook.cli.terminal import Progress, Stream, print_diff
from webhook.preview.previewer import Previewer


@click.command()
@with_options(INPUTS)
@with_options(VIEWED)
@argo_crds
@click.option(
    "-o",
    "--output",
    type=click.Choice(["yaml", "json", "patch", "diff", "env"]),
    default="yaml",
    show_default=True,
    help="The object, the JSON patch, a diff, or the variables that the process of each step will see.",
)
@click.option("--show-credentials", is_flag=True, help="Show the values of credentials.")
def preview(
    *,
    paths: tuple[str, ...],
    files: tuple[str, ...],
    namespace: str | None,
    project: str | None,
    owner: str,
    user: str,
    output: Any,
    show_credentials: bool,
    folder: Path | None,
    registry_namespace: str | None,
    kubeconfig: str | None,
    ledger_namespace: str | None,
    argo_crds: Any,
    **settings: Any,
) -> None:
    """Show what objects become when they are submitted.

    Tekton and Argo runs and definitions, pods and the workloads that create them, and FuseML workflow documents are
    shown as the webhook would change them; everything else comes out unchanged.

    Definitions that a run refers to are taken from the same files, then from the cluster of --cluster,
    --registry-namespace or --kubeconfig. The pods that the run is expected to create are checked too: -o env shows
    their variables, and a pod that would be refused is an error with every output.
    """
    inputs = given_files(paths, files)
    chosen = replace(settings_of(**settings), show_credentials=show_credentials)
    registry = view_registry(folder, registry_namespace, kubeconfig, chosen, ledger_namespace)
    in_cluster = registry_namespace is not None
    where: dict[str, Any] = {
        "namespace": namespace,
        "fallback": namespace_of_context(kubeconfig, in_cluster=in_cluster),
    }
    consumer_of = consumers(chosen, registry.facts_of, **where, project=project, owner=owner, user=user)
    dropped_of = dropped_blocks_by(argo_crds, in_cluster=in_cluster, kubeconfig=kubeconfig)
    definitions = read_definitions(inputs, **where, in_cluster=in_cluster, kubeconfig=kubeconfig)
    previewer = Previewer(
        registry, consumer_of, chosen, output, definitions.seen_from, registry.delivered_to, dropped_of
    )
    refused, is_empty = False, True
    progress, stream = Progress(), Stream()
    for name in inputs:
        stream.begin_file()
        with or_exit():
            for document in previewer.show(lines_of_file(name), source_of(name)):
                if output == "yaml":
                    stream.write(document.text)
                else:
                    print_diff(document.text) if output == "diff" else click.echo(document.text, nl=False)
                for message in document.warnings:
                    progress.say(f"warning: {message}")
                for message in document.errors:
                    progress.say(f"error: {message}")
                refused = refused or bool(document.errors)
                is_empty = is_empty and document.is_empty
                progress.count(document.count)
    progress.end()
    if is_empty:
        nothing_in(inputs)
    if refused:
        sys.exit(1)
