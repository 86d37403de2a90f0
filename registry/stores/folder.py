"""The registry as a folder of YAML and JSON files. EDGE: reads files, logs.

A store that has loaded once never fails afterwards: a change that cannot be read is logged, and the last good
state is served until the change is fixed.
"""

import gc
import hashlib
import logging
import stat
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from registry.delivery.ledger import Ledger
from registry.documents.encoding import decode
from registry.errors import InvalidRecordsError, Problem, UnreadableError
from registry.records.texts import Found, decode_text
from registry.reporting import OngoingProblem
from registry.resolving.index import Index
from registry.resolving.view import View
from registry.stores.namespaces import NamespaceFacts
from registry.stores.store import Known

SUFFIXES = (".yaml", ".yml", ".json")

_log = logging.getLogger(__name__)
# Timestamps of files are coarse: within this time a file may change twice and look as if it had changed once.
_TICK_NS = 2_000_000_000


@dataclass(frozen=True, slots=True)
class _Stamp:
    """Tells one state of a file from another, for certain only if *is_sure*."""

    changed: tuple[int, ...]
    is_sure: bool


@dataclass(frozen=True, slots=True)
class _File:
    """What one file held when it had *stamp*. Without a *digest* it could not be read."""

    stamp: _Stamp
    digest: str
    found: tuple[Found, ...]
    problems: tuple[Problem, ...]

    def is_current(self, stamp: _Stamp) -> bool:
        """True if a file that now has *stamp* is certain to hold the same."""
        return bool(self.digest) and self.stamp == stamp and stamp.is_sure


class FolderStore:
    """Serves the records of every ``*.yaml``, ``*.yml`` and ``*.json`` file directly in a folder.

    Args:
        folder: The folder. Files whose names begin with a dot are skipped.
        allowed: Variables that control a loader or an interpreter and may be registered all the same.

    Raises:
        UnreadableError: There is no such folder, or it cannot be listed.
        InvalidRecordsError: A file breaks the format; all problems of all files.
    """

    def __init__(self, folder: Path, *, allowed: frozenset[str] = frozenset()) -> None:
        self._folder = folder
        self._allowed = allowed
        self._files: dict[str, _File] = {}
        self._problem = OngoingProblem(_log)
        self._load_errors = 0
        self._snapshot = self._load(self._list())
        self._looked_at = time.monotonic()

    @property
    def snapshot(self) -> Index:
        """The last good state."""
        return self._snapshot

    def start(self) -> None:
        """Do nothing: files are polled."""

    def wait(self, seconds: float) -> None:
        """Return when it is time to poll again."""
        time.sleep(seconds)

    def settle(self) -> None:
        """Do nothing: the snapshot shows every change that has been received."""

    def newer(self, namespace: str, than: Known, seconds: float) -> Known | None:
        """None: nobody submits a run right after editing a file and expects them to be in order."""

    def age(self) -> float:
        """Seconds since the folder was last found to hold what is served."""
        return time.monotonic() - self._looked_at

    @property
    def load_errors(self) -> int:
        """How many problems keep the folder's changes from being served."""
        return self._load_errors

    def seen_from(self, namespace: str) -> View:
        """What the runs of *namespace* see: all that there is."""
        return self._snapshot.seen_from(namespace)

    def facts_of(self, namespace: str) -> NamespaceFacts:
        """Its project is the namespace itself: without a cluster there are no labels to read."""
        return NamespaceFacts(project=namespace)

    def delivered_to(self, namespace: str) -> Ledger | None:
        """None: nothing in files is shared, and nothing is delivered."""

    def known_in(self, namespace: str) -> Known:
        """All that a decision about an object of *namespace* depends on."""
        return Known(self._snapshot, self.facts_of(namespace), None)

    def refresh(self) -> None:
        """Take up what changed in the folder since the last poll. Never raises."""
        try:
            stamps = self._list()
            if not self._problem and self._are_known(stamps):
                self._looked_at = time.monotonic()
                return
            index = self._load(stamps)
        except (InvalidRecordsError, UnreadableError) as e:
            self._load_errors = len(e.problems) if isinstance(e, InvalidRecordsError) else 1
            self._problem.report(f"registry not reloaded, revision {self._snapshot.revision} stays: {e}")
            return
        self._load_errors, self._looked_at = 0, time.monotonic()
        if self._problem or index.revision != self._snapshot.revision:
            self._snapshot = index
            reloaded = f"registry reloaded, revision {index.revision}, {len(index)} extensions"
            if not self._problem.over(reloaded):
                _log.info("%s", reloaded)

    def _list(self) -> dict[str, _Stamp]:
        now = time.time_ns()
        return {name: _stamp(self._folder / name, now) for name in record_files(self._folder)}

    def _are_known(self, stamps: Mapping[str, _Stamp]) -> bool:
        return stamps.keys() == self._files.keys() and all(
            self._files[name].is_current(stamp) for name, stamp in stamps.items()
        )

    def _load(self, stamps: Mapping[str, _Stamp]) -> Index:
        """Read what is new or changed, and index it all.

        Stamps are older than what is read, so that a file that changes meanwhile is read again next time.
        """
        collecting = gc.isenabled()
        # Loading creates no garbage, and collecting it again and again would take three times as long.
        gc.disable()
        try:
            self._files = {name: self._read(name, stamp) for name, stamp in stamps.items()}
            return self._index()
        finally:
            if collecting:
                gc.enable()

    def _read(self, name: str, stamp: _Stamp) -> _File:
        known = self._files.get(name)
        if known is not None and known.is_current(stamp):
            return known
        path = self._folder / name
        try:
            content = read_file(path)
        except UnreadableError as e:
            return _File(stamp, "", (), (Problem(str(e), file=str(path)),))
        digest = hashlib.sha256(content.encode()).hexdigest()
        if known is not None and known.digest == digest:
            return replace(known, stamp=stamp)
        found, problems = decode_text(content, str(path), allowed=self._allowed)
        return _File(stamp, digest, tuple(found), tuple(problems))

    def _index(self) -> Index:
        problems = [p for f in self._files.values() for p in f.problems]
        problems += self._repeated_ids()
        if problems:
            raise InvalidRecordsError(problems)
        # Without the names and the order of the files: renaming one must not change the revision.
        digests = sorted(f.digest for f in self._files.values())
        revision = hashlib.sha256("".join(digests).encode()).hexdigest()[:12]
        return Index((found.extension for f in self._files.values() for found in f.found), revision)

    def _repeated_ids(self) -> Iterator[Problem]:
        first: dict[str, str] = {}
        for name, file in self._files.items():
            for extension, line in file.found:
                if extension.id in first:
                    message = f"an extension with id {extension.id!r} is already in {first[extension.id]}"
                    yield Problem(message, file=str(self._folder / name), line=line)
                first.setdefault(extension.id, f"{name}:{line}")


def record_files(folder: Path) -> list[str]:
    """The names of the files of a registry, in order.

    Raises:
        UnreadableError: There is no such folder, or it cannot be listed.
    """
    try:
        return sorted(path.name for path in folder.iterdir() if _is_record_file(path))
    except OSError as e:
        raise UnreadableError(f"{folder}: {e.strerror or e}") from e


def read_file(path: Path) -> str:
    """The text of a file of records.

    Raises:
        UnreadableError: It is not a regular file, cannot be read, or is no text; says which.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UnreadableError("is not a regular file")
        return decode(path.read_bytes())
    except OSError as e:
        raise UnreadableError(e.strerror or str(e)) from e


def _is_record_file(path: Path) -> bool:
    return path.suffix in SUFFIXES and not path.name.startswith(".")


def _stamp(path: Path, now: int) -> _Stamp:
    try:
        s = path.stat()
    except OSError:
        # Deleted since it was listed, or a dangling link; reading it will tell which.
        return _Stamp((), is_sure=False)
    return _Stamp((s.st_mtime_ns, s.st_ctime_ns, s.st_size, s.st_ino), is_sure=now - s.st_ctime_ns > _TICK_NS)
