"""EDGE: a store that writes nothing, and refuses what could not be written."""

from collections.abc import Callable

from registry.errors import ChangedError, NotFoundError
from registry.records.editing import extension_exists, no_extension
from registry.records.model import Extension
from registry.stores.store import Listing, RecordStore, Stored


class DryRun:
    """Reads from a store, and keeps what is written in memory.

    Args:
        check: Raises what the store would say to a record that it cannot keep.
    """

    def __init__(self, store: RecordStore, check: Callable[[Extension], None]) -> None:
        self._store = store
        self._check = check
        # None = deleted.
        self._written: dict[str, Stored | None] = {}

    def get(self, extension_id: str) -> Stored:
        """The record *extension_id*."""
        if extension_id not in self._written:
            return self._store.get(extension_id)
        written = self._written[extension_id]
        if written is None:
            raise no_extension(extension_id)
        return written

    def list(self) -> Listing:
        """All records."""
        found, problems = self._store.list()
        kept = {stored.record.id: stored for stored in found}
        kept |= {own_id: stored for own_id, stored in self._written.items() if stored is not None}
        gone = {own_id for own_id, stored in self._written.items() if stored is None}
        return Listing(tuple(kept[own_id] for own_id in sorted(kept.keys() - gone)), problems)

    def put(self, record: Extension, expected: str | None) -> Stored:
        """Check that *record* could be kept."""
        self._check(record)
        if expected is None:
            self._refuse_existing(record.id)
            stored = Stored(record, "new")
        else:
            self._expect(record.id, expected)
            stored = Stored(record, f"{expected}+")
        self._written[record.id] = stored
        return stored

    def delete(self, extension_id: str, expected: str) -> None:
        """Check that the record could be deleted."""
        self._expect(extension_id, expected)
        self._written[extension_id] = None

    def _refuse_existing(self, extension_id: str) -> None:
        try:
            self.get(extension_id)
        except NotFoundError:
            return
        raise extension_exists(extension_id)

    def _expect(self, extension_id: str, revision: str) -> None:
        if self.get(extension_id).revision != revision:
            raise ChangedError(f"extension {extension_id!r} has been changed since it was read; read it again")
