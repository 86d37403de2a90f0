"""EDGE: the command ``fuseml lint``: what is wrong in files, without a registry."""

import sys
from pathlib import Path
from typing import Any

import click

from registry.documents.encoding import decode
from registry.errors import InvalidRecordsError, Problem, UnreadableError
from registry.stores.files import SUFFIXES, record_files
from webhook.cli.files import STDIN, bytes_of_file, source_of
from webhook.cli.inputs import FILES, given_files
from webhook.cli.installed import take_installed
from webhook.cli.options import argo_crds, read_folder, with_options
from webhook.objects import manifests
from webhook.preview import ours
from webhook.preview.dropped_blocks import ArgoCrds
from webhook.preview.lint import Checked, check


@click.command()
@with_options(FILES)
@click.option(
    "--registry",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Check this folder as the webhook loads it: every YAML and JSON file must hold records.",
)
@click.option("--allow-variable", "allowed", multiple=True, metavar="NAME", help="As for the webhook. Repeatable.")
@click.option(
    "--cluster",
    is_flag=True,
    help="Take the variables that are allowed from the webhook that is installed in the cluster of kubectl.",
)
@click.option("--kubeconfig", metavar="FILE", help="How to reach that cluster  [default: as kubectl does]")
@argo_crds
@take_installed
@click.option("-v", "--verbose", is_flag=True, help="List the files that are passed over, and why.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def lint(
    *,
    paths: tuple[str, ...],
    files: tuple[str, ...],
    folder: Path | None,
    allowed: tuple[str, ...],
    kubeconfig: str | None,
    argo_crds: Any,
    verbose: bool,
    output: str,
) -> None:
    """Check records, selectors and expressions in files and folders.

    Only what is meant for extensions is judged; all other files are passed over.
    """
    inputs = given_files(paths, files) if paths or files or folder is None else ()
    linter = _Linter(frozenset(allowed), argo_crds)
    if folder is not None:
        linter.registry(folder)
    for name in inputs:
        linter.file(name)
    problems = linter.problems
    if output == "json":
        click.echo(manifests.dump_json([problem.as_dict() for problem in problems]), nl=False)
    else:
        for problem in problems:
            click.echo(str(problem))
    for warning in linter.warnings:
        click.echo(f"warning: {warning}", err=True)
    for name, why in linter.passed_over.items() if verbose else ():
        click.echo(f"passed over: {name}: {why}", err=True)
    if output == "text":
        click.echo(_summary(linter), err=True)
    if problems:
        sys.exit(1)


class _Linter:
    """Checks files one after the other.

    Attributes:
        count: How many files were looked at.
        passed_over: Why nothing in a file was judged, by file.
    """

    def __init__(self, allowed: frozenset[str], argo_crds: ArgoCrds) -> None:
        self._allowed = allowed
        self._argo_crds = argo_crds
        # A registry is one folder, so an id must be unique in its folder only.
        self._first_file: dict[tuple[Path, str], str] = {}
        self.count = 0
        self.passed_over: dict[str, str] = {}
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []

    def registry(self, folder: Path) -> None:
        """Check a folder as the webhook loads it."""
        try:
            self.count += len(record_files(folder))
            read_folder(folder, self._allowed)
        except InvalidRecordsError as e:
            self.problems += e.problems
        except UnreadableError as e:
            self.problems.append(Problem(str(e)))

    def file(self, name: str) -> None:
        """Check one file, or standard input."""
        self.count += 1
        source = source_of(name)
        checked = self._checked(name, source)
        for extension in checked.extensions:
            key = (Path(name).parent, extension.id)
            if key in self._first_file:
                message = f"an extension with id {extension.id!r} is already in {self._first_file[key]}"
                checked.problems.append(Problem(message, file=source))
            self._first_file.setdefault(key, source)
        self.problems += checked.problems
        self.warnings += checked.warnings
        if checked.passed_over:
            self.passed_over[source] = checked.passed_over

    def _checked(self, name: str, source: str) -> Checked:
        content = b""
        try:
            content = bytes_of_file(name)
            text = decode(content)
        except UnreadableError as e:
            if content and not _may_be_ours(name, content):
                return Checked(passed_over=str(e))
            return Checked(problems=[Problem(str(e), file=source)], passed_over="")
        if name == STDIN and not text.strip():
            return Checked(problems=[Problem("is empty", file=source)], passed_over="")
        return check(text, source, allowed=self._allowed, argo_crds=self._argo_crds)


def _may_be_ours(name: str, content: bytes) -> bool:
    """True if *content*, which is no text, names us, in a file that should be text."""
    is_text = name == STDIN or Path(name).suffix in SUFFIXES
    return is_text and ours.names_us(content.replace(b"\0", b"").decode("latin-1"))


def _summary(linter: _Linter) -> str:
    parts = [_counted(linter.count, "file"), _counted(len(linter.problems), "problem")]
    if linter.passed_over:
        parts.append(f"{_counted(len(linter.passed_over), 'file')} passed over")
    return ", ".join(parts)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
