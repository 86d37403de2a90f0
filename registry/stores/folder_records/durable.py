"""EDGE: replaces files so that a reader, also after a crash, finds the old one or the new one, and never a part."""

import os
import stat
from pathlib import Path
from typing import Final

from registry.errors import ChangedError, NotEditableError, Problem, ReadOnlyError
from registry.stores.folder_records.lock import translated

# One name is enough: only one writer at a time has the lock, and replaces what a crash has left. Readers skip it.
_UNFINISHED: Final = ".fuseml.unfinished"
_FOR_ALL: Final = 0o644
_FOR_OWNER: Final = 0o600


def identity(path: Path) -> os.stat_result | None:
    """The file at *path*, if it may be replaced; None if there is none.

    Raises:
        NotEditableError: Replacing it would not change what it leads to, or would change what else it is.
    """
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    except OSError as e:
        raise translated(e, str(path)) from e
    what = ""
    if stat.S_ISLNK(found.st_mode):
        what = "is a symbolic link; change the file that it leads to, or put that file here"
    elif not stat.S_ISREG(found.st_mode):
        what = "is not a regular file; take it out of the folder"
    elif found.st_nlink > 1:
        what = "is one file with another name elsewhere (a hard link); make it a file of its own"
    if what:
        raise NotEditableError(Problem(what, file=str(path)))
    return found


def write(path: Path, text: str, *, is_secret: bool, before: os.stat_result | None, mark: bytes = b"") -> None:
    """Put a file with *text* at *path*. The caller has the folder's lock.

    Args:
        is_secret: Only the owner may read the file: it holds values of credentials.
        before: The file that is replaced, as it was before it was read; None = there is none.
        mark: The byte order mark that the file had.

    Raises:
        ChangedError: There is another file by now: somebody does not use the lock, such as an editor.
        ReadOnlyError, UnavailableError: It cannot be written.
    """
    unfinished = path.parent / _UNFINISHED
    try:
        unfinished.unlink(missing_ok=True)
        fd = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, _FOR_OWNER)
        try:
            with open(fd, "wb", closefd=False) as file:
                file.write(mark + text.encode())
            _take_over(fd, path, before, is_secret=is_secret)
            os.fsync(fd)
        finally:
            os.close(fd)
        _check_unchanged(path, before)
        os.rename(unfinished, path)
        _sync(path.parent)
    except OSError as e:
        raise translated(e, str(path)) from e
    finally:
        unfinished.unlink(missing_ok=True)


def remove(path: Path, before: os.stat_result) -> None:
    """Delete the file at *path*, if it is still the one of *before*.

    Raises:
        ChangedError, ReadOnlyError, UnavailableError: As ``write``.
    """
    try:
        _check_unchanged(path, before)
        path.unlink()
        _sync(path.parent)
    except OSError as e:
        raise translated(e, str(path)) from e


def _take_over(fd: int, path: Path, before: os.stat_result | None, *, is_secret: bool) -> None:
    """Give the new file the owner and the rights of the old one; values are for its owner only."""
    if before is not None and (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
        try:
            os.fchown(fd, before.st_uid, before.st_gid)
        except PermissionError as e:
            message = f"{path}: belongs to another user, who could not read it any more; let that user change it"
            raise ReadOnlyError(message) from e
    mode = stat.S_IMODE(before.st_mode) if before is not None else _FOR_ALL
    os.fchmod(fd, mode & _FOR_OWNER if is_secret else mode)


def _check_unchanged(path: Path, before: os.stat_result | None) -> None:
    try:
        now: os.stat_result | None = os.lstat(path)
    except FileNotFoundError:
        now = None
    if _state(now) != _state(before):
        raise ChangedError(f"{path}: somebody else has just changed this file; nothing has been written")


def _state(found: os.stat_result | None) -> tuple[int, ...]:
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns) if found else ()


def _sync(folder: Path) -> None:
    """Make the names in *folder* durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
