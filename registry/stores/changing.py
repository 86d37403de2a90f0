"""EDGE: reads a record and changes or deletes it, again if somebody else was faster."""

import random
import time
from collections.abc import Callable
from typing import Final, TypeVar

from registry.errors import ChangedError, UnavailableError
from registry.kube import backoff
from registry.records.model import Extension
from registry.stores.store import RecordStore, Stored

# Seconds for which a change is tried again. Somebody gets through each time, so all others would have to be faster.
PATIENCE: Final = 30.0
# Seconds. With a pause, rivals spend less on attempts that fail; so many as there are, the longer it may be.
_FIRST_PAUSE: Final = 0.002
_LONGEST_PAUSE: Final = 0.5
# Spreads the attempts of rivals. It has no state that others could depend on.
_JITTER: Final = random.SystemRandom()
_T = TypeVar("_T")


def change(store: RecordStore, extension_id: str, edit: Callable[[Extension], Extension]) -> Stored:
    """Replace the record *extension_id* with what *edit* makes of it; *edit* may be called several times.

    Raises:
        RegistryError: As ``RecordStore.put``, except ChangedError; and what *edit* raises.
    """

    def attempt() -> Stored:
        found = store.get(extension_id)
        changed = edit(found.record)
        return found if changed == found.record else store.put(changed, found.revision)

    return _repeated(attempt, extension_id)


def delete(store: RecordStore, extension_id: str) -> None:
    """Delete the record *extension_id*, whatever its revision.

    Raises:
        RegistryError: As ``RecordStore.delete``, except ChangedError.
    """
    _repeated(lambda: store.delete(extension_id, store.get(extension_id).revision), extension_id)


def _repeated(attempt: Callable[[], _T], extension_id: str) -> _T:
    end = time.monotonic() + PATIENCE
    failures = 0
    while True:
        try:
            return attempt()
        except ChangedError as e:
            if time.monotonic() > end:
                raise UnavailableError(f"{extension_id}: others change it all the time; try again") from e
        time.sleep(backoff.pause(failures, first=_FIRST_PAUSE, longest=_LONGEST_PAUSE) * _JITTER.random())
        failures += 1
