"""EDGE: the command ``fuseml explain``: why objects get what they get."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import click

from webhook.adapters.layout import Remark
from webhook.cli.inputs import INPUTS, consumers, given_files, namespace_of_context, read_definitions, read_subjects
from webhook.cli.installed import VIEWED
from webhook.cli.options import or_exit, settings_of, view_registry, with_options
from webhook.errors import RefusedError
from webhook.mutation.mutate import Mutation, mutate
from webhook.objects import manifests
from webhook.preview import unmatched_keys
from webhook.preview.expected_pods.expected import FindDefinition
from webhook.preview.explain import as_text
from webhook.preview.explain import explain as explanation_of
from webhook.preview.lines import Lines
from webhook.preview.near_misses import near_misses_in
from webhook.preview.subjects import Subject, admitted_of, expected_pods_of_subject
from webhook.preview.versions import unread_version


@click.command()
@with_options(INPUTS)
@with_options(VIEWED)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def explain(
    *,
    paths: tuple[str, ...],
    files: tuple[str, ...],
    namespace: str | None,
    project: str | None,
    owner: str,
    user: str,
    output: str,
    folder: Path | None,
    registry_namespace: str | None,
    kubeconfig: str | None,
    ledger_namespace: str | None,
    **settings: Any,
) -> None:
    """Explain what each step gets: candidates, rules, winners, variables. Values are never shown."""
    inputs = given_files(paths, files)
    chosen = settings_of(**settings)
    registry = view_registry(folder, registry_namespace, kubeconfig, chosen, ledger_namespace)
    in_cluster = registry_namespace is not None
    where: dict[str, Any] = {
        "namespace": namespace,
        "fallback": namespace_of_context(kubeconfig, in_cluster=in_cluster),
    }
    consumer_of = consumers(chosen, registry.facts_of, **where, project=project, owner=owner, user=user)
    definitions = read_definitions(inputs, **where, in_cluster=in_cluster, kubeconfig=kubeconfig)
    refused = False
    explained = []
    with or_exit():
        for read in read_subjects(inputs):
            if isinstance(read, str):
                click.echo(f"error: {read}", err=True)
                refused = True
                continue
            given, lines = read
            if message := unread_version(given.obj):
                click.echo(f"warning: {lines.own}: {given.title}: {message}", err=True)
            consumer = consumer_of(given.obj)
            seen = registry.seen_from(consumer.namespace)
            find = definitions.seen_from(consumer.namespace)
            delivered = registry.delivered_to(consumer.namespace)
            decide = partial(mutate, index=seen, consumer=consumer, settings=chosen, delivered=delivered)
            pods, unmatched = _expected_pods(given, decide, find)
            for message in unmatched:
                click.echo(f"warning: {given.title}: {message}", err=True)
            for subject in (given, *pods):
                if subject.unknown:
                    click.echo(f"warning: {subject.title}: {subject.unknown}", err=True)
                    continue
                # An expected pod is not in the file.
                own = None if subject.is_expected_pod else lines
                explanation = explanation_of(
                    subject.obj, seen, consumer, settings=chosen, delivered=delivered, lines=own
                )
                if explanation is None:
                    for remark in _near_misses(subject, own) if own else ():
                        click.echo(f"warning: {remark}", err=True)
                    continue
                refused = refused or not explanation["allowed"]
                explained.append({"object": subject.title, **explanation})
                if output == "text":
                    separator = "\n" if len(explained) > 1 else ""
                    click.echo(f"{separator}{subject.title}: {as_text(explanation)}", nl=False)
    if output == "json":
        click.echo(manifests.dump_json(explained), nl=False)
    elif not explained and not refused:
        click.echo("no object here asks for an extension")
    if refused:
        sys.exit(1)


def _near_misses(subject: Subject, lines: Lines) -> Iterator[str]:
    """The near misses in *subject*, which does not ask, each with its place."""
    remarks = list(map(Remark.of, near_misses_in(subject.obj)))
    for place, remark in zip(lines.of_remarks(remarks), remarks, strict=True):
        yield f"{place}: {subject.title}: {remark}"


def _expected_pods(
    subject: Subject, decide: Callable[[Mapping[str, Any]], Mutation], find: FindDefinition
) -> tuple[Sequence[Subject], Sequence[str]]:
    """The pods that *subject* is expected to create if it is admitted, and warnings about keys that mean none."""
    with suppress(RefusedError):
        mutation = decide(subject.obj)
        if pods := list(expected_pods_of_subject(subject, mutation, find)):
            return pods, list(unmatched_keys.warnings(admitted_of(subject, mutation), pods))
    return [], []
