"""EDGE: the command ``fuseml lint``: what is wrong in files, without a registry."""

import sys
from pathlib import Path

import click

from registry.errors import InvalidRecordsError, Problem, UnreadableError
from registry.stores.folder import SUFFIXES, FolderStore, read_file
from webhook.objects import manifests
from webhook.preview.lint import check


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--registry",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Check this folder as the webhook loads it: every YAML and JSON file must hold records.",
)
@click.option("--allow-variable", "allowed", multiple=True, metavar="NAME", help="As for the webhook. Repeatable.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def lint(*, paths: tuple[Path, ...], folder: Path | None, allowed: tuple[str, ...], output: str) -> None:
    """Check records, selectors and expressions in files and folders; other YAML and JSON is ignored."""
    if not paths and folder is None:
        raise click.UsageError("nothing to check: give files, folders or --registry")
    files = list(dict.fromkeys(file for path in paths for file in _files(path)))
    problems = _registry_problems(folder, frozenset(allowed)) if folder else []
    problems += _file_problems(files, frozenset(allowed))
    if output == "json":
        click.echo(manifests.dump_json([problem.as_dict() for problem in problems]), nl=False)
    else:
        for problem in problems:
            click.echo(str(problem))
        click.echo(f"{_counted(len(files), 'file')}, {_counted(len(problems), 'problem')}", err=True)
    if problems:
        sys.exit(1)


def _registry_problems(folder: Path, allowed: frozenset[str]) -> list[Problem]:
    try:
        FolderStore(folder, allowed=allowed)
    except InvalidRecordsError as e:
        return list(e.problems)
    except UnreadableError as e:
        return [Problem(str(e))]
    return []


def _file_problems(files: list[Path], allowed: frozenset[str]) -> list[Problem]:
    problems: list[Problem] = []
    # A registry is one folder, so an id must be unique in its folder only.
    first_file: dict[tuple[Path, str], Path] = {}
    for file in files:
        try:
            extensions, found = check(read_file(file), str(file), allowed=allowed)
        except UnreadableError as e:
            extensions, found = [], [Problem(str(e), file=str(file))]
        for extension in extensions:
            key = (file.parent, extension.id)
            if key in first_file:
                message = f"an extension with id {extension.id!r} is already in {first_file[key]}"
                found.append(Problem(message, file=str(file)))
            first_file.setdefault(key, file)
        problems += found
    return problems


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    found = (p for p in path.rglob("*") if p.suffix in SUFFIXES and p.is_file())
    return sorted(p for p in found if not any(part.startswith(".") for part in p.relative_to(path).parts))


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
