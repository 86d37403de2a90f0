"""EDGE: lets a person change a text in the editor that they have chosen, and says there what is wrong with it."""

import os
import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from registry.errors import Problem, UnavailableError

# Begins a line that is ours, and no part of the record.
MARK: Final = "#fuseml: "


class Draft:
    """A text in a file of its own, which only this user can read.

    Args:
        name: What the file is called.
    """

    def __init__(self, name: str, text: str) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="fuseml-edit-")) / name
        self._write(text)

    def edited(self) -> str:
        """Open the editor; the text that it leaves, without the lines that are ours.

        Raises:
            UnavailableError: There is no such editor, or it fails.
        """
        editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
        try:
            done = subprocess.run([*shlex.split(editor), str(self.path)], check=False)  # noqa: S603 - the user's own
            text = self.path.read_text(encoding="utf-8")
        except (OSError, ValueError) as e:
            raise UnavailableError(f"editor {editor!r}: {getattr(e, 'strerror', None) or e}; {self.kept()}") from e
        if done.returncode:
            raise UnavailableError(f"editor {editor!r} ended with code {done.returncode}; {self.kept()}")
        return without_marks(text)

    def show(self, text: str, problems: Sequence[Problem]) -> None:
        """Put *text* into the file, with each problem above its line."""
        self._write(with_problems(text, problems))

    def kept(self) -> str:
        """Where the text can be found."""
        return f"the text is kept in {self.path}"

    def discard(self) -> None:
        """Delete the file."""
        self.path.unlink(missing_ok=True)
        self.path.parent.rmdir()

    def _write(self, text: str) -> None:
        self.path.write_text(text, encoding="utf-8")
        self.path.chmod(0o600)


def without_marks(text: str) -> str:
    """*text* without the lines that are ours."""
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if not line.lstrip().startswith(MARK.rstrip()))


def with_problems(text: str, problems: Sequence[Problem]) -> str:
    """*text* with each problem above its line; those without one at the top."""
    lines = text.splitlines(keepends=True)
    written: list[str] = []
    for number, line in enumerate(["", *lines]):
        here = [p for p in problems if min(p.line, len(lines)) == number]
        indent = line[: len(line) - len(line.lstrip(" "))]
        for problem in here:
            written += [f"{indent}{MARK}{part}\n" for part in _words(problem)]
        written.append(line)
    return "".join(written)


def _words(problem: Problem) -> list[str]:
    return str(Problem(problem.message, problem.path)).splitlines()
