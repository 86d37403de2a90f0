"""The commands ``fuseml preview`` and ``fuseml explain``: what becomes of objects, and why. EDGE."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

import click

from registry.resolving.index import Index
from registry.resolving.selectors import Consumer
from registry.resolving.view import View
from webhook.cli.options import SETTINGS, load_store, settings_of, told, with_options
from webhook.errors import RefusedError
from webhook.mutation.mutate import mutate
from webhook.mutation.settings import Settings
from webhook.objects import manifests
from webhook.objects.walk import as_map
from webhook.preview.definitions import Definitions
from webhook.preview.expected_pods.expected import Lookup
from webhook.preview.explain import as_text, explain
from webhook.preview.previewer import Previewer
from webhook.preview.subjects import Subject, made_by_subject, subjects

_SUBJECT: list[Callable[[Any], Any]] = [
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
    click.option("--project", help="Project that asks  [default: the namespace]"),
    click.option("--user", default="", help="User who asks."),
]


@click.command()
@with_options(_SUBJECT)
@with_options(SETTINGS)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["yaml", "json", "patch", "diff", "env"]),
    default="yaml",
    show_default=True,
    help="The object, the JSON patch, what changes, or the variables that each step's process will see.",
)
@click.option("--show-credentials", is_flag=True, help="Show the values of credentials.")
def preview(
    *,
    files: tuple[str, ...],
    namespace: str | None,
    project: str | None,
    user: str,
    output: Any,
    show_credentials: bool,
    folder: Path | None,
    registry_namespace: str | None,
    kubeconfig: str | None,
    **settings: Any,
) -> None:
    """Show what objects become when they are submitted.

    Tekton PipelineRuns and TaskRuns, Argo Workflows and FuseML workflow documents; anything else comes out as it is.

    What a run refers to is taken from the same files, and from the cluster of --registry-namespace or --kubeconfig: its
    pods are shown by -o env, and what they would be refused for always.
    """
    chosen = replace(settings_of(**settings), show_credentials=show_credentials)
    store = load_store(folder, registry_namespace, kubeconfig, chosen)
    asking = _asking(chosen, store.project_of, namespace, project, user)
    defined = _definitions(files, namespace, online=registry_namespace is not None, kubeconfig=kubeconfig)
    previewer = Previewer(store.snapshot or Index(), asking, chosen, output, defined.of)
    refused = False
    progress = _Progress()
    for name in files:
        with told(), _opened(name) as lines:
            for shown in previewer.show(lines, _source(name)):
                _print_colored(shown.text) if output == "diff" else click.echo(shown.text, nl=False)
                for message in shown.warnings:
                    progress.say(f"warning: {message}")
                for message in shown.errors:
                    progress.say(f"error: {message}")
                refused = refused or bool(shown.errors)
                progress.count(shown.count)
    progress.end()
    if refused:
        sys.exit(1)


@click.command(name="explain")
@with_options(_SUBJECT)
@with_options(SETTINGS)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def explain_command(
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
    """Say why each step gets what it gets: candidates, rules, winners, variables. Never shows a value."""
    chosen = settings_of(**settings)
    store = load_store(folder, registry_namespace, kubeconfig, chosen)
    index = store.snapshot or Index()
    asking = _asking(chosen, store.project_of, namespace, project, user)
    defined = _definitions(files, namespace, online=registry_namespace is not None, kubeconfig=kubeconfig)
    refused = False
    explained = []
    with told():
        for given in _subjects(files):
            consumer = asking(given.obj)
            seen = index.seen_from(consumer.namespace)
            for subject in _with_pods(given, seen, consumer, chosen, defined.of(consumer.namespace)):
                if subject.unknown:
                    click.echo(f"warning: {subject.title}: {subject.unknown}", err=True)
                    continue
                why = explain(subject.obj, seen, consumer, settings=chosen)
                if why is None:
                    continue
                refused = refused or not why["allowed"]
                explained.append({"object": subject.title, **why})
                if output == "text":
                    click.echo(("\n" if len(explained) > 1 else "") + f"{subject.title}: {as_text(why)}", nl=False)
    if output == "json":
        click.echo(manifests.dump_json(explained), nl=False)
    elif not explained:
        click.echo("nothing here asks for an extension")
    if refused:
        sys.exit(1)


def _definitions(files: tuple[str, ...], namespace: str | None, *, online: bool, kubeconfig: str | None) -> Definitions:
    """What runs may refer to: in *files*, and in the cluster of the registry or of a kubeconfig that was given."""
    cluster = None
    if online or kubeconfig is not None:
        with told():
            # The other users of these commands need no client, and some have no cluster.
            from registry.kube.connect import connect  # noqa: PLC0415
            from webhook.preview.cluster_definitions import ClusterDefinitions  # noqa: PLC0415

            cluster = ClusterDefinitions(connect(kubeconfig)).get
    defined = Definitions(lambda obj: _namespace_of(obj, namespace), cluster)
    for name in files:
        if name != "-":  # Standard input can be read once.
            with _opened(name) as lines:
                defined.add(lines)
    return defined


def _with_pods(
    subject: Subject, index: View, consumer: Consumer, settings: Settings, lookup: Lookup
) -> Iterator[Subject]:
    """*subject*, and the pods that it will make."""
    yield subject
    with suppress(RefusedError):
        yield from made_by_subject(subject, mutate(subject.obj, index, consumer, settings=settings), lookup)


def _namespace_of(obj: Mapping[str, Any], namespace: str | None) -> str:
    return namespace or str(as_map(obj.get("metadata")).get("namespace") or "default")


def _asking(
    settings: Settings,
    project_of: Callable[[str], str | None],
    namespace: str | None,
    project: str | None,
    user: str,
) -> Callable[[Mapping[str, Any]], Consumer]:
    def consumer(obj: Mapping[str, Any]) -> Consumer:
        there = _namespace_of(obj, namespace)
        asking = project or project_of(there)
        if asking is None:
            click.echo(f"error: there is no namespace {there!r} in this cluster; give --project", err=True)
            sys.exit(1)
        return Consumer(zone=settings.zone, namespace=there, project=asking, user=user)

    return consumer


def _source(name: str) -> str:
    return "stdin" if name == "-" else name


@contextmanager
def _opened(name: str) -> Iterator[TextIO]:
    # newline="": line ends come out as they came in.
    if name == "-":
        sys.stdin.reconfigure(newline="", encoding="utf-8")  # type: ignore[union-attr]  # a text file in practice
        yield sys.stdin
        return
    with Path(name).open(newline="", encoding="utf-8") as lines:
        yield lines


def _subjects(files: tuple[str, ...]) -> Iterator[Subject]:
    for name in files:
        with _opened(name) as lines:
            for chunk in manifests.chunks(lines):
                for document in manifests.load(chunk.text):
                    for problem in document.problems:
                        click.echo(
                            f"error: {_source(name)}:{chunk.line + max(problem.line, 1) - 1}: {problem.message}",
                            err=True,
                        )
                        sys.exit(1)
                    yield from subjects(document.content)


def _print_colored(diff: str) -> None:
    colors = {"+": "green", "-": "red", "@": "cyan"}
    for line in diff.splitlines(keepends=True):
        click.secho(line, fg=colors.get(line[:1]), nl=False)


class _Progress:
    """A line on a terminal that says how far it is, while the results go elsewhere."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty() and not sys.stdout.isatty()
        self._objects = 0
        self._started = self._last = time.monotonic()

    def count(self, objects: int) -> None:
        self._objects += objects
        now = time.monotonic()
        if self._shown and now - self._last > 0.2:
            self._last = now
            self._write(f"{self._objects} objects, {self._objects / (now - self._started):.0f} a second")

    def say(self, message: str) -> None:
        if self._shown:
            self._write("")
        click.echo(message, err=True)

    def end(self) -> None:
        if self._shown:
            self._write("")
            click.echo(f"{self._objects} objects in {time.monotonic() - self._started:.1f} s", err=True)

    def _write(self, text: str) -> None:
        click.echo(f"\r\x1b[K{text}", err=True, nl=False)
