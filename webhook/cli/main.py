"""The command ``fuseml``. EDGE.

Exit codes: 0 fine, 1 refused or something wrong with what was read, 2 wrong usage.
"""

import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from registry.errors import InvalidRecordsError, Problem, UnreadableError
from registry.stores.folder import SUFFIXES, FolderStore, read_file
from webhook.cli.controller import controller
from webhook.cli.options import SETTINGS, open_store, settings_of, with_options
from webhook.cli.show import explain_command, preview
from webhook.objects import manifests
from webhook.preview import lint as linter

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
@with_options(SETTINGS)
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
    from webhook.serving.server import serve  # noqa: PLC0415 - the other commands start faster without gunicorn and Flask

    chosen = settings_of(**settings)
    serve(
        open_store(folder, registry_namespace, kubeconfig, chosen),
        settings=chosen,
        listen=listen,
        certificate=tls_cert,
        key=tls_key,
        workers=workers,
        drain=drain,
        notice=_INLINE if folder else "",
    )


for command in (preview, explain_command, controller):
    commands.add_command(command)


def _registry_problems(folder: Path, allowed: frozenset[str]) -> list[Problem]:
    try:
        FolderStore(folder, allowed=allowed)
    except InvalidRecordsError as e:
        return list(e.problems)
    except UnreadableError as e:
        return [Problem(str(e))]
    return []


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    found = (p for p in path.rglob("*") if p.suffix in SUFFIXES and p.is_file())
    return sorted(p for p in found if not any(part.startswith(".") for part in p.relative_to(path).parts))
