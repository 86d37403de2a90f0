"""Wait for what a cluster does in its own time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
# Timeouts are for a machine that has nothing else to do.
PATIENCE = 2.0


def wait_for(condition: Callable[[], T], timeout: float, what: str) -> T:
    """Ask again and again until the answer is true, and return it.

    Raises:
        TimeoutError: It did not become true; the message has the last answer or error.
    """
    timeout *= PATIENCE
    deadline = time.monotonic() + timeout
    while True:
        try:
            answer: object = condition()
        # A server that is just starting refuses, resets or says anything.
        except Exception as e:
            answer, last = None, e
        else:
            last = answer
        if answer:
            return answer  # type: ignore[return-value]  # not None here, so it is what condition gave
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {timeout:.0f} s; last: {last!r:.2000}")
        time.sleep(0.2)
