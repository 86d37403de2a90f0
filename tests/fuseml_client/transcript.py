"""Sessions of a command line, as text: what was typed, what came, and how it ended.

A line ``$ fuseml …`` is a command. Below it are its standard output, its standard error with ``! `` before each line,
and its exit code if that is not 0. Lines that begin with ``#`` are headings.
"""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import NamedTuple, Protocol

from click.testing import CliRunner

from webhook.cli.main import commands

_LIMIT = 60  # seconds for a command
_PROMPT = "$ "
# What differs each time, and what is written in its place.
_VARYING = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "TIME"),
    (re.compile(r"^! id: [\w-]{8}$", re.MULTILINE), "! id: REQUEST"),
    (re.compile(r'"(\w+)-[a-z0-9]{8}"(?= successfully)'), r'"\1-GENERATED"'),
    # Of the answers, which stand in JSON.
    (re.compile(r'(?<="id: )(\w+)-[a-z0-9]{8}(?=\\n)'), r"\1-GENERATED"),
    (re.compile(r"(?<=\\nid: )[\w-]{8}(?=\\nmessage: )"), "REQUEST"),
)


class Entry(NamedTuple):
    """A command and what it gave; or, without a command, a heading."""

    command: str
    shown: str

    def __str__(self) -> str:
        return f"{_PROMPT}{self.command}\n{self.shown}" if self.command else self.shown


class CommandLine(Protocol):
    """Who runs commands that begin with ``fuseml``."""

    def run(self, words: list[str]) -> tuple[str, str, int]:
        """The standard output, the standard error and the exit code of the command *words*."""


class Program(NamedTuple):
    """A program, in a *folder* of files."""

    program: Path
    server: str
    folder: Path
    home: Path

    def run(self, words: list[str]) -> tuple[str, str, int]:
        """Run the command *words*."""
        # Nothing of the machine's own settings, and no colours.
        variables = {"PATH": os.environ["PATH"], "HOME": str(self.home), "FUSEML_SERVER_URL": self.server}
        done = subprocess.run(
            [self.program, *words], cwd=self.folder, env=variables, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, timeout=_LIMIT,
        )  # fmt: skip
        return done.stdout, done.stderr, done.returncode


class InProcess(NamedTuple):
    """Our own command line, in this process and in a *folder* of files."""

    server: str
    folder: Path

    def run(self, words: list[str]) -> tuple[str, str, int]:
        """Run the command *words*."""
        with chdir(self.folder):
            done = CliRunner(env={"FUSEML_SERVER_URL": self.server}).invoke(commands, words, prog_name="fuseml")
        return done.stdout, done.stderr, done.exit_code


def read(text: str) -> list[Entry]:
    """The entries of a transcript."""
    return list(_entries(text.splitlines(keepends=True)))


def play(entries: list[Entry], command_line: CommandLine) -> list[Entry]:
    """The same session with what *command_line* gives."""
    return [entry._replace(shown=_shown(entry.command, command_line)) if entry.command else entry for entry in entries]


def steady(text: str) -> str:
    """*text* with the same words in place of what differs each time."""
    for pattern, replacement in _VARYING:
        text = pattern.sub(replacement, text)
    return text


def _shown(command: str, command_line: CommandLine) -> str:
    name, *words = shlex.split(command)
    assert name == "fuseml", command
    out, errors, code = command_line.run(words)
    shown = out + ("" if out.endswith("\n") or not out else "\n(no line end)\n")
    shown += "".join(f"! {line}\n" for line in _without_usage(errors.splitlines()))
    return steady(shown + (f"exit code {code}\n" if code else ""))


def _entries(lines: list[str]) -> Iterator[Entry]:
    command, shown = "", ""
    for line in lines:
        if line.startswith((_PROMPT, "# ")):
            if command or shown:
                yield Entry(command, shown)
            command, shown = (line[len(_PROMPT) :].rstrip("\n"), "") if line.startswith(_PROMPT) else ("", line)
        else:
            shown += line
    if command or shown:
        yield Entry(command, shown)


def _without_usage(lines: list[str]) -> Iterator[str]:
    """Leave out usage texts: FuseML's client writes the formats in another order each time."""
    is_usage = False
    for line in lines:
        is_usage = (is_usage or line.startswith("Usage:")) and not line.startswith("Error:")
        if not is_usage:
            yield line
