"""EDGE: the command ``fuseml preview``: what objects become when they are submitted."""

import sys
from dataclasses import replace
from typing import Any

import click

from webhook.cli.files import lines_of_file, source_of
from webhook.cli.inputs import INPUTS, given_files, nothing_in
from webhook.cli.installed import VIEWED
from webhook.cli.options import argo_crds, or_exit, with_options
from webhook.cli.surroundings import surroundings_of
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
    *, paths: tuple[str, ...], files: tuple[str, ...], output: Any, show_credentials: bool, **options: Any
) -> None:
    """Show what objects become when they are submitted.

    Tekton and Argo runs and definitions, pods and the workloads that create them, and FuseML workflow documents are
    shown as the webhook would change them; everything else comes out unchanged.

    Definitions that a run refers to are taken from the same files, then from the cluster of --cluster,
    --registry-namespace or --kubeconfig. The pods that the run is expected to create are checked too: -o env shows
    their variables, and a pod that would be refused is an error with every output.
    """
    inputs = given_files(paths, files)
    around = surroundings_of(inputs, **options)
    previewer = Previewer(
        around.registry,
        around.consumer_of,
        replace(around.settings, show_credentials=show_credentials),
        output,
        around.definitions_in,
        around.registry.delivered_to,
        around.dropped_of,
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
