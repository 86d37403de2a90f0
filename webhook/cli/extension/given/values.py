"""EDGE: values of credentials that need not be typed on a command line: from files, standard input, or a prompt."""

import sys
from collections.abc import Callable
from typing import Any, Final

import click

from registry.documents.encoding import decode
from registry.errors import UnreadableError
from webhook.cli.extension.given.configuration import read_literal, read_variables
from webhook.cli.extension.given.options import pairs_of
from webhook.cli.files import STDIN, bytes_of_file, source_of

# As kubectl's ``create secret generic`` calls them.
VALUES: list[Callable[[Any], Any]] = [
    click.option(
        "--from-literal",
        "literals",
        metavar="KEY=VALUE",
        multiple=True,
        help="An entry whose value is taken as it is, commas and spaces included. Repeatable.",
    ),
    click.option(
        "--from-file",
        "files",
        metavar="KEY=FILE",
        multiple=True,
        help="An entry whose value is the content of a file, without the line break at its end; - is standard input. "
        "Repeatable.",
    ),
    click.option(
        "--from-env-file",
        "env_files",
        metavar="FILE",
        multiple=True,
        help="All entries KEY=VALUE of a file; - is standard input. Repeatable.",
    ),
    click.option(
        "--prompt", "prompts", metavar="KEY", multiple=True, help="An entry whose value is asked for. Repeatable."
    ),
]
_MAX_BYTES: Final = 1024 * 1024


def values_of(
    configuration: tuple[str, ...],
    *,
    literals: tuple[str, ...],
    files: tuple[str, ...],
    env_files: tuple[str, ...],
    prompts: tuple[str, ...],
) -> dict[str, str] | None:
    """The entries that all these options give; None if none of them was given.

    Raises:
        UnreadableError: A file cannot be read, or is no text.
    """
    if not (configuration or literals or files or env_files or prompts):
        return None
    entries = [*(pairs_of(configuration) or {}).items()]
    entries += [_entry("--from-literal", text) for text in literals]
    named = [_entry("--from-file", text) for text in files]
    if [*(file for _, file in named), *env_files].count(STDIN) > 1:
        raise click.UsageError("standard input can be read for one option only")
    entries += [(key, _without_line_break(_text(file))) for key, file in named]
    for file in env_files:
        try:
            entries += read_variables(_text(file)).items()
        except ValueError as e:
            raise UnreadableError(f"{source_of(file)}: {e}") from None
    entries += [(key, _asked(key)) for key in prompts]
    keys = [key for key, _ in entries]
    for key in keys:
        if keys.count(key) > 1:
            raise click.UsageError(f"{key[:100]!r} is given twice")
    return dict(entries)


def _entry(option: str, text: str) -> tuple[str, str]:
    try:
        return read_literal(text)
    except ValueError as e:
        raise click.BadParameter(str(e), param_hint=option) from None


def _text(file: str) -> str:
    if file == STDIN and _is_terminal():
        raise click.UsageError("standard input is a terminal; use --prompt to be asked for a value")
    try:
        content = bytes_of_file(file)
        if len(content) > _MAX_BYTES:
            raise UnreadableError(f"is larger than {_MAX_BYTES // 1024} KiB")
        return decode(content)
    except UnreadableError as e:
        raise UnreadableError(f"{source_of(file)}: {e}") from None


def _without_line_break(text: str) -> str:
    """*text* as ``$(cat FILE)`` gives it, but for one line break only."""
    return text.removesuffix("\n").removesuffix("\r")


def _asked(key: str) -> str:
    if not _is_terminal():
        raise click.UsageError(f"--prompt {key[:100]}: standard input is no terminal; use --from-file {key[:100]}=-")
    answer: str = click.prompt(key, hide_input=True, confirmation_prompt=True, err=True)
    return answer


def _is_terminal() -> bool:
    return sys.stdin.isatty()
