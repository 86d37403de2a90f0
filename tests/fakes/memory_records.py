"""A RecordStore in memory."""

from itertools import count

from registry.errors import ChangedError
from registry.records.editing import extension_exists, no_extension
from registry.stores.store import Listing, Stored


class MemoryRecords:
    """Records by id. Not safe for threads."""

    def __init__(self):
        self._records = {}
        self._revisions = count(1)

    def clear(self):
        """Forget all records."""
        self._records.clear()

    def get(self, extension_id):
        if extension_id not in self._records:
            raise no_extension(extension_id)
        return self._records[extension_id]

    def list(self):
        return Listing(tuple(self._records[i] for i in sorted(self._records)))

    def put(self, record, expected):
        if expected is None and record.id in self._records:
            raise extension_exists(record.id)
        if expected is not None and self.get(record.id).revision != expected:
            raise ChangedError(f"extension {record.id!r} has been changed since it was read; read it again")
        self._records[record.id] = Stored(record, str(next(self._revisions)))
        return self._records[record.id]

    def delete(self, extension_id, expected):
        if self.get(extension_id).revision != expected:
            raise ChangedError(f"extension {extension_id!r} has been changed since it was read; read it again")
        del self._records[extension_id]
