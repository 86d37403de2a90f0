"""Steady load on a running server, to see that a change costs its clients nothing."""

import threading
import time
from collections.abc import Callable
from contextlib import closing

from tests.serving.running_server import ANSWER, PATIENCE, Answer, Running, ask


class Load:
    """Clients that ask until they are stopped, and count what went wrong."""

    def __init__(self, *clients: Callable[["Load"], None]) -> None:
        self.failures: list[str] = []
        self.answers = 0
        self.closed = 0
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(client,)) for client in clients]
        for thread in self._threads:
            thread.start()

    def _run(self, client: Callable[["Load"], None]) -> None:
        while not self._over.is_set():
            try:
                client(self)
            except OSError as e:
                self.failures.append(repr(e))
                time.sleep(0.05)

    def going(self) -> bool:
        return not self._over.is_set()

    def count(self, got: Answer) -> None:
        if (got.status, got.body) == (200, ANSWER):
            self.answers += 1
        else:
            self.failures.append(f"{got.status} {got.body!r}")

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(PATIENCE)


def new_connections(server: Running) -> Callable[[Load], None]:
    """Open a connection for each review."""

    def client(load: Load) -> None:
        with closing(server.tls()) as sock:
            load.count(ask(sock))

    return client


def one_connection(server: Running) -> Callable[[Load], None]:
    """Keep one connection until the server says that it closes it."""

    def client(load: Load) -> None:
        with closing(server.tls()) as sock:
            while load.going():
                got = ask(sock)
                load.count(got)
                if got.headers["connection"] == "close":
                    load.closed += 1
                    return

    return client
