"""EDGE: the records in a folder of files, to read and to write.

A new record gets a file of its own; one that stands in a file is changed there, and nothing else is. Readers need no
lock: they find each file as it was before or after a change.
"""

import hashlib
import hmac
import json
import os
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

from registry.errors import (
    ChangedError,
    KeptRecordsError,
    NotEditableError,
    Problem,
    RegistryError,
    UnreadableError,
)
from registry.records import codec
from registry.records.editing import extension_exists, no_extension
from registry.records.in_place import texts as in_place
from registry.records.in_place import yaml_text
from registry.records.model import Extension
from registry.records.texts import decode_text
from registry.stores import files
from registry.stores.folder_records import durable
from registry.stores.folder_records.catalogue import Catalogue
from registry.stores.folder_records.lock import PATIENCE, HeldLock, locked
from registry.stores.store import Listing, Stored

_UTF_8_MARK = b"\xef\xbb\xbf"


class FolderRecords:
    """A folder as a RecordStore. It may be used by several threads, and the folder by several processes.

    Args:
        allowed: Variables that control a loader or an interpreter and may be registered all the same.
        patience: Seconds to wait while others write.

    Raises:
        UnreadableError: There is no such folder, or it cannot be listed.
    """

    def __init__(self, folder: Path, *, allowed: frozenset[str] = frozenset(), patience: float = PATIENCE) -> None:
        self._folder = folder
        self._allowed = allowed
        self._patience = patience
        self._mutex = threading.RLock()
        self._catalogue = Catalogue(folder, allowed)
        # The state of the folder that the catalogue knows: changes by writers with the lock, and by anyone.
        self._seen = (-1, -1)
        self._key = ""
        self._catalogue.look_at_all()

    def get(self, extension_id: str) -> Stored:
        """The record *extension_id*, as it is in the folder now."""
        with self._mutex:
            self._find_key()
            return self._stored(self._find(extension_id))

    def list(self) -> Listing:
        """All records that can be read, and what is wrong with the files of others."""
        with self._mutex:
            self._find_key()
            self._catalogue.look_at_all()
            found = [found.extension for _, file in self._catalogue.all() for found in file.found]
            records = tuple(self._stored(extension) for extension in sorted(found, key=lambda e: e.id))
            return Listing(records, tuple(self._catalogue.problems()))

    def put(self, record: Extension, expected: str | None) -> Stored:
        """Keep *record*: in a new file, or where it stands."""
        with self._writing() as lock:
            if expected is None:
                self._register(record, lock)
            else:
                name = self._expected(record.id, expected)
                self._rewrite(name, lock, lambda text: in_place.replaced(text, record, allowed=self._allowed))
            return self._stored(record)

    def delete(self, extension_id: str, expected: str) -> None:
        """Delete the record *extension_id*, and its file if nothing else is in it."""
        with self._writing() as lock:
            name = self._expected(extension_id, expected)
            self._rewrite(name, lock, lambda text: in_place.removed(text, extension_id, allowed=self._allowed))

    @contextmanager
    def _writing(self) -> Iterator[HeldLock]:
        """Hold the folder's lock, with a catalogue that knows what others have written."""
        with self._mutex, locked(self._folder, self._patience) as lock:
            self._key = lock.key
            if self._seen != (lock.changes, self._modified()):
                self._catalogue.look_at_names()
            try:
                yield lock
            finally:
                self._seen = (lock.changes, self._modified())

    def _modified(self) -> int:
        """When a name in the folder last changed."""
        try:
            return os.stat(self._folder).st_mtime_ns
        except OSError as e:
            raise UnreadableError(f"{self._folder}: {e.strerror or e}") from e

    def _find_key(self) -> None:
        """Learn the folder's key; where nothing can be written, one of this process will do."""
        if self._key:
            return
        try:
            with locked(self._folder, self._patience) as lock:
                self._key = lock.key
        except RegistryError:
            self._key = secrets.token_hex()

    def _stored(self, extension: Extension) -> Stored:
        """*extension* with its revision. The key keeps whoever sees it from guessing values by trying them."""
        canonical = json.dumps(codec.encode(extension), ensure_ascii=True)
        return Stored(extension, hmac.new(self._key.encode(), canonical.encode(), hashlib.sha256).hexdigest()[:24])

    def _find(self, extension_id: str) -> Extension:
        """The record as it is now.

        Raises:
            NotFoundError: There is none.
            KeptRecordsError: Its file cannot be read any more, or several files hold it.
        """
        for name in [*self._catalogue.holders(extension_id)]:
            self._catalogue.look_at(name)
        if len(self._catalogue.holders(extension_id)) != 1:
            self._catalogue.look_at_all()
        holders = self._catalogue.holders(extension_id)
        if not holders:
            raise no_extension(extension_id)
        found = [f for name in {*holders} for f in self._catalogue.file(name).found if f.extension.id == extension_id]
        if len(found) > 1:
            message = f"an extension with id {extension_id!r} is also in {', '.join(sorted({*holders}))}; delete one"
            raise KeptRecordsError([Problem(message, file=str(self._folder / holders[0]), line=found[0].line)])
        return found[0].extension

    def _expected(self, extension_id: str, revision: str) -> str:
        """The name of the file that holds the record, whose revision is *revision*."""
        if self._stored(self._find(extension_id)).revision != revision:
            raise ChangedError(f"extension {extension_id!r} has been changed since it was read; read it again")
        return self._catalogue.holders(extension_id)[0]

    def _register(self, record: Extension, lock: HeldLock) -> None:
        if self._catalogue.holders(record.id):
            self._catalogue.look_at(self._catalogue.holders(record.id)[0])
        if self._catalogue.holders(record.id):
            raise extension_exists(record.id)
        if self._catalogue.problems():
            self._catalogue.look_at_all()
        if problems := self._catalogue.problems():
            # The id may be in what cannot be read; and while a file is broken, no change of the folder is served.
            raise KeptRecordsError(problems)
        names = (f"{record.id}{f'.{i}' if i else ''}.yaml" for i in count())
        name = next(name for name in names if not os.path.lexists(self._folder / name))
        text = yaml_text.text_of(record)
        lock.note_change()
        durable.write(self._folder / name, text, is_secret=_holds_values([record]), before=None)
        self._catalogue.look_at(name)

    def _rewrite(self, name: str, lock: HeldLock, change: Callable[[str], str]) -> None:
        path = self._folder / name
        before = durable.identity(path)
        if before is None:
            raise ChangedError(f"{path}: somebody else has just deleted this file")
        mark, text = self._read(path)
        try:
            result = change(text)
        except NotEditableError as e:
            raise NotEditableError(replace(e.problem, file=str(path))) from e
        except KeyError as e:
            raise ChangedError(f"{path}: somebody else has just changed this file") from e
        lock.note_change()
        if result:
            records = [extension for extension, _ in decode_text(result, allowed=self._allowed)[0]]
            durable.write(path, result, is_secret=_holds_values(records), before=before, mark=mark)
        else:
            durable.remove(path, before)
        self._catalogue.look_at(name)

    def _read(self, path: Path) -> tuple[bytes, str]:
        """The byte order mark and the text of a file."""
        try:
            text = files.read_file(path)
            with path.open("rb") as file:
                start = file.read(3)
        except UnreadableError as e:
            raise UnreadableError(f"{path}: {e}") from e
        except OSError as e:
            raise UnreadableError(f"{path}: {e.strerror or e}") from e
        if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise NotEditableError(Problem("is UTF-16; save it as UTF-8", file=str(path)))
        return (_UTF_8_MARK if start == _UTF_8_MARK else b""), text


def _holds_values(records: Iterable[Extension]) -> bool:
    return any(
        login.configuration and login.secret_ref is None
        for record in records
        for service in record.services
        for login in service.credentials
    )
