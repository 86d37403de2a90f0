"""EDGE: reads a record and changes or deletes it, again if somebody else was faster."""

import random
import time
from collections.abc import Callable
from typing import Final

from registry.errors import ChangedError, UnavailableError
from registry.kube import backoff
from registry.records.model import Extension
from registry.stores.store import RecordStore, Stored

# Somebody gets through each time, so as many writers would all have to be faster.
_ATTEMPTS: Final = 1000
# Seconds. With a pause, rivals spend less on attempts that fail; so many as there are, the longer it may be.
_FIRST_PAUSE: Final = 0.002
_LONGEST_PAUSE: Final = 0.5
# Spreads the attempts of rivals. It has no state that others could depend on.
_JITTER: Final = random.SystemRandom()


def change(store: RecordStore, extension_id: str, edit: Callable[[Extension], Extension]) -> Stored:
    """Replace the record *extension_id* with what *edit* makes of it; *edit* may be called several times.

    Raises:
        RegistryError: As ``RecordStore.put``, except ChangedError; and what *edit* raises.
    """
    for failures in range(_ATTEMPTS):
        found = store.get(extension_id)
        changed = edit(found.record)
        if changed == found.record:
            return found
        try:
            return store.put(changed, found.revision)
        except ChangedError:
            _pause(failures)
            continue
    raise _busy(extension_id)


def delete(store: RecordStore, extension_id: str) -> None:
    """Delete the record *extension_id*, whatever its revision.

    Raises:
        RegistryError: As ``RecordStore.delete``, except ChangedError.
    """
    for failures in range(_ATTEMPTS):
        try:
            store.delete(extension_id, store.get(extension_id).revision)
        except ChangedError:
            _pause(failures)
            continue
        return
    raise _busy(extension_id)


def _pause(failures: int) -> None:
    longest = backoff.pause(failures, first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)
    time.sleep(longest * _JITTER.random())


def _busy(extension_id: str) -> UnavailableError:
    return UnavailableError(f"{extension_id}: others change it all the time; try again")
