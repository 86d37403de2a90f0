"""EDGE: the files of a folder of records: which there are, what each holds, and whether that is still so."""

import hashlib
import os
import stat
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from registry.documents.encoding import decode
from registry.errors import Problem, UnreadableError
from registry.records.texts import Found, decode_text

SUFFIXES = (".yaml", ".yml", ".json")
# A file of 10 000 records takes a tenth of this. A larger one is no file of records, and would fill the memory.
MAX_FILE_BYTES: Final = 32 * 1024 * 1024
# Timestamps of files are coarse: within this time a file may change twice and look as if it had changed once.
TICK_NS = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Stamp:
    """Tells one state of a file from another, for certain only if *is_sure*."""

    changed: tuple[int, ...]
    is_sure: bool


@dataclass(frozen=True, slots=True)
class RecordFile:
    """What one file held when it had *stamp*. Without a *digest* it could not be read."""

    stamp: Stamp
    digest: str
    found: tuple[Found, ...]
    problems: tuple[Problem, ...]

    def is_current(self, stamp: Stamp) -> bool:
        """True if a file that now has *stamp* is certain to hold the same."""
        return bool(self.digest) and self.stamp == stamp and stamp.is_sure


def record_files(folder: Path) -> list[str]:
    """The names of the files of a registry, in order.

    Raises:
        UnreadableError: There is no such folder, or it cannot be listed.
    """
    try:
        return sorted(name for name in os.listdir(folder) if is_record_file(name))
    except OSError as e:
        raise UnreadableError(f"{folder}: {e.strerror or e}") from e


def is_record_file(name: str) -> bool:
    """True if the file *name* of a folder belongs to the registry."""
    return not name.startswith(".") and os.path.splitext(name)[1] in SUFFIXES


def read_file(path: Path) -> str:
    """The text of a file of records.

    Raises:
        UnreadableError: It is not a regular file, is too large, cannot be read, or is no text; says which.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UnreadableError("is not a regular file")
        # Should a FIFO have taken its place, opening it must not wait for a writer.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as e:
        raise UnreadableError(e.strerror or str(e)) from e
    if len(content) > MAX_FILE_BYTES:
        raise UnreadableError(f"is larger than {MAX_FILE_BYTES // 1024**2} MiB; divide its records among several files")
    return decode(content)


def read_records(path: Path, stamp: Stamp, known: RecordFile | None, allowed: frozenset[str]) -> RecordFile:
    """What the file at *path* holds; it is decoded only if it is not what is *known*."""
    try:
        content = read_file(path)
    except UnreadableError as e:
        return RecordFile(stamp, "", (), (Problem(str(e), file=str(path)),))
    digest = hashlib.sha256(content.encode()).hexdigest()
    if known is not None and known.digest == digest:
        return replace(known, stamp=stamp)
    found, problems = decode_text(content, str(path), allowed=allowed)
    return RecordFile(stamp, digest, tuple(found), tuple(problems))


def stamp_of(path: Path, now: int) -> Stamp:
    """The stamp of the file at *path*.

    Args:
        now: Nanoseconds since 1970, from before the file is looked at.
    """
    try:
        s = os.stat(path)
    except OSError:
        # Deleted since it was listed, or a dangling link; reading it will tell which.
        return Stamp((), is_sure=False)
    return Stamp((s.st_mtime_ns, s.st_ctime_ns, s.st_size, s.st_ino), is_sure=now - s.st_ctime_ns > TICK_NS)
