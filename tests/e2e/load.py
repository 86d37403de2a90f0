"""A steady stream of runs that ask, through the API server, each answer looked at."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e.api import Api


@dataclass
class Load:
    """What became of the runs so far.

    Attributes:
        took: Seconds of each that went well.
        failures: When, and what was said, of each that did not.
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
    """Submit *run* *rate* times a second as a dry run, and look for the text *expected* in what would be stored."""
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
    except Exception as e:  # Whatever it is, somebody's run was not admitted.
        problem = f"{type(e).__name__}: {e}"
    if problem:
        load.failures.append((time.monotonic(), problem))
    else:
        load.took.append(time.monotonic() - started)
