"""A steady stream of runs that ask, with a check of each response."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e.support.api import Api


@dataclass
class Load:
    """The results so far.

    Attributes:
        took: Seconds that each admitted run took.
        failures: The time and the message of each failure.
    """

    took: list[float] = field(default_factory=list)
    failures: list[tuple[float, str]] = field(default_factory=list)

    def __str__(self) -> str:
        took = sorted(self.took) or [0.0]
        p50, p99 = took[len(took) // 2], took[int(len(took) * 0.99)]
        worst = f"; first failure: {self.failures[0][1][:300]}" if self.failures else ""
        return (
            f"{len(self.took)} admitted, {len(self.failures)} failed, "
            f"p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, longest {took[-1] * 1000:.0f} ms{worst}"
        )


@contextmanager
def steady_load(
    kubeconfig: Path, namespace: str, run: dict[str, Any], expected: str, *, rate: float, clients: int = 10
) -> Iterator[Load]:
    """Submit *run* *rate* times a second in dry runs; each response must contain *expected*."""
    load = Load()
    ended = threading.Event()
    began = time.monotonic()

    def client(number: int) -> None:
        api = Api(kubeconfig, namespace)
        turn = number
        while not ended.is_set():
            pause = began + turn / rate - time.monotonic()
            if pause > 0 and ended.wait(pause):
                return
            turn += clients
            _submit(api, run, expected, load)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def _submit(api: Api, run: dict[str, Any], expected: str, load: Load) -> None:
    started = time.monotonic()
    try:
        status, text = api.create(run, dry_run=True)
        problem = "" if status == 201 and expected in text else f"{status} {text}"
    except Exception as e:  # Whatever the reason, a run was not admitted.
        problem = f"{type(e).__name__}: {e}"
    if problem:
        load.failures.append((time.monotonic(), problem))
    else:
        load.took.append(time.monotonic() - started)
