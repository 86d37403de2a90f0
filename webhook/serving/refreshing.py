"""EDGE: keeps the registry of a worker up to date, without holding up answers."""

import gc
import logging
import threading
import time
from collections.abc import Callable

from registry.stores.store import RegistryFeed

_log = logging.getLogger(__name__)


def keep_fresh(store: RegistryFeed, interval: float, *, refreshed: Callable[[], None]) -> None:
    """Refresh the registry, before the first request and from then on.

    Args:
        interval: Seconds between two looks at the store, at most.
        refreshed: Called after each of them.
    """
    store.start()
    _refresh(store)
    refreshed()
    threading.Thread(target=_refresh_forever, args=(store, interval, refreshed), daemon=True).start()


def _refresh_forever(store: RegistryFeed, interval: float, refreshed: Callable[[], None]) -> None:
    while True:
        store.wait(interval)
        started = time.monotonic()
        try:
            _refresh(store)
            refreshed()
        except Exception as e:  # This thread must not end, whatever a store does.
            _log.error("registry not refreshed: %s", type(e).__name__)
        # Many changes at once are taken up together, and leave time for answers.
        time.sleep(min(time.monotonic() - started, 0.2))


def _refresh(store: RegistryFeed) -> None:
    before = store.snapshot
    # While a registry grows, the garbage collector walks all of it again and again, and once more when it is there:
    # with 100 000 records that takes a third of a second each time, in which nobody gets an answer. So garbage is
    # collected first, then not until the registry is there, and that is exempted from later collections.
    gc.collect()
    gc.disable()
    try:
        store.refresh()
        if store.snapshot is not before:
            gc.freeze()
    finally:
        gc.enable()
