"""EDGE: reads a record, changes it and writes it, again if somebody else was faster."""

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
    raise UnavailableError(f"{extension_id}: others change it all the time; try again")
