"""The registry as a folder of YAML and JSON files. EDGE: reads files, logs.

A store that has loaded once never fails afterwards: a change that cannot be read is logged, and the last good
state is served until the change is fixed.
"""

import gc
import hashlib
import logging
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from registry.delivery.ledger import Ledger
from registry.errors import InvalidRecordsError, Problem, UnreadableError
from registry.reporting import OngoingProblem
from registry.resolving.index import Index
from registry.resolving.view import View
from registry.stores import files
from registry.stores.files import RecordFile, Stamp
from registry.stores.namespaces import NamespaceFacts
from registry.stores.store import Known

_log = logging.getLogger(__name__)


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
        self._files: dict[str, RecordFile] = {}
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

    def index_for(self, namespace: str) -> Index:
        """All that there is."""
        return self._snapshot

    def read_all(self) -> None:
        """Do nothing: all of it has been read."""

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

    def _list(self) -> dict[str, Stamp]:
        now = time.time_ns()
        return {name: files.stamp_of(self._folder / name, now) for name in files.record_files(self._folder)}

    def _are_known(self, stamps: Mapping[str, Stamp]) -> bool:
        return stamps.keys() == self._files.keys() and all(
            self._files[name].is_current(stamp) for name, stamp in stamps.items()
        )

    def _load(self, stamps: Mapping[str, Stamp]) -> Index:
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

    def _read(self, name: str, stamp: Stamp) -> RecordFile:
        known = self._files.get(name)
        if known is not None and known.is_current(stamp):
            return known
        return files.read_records(self._folder / name, stamp, known, self._allowed)

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
