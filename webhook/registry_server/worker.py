"""EDGE: gunicorn's threaded worker, which waits for no client for ever and logs nothing of what clients send.

The webhook's own worker is not used here: its handlers must not wait, and those of the registry wait for disks, locks
and the API server.
"""

import contextlib
import logging
import socket
import threading
import time
from typing import Any, Final

from gunicorn import util
from gunicorn.workers.gthread import ThreadWorker

# Seconds for a handshake, a request and its answer, together. A client that sends a byte now and then holds a thread no
# longer. A writer may wait for the folder's lock for 30 seconds.
PATIENCE: Final = 60.0
# Seconds that requests may still take after SIGTERM, less than those after which gunicorn kills the process.
STOPPING: Final = 25.0

_log = logging.getLogger(__name__)


class PatientWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no types
    """Ends connections whose present request takes too long."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._ends: dict[Any, float] = {}
        self._last_end = float("inf")

    def init_process(self) -> None:
        """Serve. The watch is a thread of its own: it goes on while the process waits for its other threads to end."""
        threading.Thread(target=self._watch, name="watch", daemon=True).start()
        super().init_process()

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Begin to stop."""
        self._last_end = min(self._last_end, time.monotonic() + STOPPING)
        super().handle_exit(sig, frame)

    def handle(self, conn: Any) -> Any:
        """Serve a request, in a thread of the pool."""
        self._ends[conn] = time.monotonic() + self.cfg.fuseml_patience
        try:
            return super().handle(conn)
        finally:
            self._ends.pop(conn, None)

    def end_overdue(self) -> None:
        """Close the connections whose time is over."""
        now = time.monotonic()
        for conn, end in list(self._ends.items()):
            if min(end, self._last_end) < now:
                self._ends.pop(conn, None)
                # The method of SSLSocket would take the session away from the thread that uses it.
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(conn.sock, socket.SHUT_RDWR)

    def _watch(self) -> None:
        while True:
            time.sleep(1)
            self.end_overdue()

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer what is no request. What it was is not logged: it may hold a token or a value."""
        _log.warning("%s from %s", type(exc).__name__, addr[0] if addr else "unknown")
        with contextlib.suppress(OSError):
            util.write_error(client, 400, "Bad Request", "this is no request that can be read")
