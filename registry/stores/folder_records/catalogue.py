"""EDGE: which file of a folder holds which record, without reading all files for each question."""

import os
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from registry.errors import Problem, UnreadableError
from registry.stores import files
from registry.stores.files import RecordFile


class Catalogue:
    """The files of a folder as they were last seen. Not safe for threads.

    Args:
        allowed: Variables that control a loader or an interpreter and may be registered all the same.
    """

    def __init__(self, folder: Path, allowed: frozenset[str]) -> None:
        self._folder = folder
        self._allowed = allowed
        self._files: dict[str, RecordFile] = {}
        self._holders: dict[str, list[str]] = defaultdict(list)
        # Problems of files, of those that have any.
        self._broken: dict[str, tuple[Problem, ...]] = {}

    def look_at_all(self) -> None:
        """Take up whatever has changed in the folder. This asks for the state of each file."""
        now = time.time_ns()
        names = files.record_files(self._folder)
        self._forget(self._files.keys() - set(names))
        for name in names:
            self._look_at(name, now)

    def look_at_names(self) -> None:
        """Take up files that are new, gone or replaced. Those that were changed in place have their inode still."""
        now = time.time_ns()
        try:
            with os.scandir(self._folder) as entries:
                found = {entry.name: entry.inode() for entry in entries if files.is_record_file(entry.name)}
        except OSError as e:
            raise UnreadableError(f"{self._folder}: {e.strerror or e}") from e
        self._forget(self._files.keys() - found.keys())
        for name, inode in found.items():
            known = self._files.get(name)
            if known is None or known.stamp.changed[-1:] != (inode,):
                self._look_at(name, now)

    def look_at(self, name: str) -> None:
        """Take up what has changed in one file."""
        self._look_at(name, time.time_ns())

    def holders(self, extension_id: str) -> list[str]:
        """The files that hold the record *extension_id*; more than one is a mistake."""
        return self._holders.get(extension_id, [])

    def file(self, name: str) -> RecordFile:
        """What the file *name* holds."""
        return self._files[name]

    def all(self) -> Iterator[tuple[str, RecordFile]]:
        """All files, in the order of their names."""
        yield from sorted(self._files.items())

    def problems(self) -> list[Problem]:
        """What is wrong with the files, in the order of their names."""
        return [problem for name in sorted(self._broken) for problem in self._broken[name]]

    def _look_at(self, name: str, now: int) -> None:
        path = self._folder / name
        stamp = files.stamp_of(path, now)
        known = self._files.get(name)
        if known is not None and known.is_current(stamp):
            return
        if not stamp.changed and not path.is_symlink():
            self._forget({name})
            return
        read = files.read_records(path, stamp, known, self._allowed)
        if known is None or read.found is not known.found:
            self._forget({name})
            for found in read.found:
                self._holders[found.extension.id].append(name)
        self._files[name] = read
        self._broken.pop(name, None)
        if read.problems:
            self._broken[name] = read.problems

    def _forget(self, names: set[str]) -> None:
        for name in names:
            gone = self._files.pop(name, None)
            self._broken.pop(name, None)
            for found in gone.found if gone else ():
                self._holders[found.extension.id].remove(name)
                if not self._holders[found.extension.id]:
                    del self._holders[found.extension.id]
