"""Wait for a state of the cluster."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
# Timeouts are given for an idle machine.
PATIENCE = 2.0


def wait_for(condition: Callable[[], T], timeout: float, what: str) -> T:
    """Poll until the result is true, and return it.

    Raises:
        TimeoutError: It did not become true; the message holds the last result or error.
    """
    timeout *= PATIENCE
    deadline = time.monotonic() + timeout
    pause = 0.1
    while True:
        try:
            answer: object = condition()
        # A server that is starting refuses or resets connections, or answers anything.
        except Exception as e:
            answer, last = None, e
        else:
            last = answer
        if answer:
            return answer  # type: ignore[return-value]  # not None here, so it is what condition gave
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {timeout:.0f} s; last: {last!r:.2000}")
        time.sleep(pause)
        # Whatever takes long need not be polled often: each poll costs processor time that pods need.
        pause = min(pause * 1.3, 1.0)
