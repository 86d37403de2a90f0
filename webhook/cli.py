"""The command ``fuseml``. EDGE.

Exit codes: 0 fine, 1 refused or something wrong with what was read, 2 wrong usage.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import click

from registry.errors import InvalidRecordsError, Problem, UnreadableError
from registry.index import Index
from registry.selectors import Consumer
from registry.store_folder import SUFFIXES, FolderStore, read_file
from webhook import lint as linter
from webhook import manifests
from webhook.adapters.step import as_map
from webhook.controller.command import controller
from webhook.explain import as_text, explain
from webhook.preview import Previewer, Subject, subjects
from webhook.settings import Settings

if TYPE_CHECKING:
    from registry.store_kubernetes import KubernetesStore

_INLINE = "the registry is a folder: credentials without a secretRef are delivered inline, in clear"


def main() -> NoReturn:
    """Run the command; a reader that goes away early (``| head``) is no error."""
    try:
        commands(prog_name="kubectl fuseml" if Path(sys.argv[0]).name == "kubectl-fuseml" else "fuseml")
    except BrokenPipeError:
        # What is still buffered has nowhere to go; without this, Python complains of it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(0)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="fuseml-extensions")
def commands() -> None:
    """Connect Tekton and Argo pipeline steps to the services they ask for."""


_SETTINGS: list[Callable[[Any], Any]] = [
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


def _with(options: list[Callable[[Any], Any]]) -> Callable[[Any], Any]:
    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def _settings(zone: str, plaintext_credentials: Any, ambiguity: Any, allowed: tuple[str, ...]) -> Settings:
    return Settings(
        zone=zone,
        plaintext_credentials=plaintext_credentials,
        ambiguity=ambiguity,
        allowed_variables=frozenset(allowed),
    )


@commands.command()
@_with(_SUBJECT)
@_with(_SETTINGS)
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
    """
    chosen = replace(_settings(**settings), show_credentials=show_credentials)
    store = _load(folder, registry_namespace, kubeconfig, chosen)
    asking = _asking(chosen, store.project_of, namespace, project, user)
    previewer = Previewer(store.snapshot or Index(), asking, chosen, output)
    refused = False
    progress = _Progress()
    for name in files:
        with _opened(name) as lines:
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


@commands.command(name="explain")
@_with(_SUBJECT)
@_with(_SETTINGS)
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
    chosen = _settings(**settings)
    store = _load(folder, registry_namespace, kubeconfig, chosen)
    index = store.snapshot or Index()
    asking = _asking(chosen, store.project_of, namespace, project, user)
    refused = False
    explained = []
    for subject in _subjects(files):
        consumer = asking(subject.obj)
        told = explain(subject.obj, index.seen_from(consumer.namespace), consumer, settings=chosen)
        if told is None:
            continue
        refused = refused or not told["allowed"]
        explained.append({"object": subject.title, **told})
        if output == "text":
            click.echo(("\n" if len(explained) > 1 else "") + f"{subject.title}: {as_text(told)}", nl=False)
    if output == "json":
        click.echo(manifests.dump_json(explained), nl=False)
    elif not explained:
        click.echo("nothing here asks for an extension")
    if refused:
        sys.exit(1)


@commands.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--registry",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder in which every YAML and JSON file holds records, as for the webhook.",
)
@click.option("--allow-variable", "allowed", multiple=True, metavar="NAME", help="As for the webhook. Repeatable.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def lint(*, paths: tuple[Path, ...], folder: Path | None, allowed: tuple[str, ...], output: str) -> None:
    """Check the records, selectors and expressions in files and folders; other YAML is passed over."""
    if not paths and folder is None:
        raise click.UsageError("nothing to check: give files, folders or --registry")
    problems = _registry_problems(folder, frozenset(allowed)) if folder else []
    first: dict[tuple[Path, str], Path] = {}
    files = list(dict.fromkeys(file for path in paths for file in _files(path)))
    for file in files:
        try:
            extensions, found = linter.check(read_file(file), str(file), allowed=frozenset(allowed))
        except UnreadableError as e:
            extensions, found = [], [Problem(str(e), file=str(file))]
        for extension in extensions:
            # A registry is one folder.
            key = (file.parent, extension.id)
            if key in first:
                message = f"an extension with id {extension.id!r} is already in {first[key]}"
                found.append(Problem(message, file=str(file)))
            first.setdefault(key, file)
        problems += found
    if output == "json":
        click.echo(manifests.dump_json([problem.as_dict() for problem in problems]), nl=False)
    else:
        for problem in problems:
            click.echo(str(problem))
        click.echo(f"{_counted(len(files), 'file')}, {_counted(len(problems), 'problem')}", err=True)
    if problems:
        sys.exit(1)


@commands.command()
@_with(_SETTINGS)
@click.option("--tls-cert", required=True, type=click.Path(path_type=Path), help="Certificate, PEM, leaf first.")
@click.option("--tls-key", required=True, type=click.Path(path_type=Path), help="Its private key, PEM.")
@click.option("--listen", default=":8443", show_default=True, help="[HOST]:PORT")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes.")
@click.option(
    "--drain",
    type=click.FloatRange(0, 300),
    default=15.0,
    show_default=True,
    help="Seconds of service after SIGTERM.",
)
def webhook(
    *,
    tls_cert: Path,
    tls_key: Path,
    listen: str,
    workers: int,
    drain: float,
    folder: Path | None,
    registry_namespace: str | None,
    kubeconfig: str | None,
    **settings: Any,
) -> None:
    """Serve the admission webhook: POST /mutate, GET /healthz, GET /readyz."""
    from webhook.server import serve  # noqa: PLC0415 - the other commands start faster without gunicorn and Flask

    chosen = _settings(**settings)
    serve(
        _store(folder, registry_namespace, kubeconfig, chosen),
        settings=chosen,
        listen=listen,
        certificate=tls_cert,
        key=tls_key,
        workers=workers,
        drain=drain,
        notice=_INLINE if folder else "",
    )


commands.add_command(controller)


def _registry_problems(folder: Path, allowed: frozenset[str]) -> list[Problem]:
    try:
        FolderStore(folder, allowed=allowed)
    except InvalidRecordsError as e:
        return list(e.problems)
    except UnreadableError as e:
        return [Problem(str(e))]
    return []


def _store(
    folder: Path | None, namespace: str | None, kubeconfig: str | None, settings: Settings
) -> "FolderStore | KubernetesStore":
    """The registry in *folder*, or that of a cluster, which need not be there yet.

    If the folder is broken, or there is no way to the cluster, says what is wrong and ends with exit code 1.
    """
    if (folder is None) == (namespace is None):
        raise click.UsageError("give either --registry or --registry-namespace")
    with _told():
        if namespace is None:
            return FolderStore(folder or Path(), allowed=settings.allowed_variables)
        # The other commands start faster without the client, and some of their users have no cluster.
        from registry.kube import connect  # noqa: PLC0415
        from registry.store_kubernetes import KubernetesStore  # noqa: PLC0415

        return KubernetesStore(connect(kubeconfig), namespace=namespace, allowed=settings.allowed_variables)


def _load(
    folder: Path | None, namespace: str | None, kubeconfig: str | None, settings: Settings
) -> "FolderStore | KubernetesStore":
    """The same, and its content."""
    store = _store(folder, namespace, kubeconfig, settings)
    if not isinstance(store, FolderStore):
        with _told():
            store.load()
    return store


@contextmanager
def _told() -> Iterator[None]:
    """If the registry is broken, what is wrong with it and exit code 1."""
    try:
        yield
    except (InvalidRecordsError, UnreadableError) as e:
        for line in str(e).splitlines():
            click.echo(f"error: {line}", err=True)
        sys.exit(1)


def _asking(
    settings: Settings,
    project_of: Callable[[str], str | None],
    namespace: str | None,
    project: str | None,
    user: str,
) -> Callable[[Mapping[str, Any]], Consumer]:
    def consumer(obj: Mapping[str, Any]) -> Consumer:
        there = namespace or str(as_map(obj.get("metadata")).get("namespace") or "default")
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


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    found = (p for p in path.rglob("*") if p.suffix in SUFFIXES and p.is_file())
    return sorted(p for p in found if not any(part.startswith(".") for part in p.relative_to(path).parts))


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
