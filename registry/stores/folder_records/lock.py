"""EDGE: one writer at a time in a folder, in all processes. A lock ends with the process that has it."""

import errno
import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from registry.errors import ReadOnlyError, RegistryError, UnavailableError

NAME: Final = ".fuseml.lock"
# Seconds to wait for others, each of whom takes some milliseconds.
PATIENCE: Final = 30.0
_PAUSE: Final = 0.002
_KEY_LENGTH: Final = 64
_COUNT_LENGTH: Final = 20


class HeldLock:
    """The lock of a folder, while it is held. Its file holds what all writers of the folder must agree on.

    Attributes:
        key: A secret of the folder, from which revisions are computed.
        changes: How many times a writer has begun to change the folder.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        content = os.pread(fd, _KEY_LENGTH + _COUNT_LENGTH, 0).decode("ascii", "replace")
        if len(content) != _KEY_LENGTH + _COUNT_LENGTH or not content[_KEY_LENGTH:].isdigit():
            content = f"{secrets.token_hex(_KEY_LENGTH // 2)}{0:0{_COUNT_LENGTH}}"
            os.pwrite(fd, content.encode(), 0)
        self.key = content[:_KEY_LENGTH]
        self.changes = int(content[_KEY_LENGTH:])

    def note_change(self) -> None:
        """Let all other writers know, before it happens, that the folder will have changed."""
        self.changes += 1
        os.pwrite(self._fd, f"{self.changes:0{_COUNT_LENGTH}}".encode(), _KEY_LENGTH)


@contextmanager
def locked(folder: Path, patience: float = PATIENCE) -> Iterator[HeldLock]:
    """Hold the lock of *folder*; threads of one process exclude each other, too.

    Raises:
        ReadOnlyError: The folder cannot be written.
        UnavailableError: Others have held the lock for *patience* seconds, or the disk is full.
    """
    try:
        fd = _locked_file(folder, patience)
    except OSError as e:
        raise translated(e, str(folder)) from e
    try:
        try:
            held = HeldLock(fd)
        except OSError as e:
            raise translated(e, str(folder)) from e
        yield held
    finally:
        os.close(fd)


def _locked_file(folder: Path, patience: float) -> int:
    path = folder / NAME
    end = time.monotonic() + patience
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            while not _is_locked(fd):
                if time.monotonic() > end:
                    message = f"{folder}: another process has been writing for {patience:g} s; is one stopped?"
                    raise UnavailableError(message)
                time.sleep(_PAUSE)
            # Somebody may have deleted the file, and others may hold the lock of a new one.
            if os.stat(path).st_ino == os.fstat(fd).st_ino:
                return fd
        except FileNotFoundError:
            pass
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)


def _is_locked(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def translated(error: OSError, where: str) -> RegistryError:
    """What *error* means to whoever wants to write *where*."""
    why = error.strerror or str(error)
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        remedy = "give this user write access, or change the files at their source"
        return ReadOnlyError(f"{where}: cannot be written: {why}; {remedy}")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return UnavailableError(f"{where}: {why}; nothing has been changed")
    return UnavailableError(f"{where}: cannot be written: {why}")
