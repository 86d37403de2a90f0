"""Does something again and again while a test does something else."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def repeating(act: Callable[[], Any], threads: int, pause: float = 0.0) -> Iterator[list[Any]]:
    """*act* in so many threads, while the block runs; gives what it found, and all that it raised."""
    found: list[Any] = []
    end = threading.Event()

    def repeat() -> None:
        while not end.is_set():
            try:
                found.append(act())
            except Exception as e:
                found.append(repr(e))
            time.sleep(pause)

    running = [threading.Thread(target=repeat) for _ in range(threads)]
    for thread in running:
        thread.start()
    try:
        yield found
    finally:
        end.set()
        for thread in running:
            thread.join()
