"""Locks between processes: for what only one may start, stop or build, and for tests that need the cluster alone."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from tests.cluster.paths import CACHE


@contextmanager
def alone(what: str) -> Iterator[None]:
    """Hold the lock *what* exclusively."""
    with _held(what, fcntl.LOCK_EX):
        yield


@contextmanager
def together(what: str) -> Iterator[None]:
    """Hold the lock *what* together with others, while no process holds it `alone`."""
    with _held(what, fcntl.LOCK_SH):
        yield


@contextmanager
def _held(what: str, kind: int) -> Iterator[None]:
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{what}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"# waiting: another process holds the lock of the {what}", flush=True)
            fcntl.flock(lock, kind)
        yield
