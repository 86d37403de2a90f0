"""EDGE: GET /healthz, /readyz and /metrics, in plain HTTP."""

import logging
import threading
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import Any, Final, Protocol

from webhook.process.listening import listen

_PLAIN: Final = "text/plain; charset=utf-8"
_PROMETHEUS: Final = "text/plain; version=0.0.4; charset=utf-8"

_log = logging.getLogger(__name__)


class Status(Protocol):
    """What a process tells of itself."""

    def healthy(self) -> tuple[bool, str]:
        """True if the process works, and what to tell of that; else it had better be restarted."""

    def ready(self) -> tuple[bool, str]:
        """True if all is as it should be, and if not, what is wrong."""

    def metrics(self) -> str:
        """Prometheus' text format."""


class HealthServer(ThreadingMixIn, TCPServer):
    """Tells what *status* says; threads of its own, so that it can tell that the loop hangs."""

    daemon_threads = True

    def __init__(self, address: str, status: Status) -> None:
        listener = listen(address)
        super().__init__(listener.getsockname()[:2], _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.status = status

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.socket.getsockname()[1])

    def start(self) -> None:
        """Serve until the process ends."""
        threading.Thread(target=self.serve_forever, name="health", daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error, and a traceback no line of JSON."""
        _log.debug("health request failed", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: HealthServer
    server_version = "fuseml"
    sys_version = ""
    timeout = 5  # Seconds for which a silent client is borne.

    def do_GET(self) -> None:
        """Answer."""
        status = self.server.status
        match self.path.partition("?")[0]:
            case "/healthz":
                self._answer(*status.healthy())
            case "/readyz":
                self._answer(*status.ready())
            case "/metrics":
                self._send(200, status.metrics(), _PROMETHEUS)
            case _:
                self._send(404, "not found\n", _PLAIN)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as it is called in http.server
        """Probes come every few seconds; they are not worth a line."""

    def _answer(self, good: bool, text: str) -> None:
        self._send(200 if good else 503, f"{text}\n", _PLAIN)

    def _send(self, code: int, text: str, kind: str) -> None:
        content = text.encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
