"""EDGE: reads a record and changes or deletes it, again if somebody else was faster."""

from collections.abc import Callable
from typing import Final

from registry.errors import ChangedError, UnavailableError
from registry.records.model import Extension
from registry.stores.store import RecordStore, Stored

# Somebody gets through each time, so as many writers would all have to be faster.
_ATTEMPTS: Final = 1000


def change(store: RecordStore, extension_id: str, edit: Callable[[Extension], Extension]) -> Stored:
    """Replace the record *extension_id* with what *edit* makes of it; *edit* may be called several times.

    Raises:
        RegistryError: As ``RecordStore.put``, except ChangedError; and what *edit* raises.
    """
    for _ in range(_ATTEMPTS):
        found = store.get(extension_id)
        changed = edit(found.record)
        if changed == found.record:
            return found
        try:
            return store.put(changed, found.revision)
        except ChangedError:
            continue
    raise _busy(extension_id)


def delete(store: RecordStore, extension_id: str) -> None:
    """Delete the record *extension_id*, whatever its revision.

    Raises:
        RegistryError: As ``RecordStore.delete``, except ChangedError.
    """
    for _ in range(_ATTEMPTS):
        try:
            store.delete(extension_id, store.get(extension_id).revision)
        except ChangedError:
            continue
        return
    raise _busy(extension_id)


def _busy(extension_id: str) -> UnavailableError:
    return UnavailableError(f"{extension_id}: others change it all the time; try again")
