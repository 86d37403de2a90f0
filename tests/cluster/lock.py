"""Let one process at a time start, stop or build."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from tests.cluster.paths import CACHE


@contextmanager
def alone(what: str) -> Iterator[None]:
    """Wait until nobody else is at *what*, and keep others waiting."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{what}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"# waiting: another process is at the {what}", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
