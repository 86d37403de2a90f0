"""EDGE: the command ``fuseml explain``: why objects get what they get."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import click

from webhook.adapters.layout import Finding, Remark
from webhook.cli.inputs import INPUTS, given_files, read_subjects
from webhook.cli.installed import VIEWED
from webhook.cli.options import argo_crds, or_exit, warn, with_options
from webhook.cli.surroundings import Surroundings, surroundings_of
from webhook.errors import RefusedError
from webhook.mutation.mutate import Mutation, mutate
from webhook.objects import manifests
from webhook.preview import unmatched_keys
from webhook.preview.expected_pods.expected import FindDefinition
from webhook.preview.explain import as_text
from webhook.preview.explain import explain as explanation_of
from webhook.preview.lines import Lines
from webhook.preview.near_misses import near_misses_in
from webhook.preview.subjects import Subject, admitted_of, depends_on_parameters, expected_pods_of_subject
from webhook.preview.versions import unread_version


@click.command()
@with_options(INPUTS)
@with_options(VIEWED)
@argo_crds
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def explain(*, paths: tuple[str, ...], files: tuple[str, ...], output: str, **options: Any) -> None:
    """Explain what each step gets: candidates, rules, winners, variables. Values are never shown."""
    inputs = given_files(paths, files)
    explainer = _Explainer(surroundings_of(inputs, **options))
    explained: list[dict[str, Any]] = []
    refused = False
    with or_exit():
        for read in read_subjects(inputs):
            if isinstance(read, str):
                click.echo(f"error: {read}", err=True)
                refused = True
                continue
            for explanation in explainer.explain(*read):
                refused = refused or not explanation["allowed"]
                explained.append(explanation)
                if output == "text":
                    separator = "\n" if len(explained) > 1 else ""
                    click.echo(f"{separator}{explanation['object']}: {as_text(explanation)}", nl=False)
    if output == "json":
        click.echo(manifests.dump_json(explained), nl=False)
    elif not explained and not refused:
        click.echo("no object here asks for an extension")
    if refused:
        sys.exit(1)


@dataclass
class _Explainer:
    """Explains objects one by one, and warns of what is odd in them."""

    around: Surroundings

    def explain(self, given: Subject, lines: Lines) -> Iterator[dict[str, Any]]:
        """Explain *given*, which is at *lines*, and the pods that it is expected to create, as far as they ask."""
        around = self.around
        if message := unread_version(given.obj):
            warn(f"{lines.own}: {given.title}: {message}")
        consumer = around.consumer_of(given.obj)
        seen = around.registry.seen_from(consumer.namespace)
        delivered = around.registry.delivered_to(consumer.namespace)
        rules: dict[str, Any] = {"settings": around.settings, "delivered": delivered}
        decide = partial(mutate, index=seen, consumer=consumer, **rules)
        find = around.definitions_in(consumer.namespace)
        pods = _expected_pods(given, decide, find)
        dropped = around.dropped_of(given.obj, find=find)
        explanation = explanation_of(given.obj, seen, consumer, **rules, lines=lines, dropped=dropped)
        if explanation is None:
            for remark in _remarks(given, lines, dropped):
                warn(remark)
        yield from _judged(explanation, given, given.title)
        for pod in pods:
            if pod.unknown:
                warn(f"{pod.title}: {pod.unknown}")
            else:
                yield from _judged(explanation_of(pod.obj, seen, consumer, **rules), given, pod.title)


def _judged(explanation: dict[str, Any] | None, given: Subject, title: str) -> Iterator[dict[str, Any]]:
    """*explanation*, if there is one, unless it depends on parameters of the object that holds *given*."""
    if explanation is None:
        return
    if any(depends_on_parameters(given, problem) for problem in explanation["problems"]):
        warn(f"{title}: it depends on parameters, so it is not judged here")
        return
    yield {"object": title, **explanation}


def _remarks(subject: Subject, lines: Lines, dropped: Sequence[Finding]) -> Iterator[str]:
    """What is said about *subject*, which does not ask: near misses and what is *dropped*, each with its place."""
    remarks = list(map(Remark.of, [*near_misses_in(subject.obj), *dropped]))
    for place, remark in zip(lines.of_remarks(remarks), remarks, strict=True):
        yield f"{place}: {subject.title}: {remark}"


def _expected_pods(
    subject: Subject, decide: Callable[[Mapping[str, Any]], Mutation], find: FindDefinition
) -> Sequence[Subject]:
    """The pods that *subject* is expected to create if it is admitted; warns of keys that mean none of them."""
    with suppress(RefusedError):
        mutation = decide(subject.obj)
        if pods := list(expected_pods_of_subject(subject, mutation, find)):
            for message in unmatched_keys.warnings(admitted_of(subject, mutation), pods):
                warn(f"{subject.title}: {message}")
            return pods
    return []
