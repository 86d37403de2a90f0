"""What is written for a person at a terminal: colours, and how far a command is. EDGE."""

import os
import sys
import time

import click

from registry.documents.streams import is_separated

_DIFF_COLORS = {"+": "green", "-": "red", "@": "cyan"}


def print_diff(diff: str) -> None:
    """Write a unified diff to standard output: in colours if that is a terminal, and NO_COLOR is not set or empty."""
    # https://no-color.org
    color = False if os.environ.get("NO_COLOR") else None
    for line in diff.splitlines(keepends=True):
        click.secho(line, fg=_DIFF_COLORS.get(line[:1]), nl=False, color=color)


def printable(text: str) -> str:
    """*text* with escapes in place of what a terminal would obey, but for line breaks."""
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)


class Stream:
    """Writes the documents of several files to standard output, so that together they are one stream."""

    def __init__(self) -> None:
        self._last = ""
        self._begins_file = False

    def begin_file(self) -> None:
        """Say that what follows is from another file."""
        self._begins_file = True

    def write(self, text: str) -> None:
        """Write a document as it is, after a separator if it needs one."""
        if not text:
            return
        if self._last and self._begins_file:
            is_json = all(part.lstrip()[:1] == "{" for part in (self._last, text))
            separator = "" if is_json or is_separated(text) else "---\n"
            click.echo(separator if self._last.endswith(("\n", "\r")) else f"\n{separator}", nl=False)
        click.echo(text, nl=False)
        self._last, self._begins_file = text, False


class Progress:
    """Counts objects in one line on standard error.

    The line is shown only if standard error is a terminal and standard output is not.
    """

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty() and not sys.stdout.isatty()
        self._objects = 0
        self._started = self._last_shown = time.monotonic()

    def count(self, objects: int) -> None:
        """Add to the number of objects, and show it at most five times a second."""
        self._objects += objects
        now = time.monotonic()
        if self._is_shown and now - self._last_shown > 0.2:
            self._last_shown = now
            self._rewrite(f"{self._objects} objects, {self._objects / (now - self._started):.0f} a second")

    def say(self, message: str) -> None:
        """Write a message for which the progress line makes room."""
        if self._is_shown:
            self._rewrite("")
        click.echo(message, err=True)

    def end(self) -> None:
        """Replace the progress line with the total."""
        if self._is_shown:
            self._rewrite("")
            click.echo(f"{self._objects} objects in {time.monotonic() - self._started:.1f} s", err=True)

    def _rewrite(self, text: str) -> None:
        click.echo(f"\r\x1b[K{text}", err=True, nl=False)
