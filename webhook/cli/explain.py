"""EDGE: the command ``fuseml explain``: why objects get what they get."""

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from registry.resolving.index import Index
from registry.resolving.selectors import Consumer
from registry.resolving.view import View
from webhook.cli.inputs import INPUTS, consumers, read_definitions, read_subjects
from webhook.cli.options import SETTINGS, load_store, or_exit, settings_of, with_options
from webhook.errors import RefusedError
from webhook.mutation.mutate import mutate
from webhook.mutation.settings import Settings
from webhook.objects import manifests
from webhook.preview.expected_pods.expected import FindDefinition
from webhook.preview.explain import as_text
from webhook.preview.explain import explain as explanation_of
from webhook.preview.subjects import Subject, expected_pods_of_subject


@click.command()
@with_options(INPUTS)
@with_options(SETTINGS)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def explain(
    *,
    files: tuple[str, ...],
    namespace: str | None,
    project: str | None,
    user: str,
    output: str,
    folder: Path | None,
    registry_namespace: str | None,
    kubeconfig: str | None,
    **settings: Any,
) -> None:
    """Explain what each step gets: candidates, rules, winners, variables. Values are never shown."""
    chosen = settings_of(**settings)
    store = load_store(folder, registry_namespace, kubeconfig, chosen)
    index = store.snapshot or Index()
    consumer_of = consumers(chosen, store.project_of, namespace=namespace, project=project, user=user)
    definitions = read_definitions(files, namespace, in_cluster=registry_namespace is not None, kubeconfig=kubeconfig)
    refused = False
    explained = []
    with or_exit():
        for given in read_subjects(files):
            consumer = consumer_of(given.obj)
            seen = index.seen_from(consumer.namespace)
            find = definitions.seen_from(consumer.namespace)
            for subject in _with_expected_pods(given, seen, consumer, chosen, find):
                if subject.unknown:
                    click.echo(f"warning: {subject.title}: {subject.unknown}", err=True)
                    continue
                explanation = explanation_of(subject.obj, seen, consumer, settings=chosen)
                if explanation is None:
                    continue
                refused = refused or not explanation["allowed"]
                explained.append({"object": subject.title, **explanation})
                if output == "text":
                    separator = "\n" if len(explained) > 1 else ""
                    click.echo(f"{separator}{subject.title}: {as_text(explanation)}", nl=False)
    if output == "json":
        click.echo(manifests.dump_json(explained), nl=False)
    elif not explained:
        click.echo("no object here asks for an extension")
    if refused:
        sys.exit(1)


def _with_expected_pods(
    subject: Subject, index: View, consumer: Consumer, settings: Settings, find: FindDefinition
) -> Iterator[Subject]:
    """*subject*, then the pods that it is expected to create if it is admitted."""
    yield subject
    with suppress(RefusedError):
        yield from expected_pods_of_subject(subject, mutate(subject.obj, index, consumer, settings=settings), find)
