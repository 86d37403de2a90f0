"""Honest clients of a server that others attack: a kubelet's probes, and an API server's reviews."""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.serving.attacks import Address, sized, tls
from tests.serving.running_server import REVIEW, Answer, read_answer

# Seconds after which a kubelet or an API server gives up.
TIMEOUT = 5.0
_ROOT = Path(__file__).parents[2]
PROBE = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@contextmanager
def attack(server: Address, kind: str, clients: int = 10, per_client: int = 60) -> Iterator[None]:
    """Let *clients* attack while the block runs. They end with this process, whatever comes of it."""
    command = [sys.executable, "-m", "tests.serving.attacks", *map(str, (*server, kind, clients, per_client))]
    with subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.stdin.close()  # type: ignore[union-attr]  # it is a pipe
            process.wait()


@dataclass
class Times:
    """How long answers took, in seconds; a request that failed took as long as its client waited."""

    taken: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.taken)

    @property
    def p99(self) -> float:
        return sorted(self.taken)[int(len(self.taken) * 0.99)]


class Honest:
    """Asks again and again, and notes how long it took."""

    def __init__(self, server: Address, review: bytes = REVIEW, timeout: float = TIMEOUT) -> None:
        self._server = server
        self._timeout = timeout
        self._request = sized(review)
        self._kept: Any = None
        self.probes, self.reviews, self.fresh_reviews = Times(), Times(), Times()

    def ask(self, seconds: float, pause: float = 0.02) -> None:
        """Ask for *seconds*, in turns for what a kubelet, an idle and a busy API server ask for."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._time(self.probes, lambda: self._fresh(PROBE))
            self._time(self.fresh_reviews, lambda: self._fresh(self._request))
            for _ in range(5):
                self._time(self.reviews, self._review)
            time.sleep(pause)
        self.close()

    def close(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _time(self, times: Times, ask: Any) -> None:
        begin = time.monotonic()
        try:
            got = ask()
            if got.status != 200:
                times.failures.append(str(got.status))
        except OSError as e:
            times.failures.append(repr(e))
        times.taken.append(time.monotonic() - begin)

    def _fresh(self, request: bytes) -> Answer:
        sock = tls(self._server, self._timeout)
        with sock:
            sock.sendall(request)
            return read_answer(sock)

    def _review(self) -> Answer:
        """As Go's client does: on the connection that it keeps, and on a new one if that has ended meanwhile."""
        if self._kept is not None:
            with suppress(OSError):
                self._kept.sendall(self._request)
                return self._read()
            self.close()
        self._kept = tls(self._server, self._timeout)
        self._kept.sendall(self._request)
        return self._read()

    def _read(self) -> Answer:
        got = read_answer(self._kept)
        if got.headers.get("connection") == "close":
            self.close()
        return got
