"""EDGE: plain HTTP pages for probes and for Prometheus."""

import logging
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import Any, Final, NamedTuple, TypeAlias

from webhook.process.listening import listen

# Kubelet and Prometheus need two. The oldest gives way to one more: whoever sends a request at once has been answered.
CONNECTIONS: Final = 64

_log = logging.getLogger(__name__)


class Page(NamedTuple):
    """What is answered."""

    content: bytes
    status: int = 200
    content_type: str = "text/plain; charset=utf-8"


Pages: TypeAlias = Mapping[str, Callable[[], Page]]

_NOT_FOUND: Final = Page(b"not found\n", 404)


def state(good: bool, text: str) -> Page:
    """The page for a probe: 503 unless all is *good*."""
    return Page(f"{text}\n".encode(), 200 if good else 503)


class PageServer(ThreadingMixIn, TCPServer):
    """Serves *pages* by their paths, in threads of its own: it answers even while the rest of the process hangs.

    Any pod may connect, so the number of threads is limited: clients that send nothing must not take all the memory.

    Raises:
        ListenError: The address cannot be listened on.
    """

    daemon_threads = True

    def __init__(self, address: str, pages: Pages) -> None:
        listener = listen(address)
        super().__init__(listener.getsockname()[:2], _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.pages = pages
        self._open: dict[socket.socket, None] = {}  # oldest first
        self._changing = threading.Lock()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.socket.getsockname()[1])

    def start(self) -> None:
        """Serve until the process ends."""
        threading.Thread(target=self.serve_forever, name="pages", daemon=True).start()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own, instead of the oldest request if there are too many."""
        with self._changing:
            self._open[request] = None
            if len(self._open) > CONNECTIONS:
                oldest = next(iter(self._open))
                del self._open[oldest]
                with suppress(OSError):  # The client is gone already.
                    oldest.shutdown(socket.SHUT_RDWR)
        super().process_request(request, client_address)

    def close_request(self, request: Any) -> None:
        """Close a connection, which counts no longer."""
        with self._changing:
            self._open.pop(request, None)
        super().close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Do not print a traceback, which is no line of JSON: a client that goes away is no error."""
        _log.debug("request for a page failed", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: PageServer
    server_version = "fuseml"
    sys_version = ""
    timeout = 5  # Seconds that a client may be silent.

    def do_GET(self) -> None:
        """Answer."""
        page = self.server.pages.get(self.path.partition("?")[0], lambda: _NOT_FOUND)()
        self.send_response(page.status)
        self.send_header("Content-Type", page.content_type)
        self.send_header("Content-Length", str(len(page.content)))
        self.end_headers()
        self.wfile.write(page.content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as it is called in http.server
        """Log nothing: probes come every few seconds."""
