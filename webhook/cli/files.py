"""Files, folders and standard input, as commands are given them. EDGE."""

import os
import re
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from registry.documents.encoding import decoded_lines
from registry.errors import UnreadableError
from registry.stores.files import SUFFIXES

STDIN = "-"
# Where the kernel shows what a process has open: a pipe there is that of ``<(command)``, and its writer is running.
_OPEN_PIPE = re.compile(r"/proc/.*/fd/pipe:\[\d+\]")


def source_of(name: str) -> str:
    """What messages call the file *name*: as it was given, as far as it can be printed."""
    return "stdin" if name == STDIN else os.fsencode(name).decode(errors="replace")


def lines_of_file(name: str) -> Iterator[str]:
    """The lines of a file, or of standard input.

    Raises:
        UnreadableError: It cannot be read, or is no text; says why.
    """
    yield from decoded_lines(_parts_of_file(name))


def bytes_of_file(name: str) -> bytes:
    """The content of a file, or of standard input.

    Raises:
        UnreadableError: It cannot be read; says why.
    """
    return b"".join(_parts_of_file(name))


def _parts_of_file(name: str) -> Iterator[bytes]:
    try:
        if name == STDIN:
            yield from sys.stdin.buffer
            return
        with _opened(name) as content:
            yield from content
    except OSError as e:
        raise UnreadableError(e.strerror or str(e)) from e


def can_be_read_twice(name: str) -> bool:
    """False for standard input and for pipes."""
    return name != STDIN and os.path.isfile(name)


def expanded(path: str) -> Iterator[str]:
    """*path* itself, or the YAML and JSON files anywhere below it, in order, if it is a folder.

    What begins with a dot is skipped, and so is what is no file. Links to folders are not followed.
    """
    if path == STDIN or not os.path.isdir(path):
        yield path
        return
    for folder, folders, files in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            file = os.path.join(folder, name)
            if name.endswith(SUFFIXES) and not name.startswith(".") and os.path.isfile(file):
                yield file


def _opened(name: str) -> BinaryIO:
    mode = Path(name).stat().st_mode
    if stat.S_ISFIFO(mode) and not _OPEN_PIPE.fullmatch(os.path.realpath(name)):
        # Whether anybody will ever write into it is unknown.
        raise UnreadableError("is a named pipe; write < before it, and give - for standard input")
    if stat.S_ISBLK(mode) or (stat.S_ISCHR(mode) and not _is_finite(name)):
        raise UnreadableError("is a device")
    return Path(name).open("rb")


def _is_finite(name: str) -> bool:
    return os.path.realpath(name).startswith((os.devnull, "/dev/pts/", "/dev/tty"))
