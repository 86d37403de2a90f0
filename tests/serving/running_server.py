"""A real server process for a test, and clients that speak to it over TLS.

The fixture `start` starts one, and ends it with the test:

    def test_two_workers_serve(start: Start) -> None:
        server = start(workers=2)
        eventually(lambda: len(server.workers()) == 2)
        with closing(server.tls()) as sock:
            assert ask(sock).body == ANSWER
"""

import http.client
import json
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.certificates import self_signed

# Seconds that a client may have to wait on a machine that is busy with other things. Only a failing test waits so long.
PATIENCE = 60.0
# Seconds that the server of the fixture `server` gives its clients for each stage: the handshake, and a request.
STAGE = 3.0
PROGRAM = Path(__file__).with_name("server_program.py")
REVIEW = json.dumps(
    {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "u-1",
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "operation": "CREATE",
            "namespace": "ml",
            "object": {"kind": "Pod", "extensions": []},
        },
    }
).encode()
ANSWER = b'{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"u-1","allowed":true}}'
HEAD = b"POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


def make_pair(folder: Path, name: str = "tls", *, days: float = 9.0) -> Path:
    """Write a certificate that signs itself, and its key: NAME.crt, NAME.key."""
    certificate, key = self_signed(days=days)
    # As a careful tool writes: a file is there as a whole, or not at all.
    for suffix, content in (("key", key), ("crt", certificate)):
        (folder / "new").write_bytes(content)
        (folder / "new").rename(folder / f"{name}.{suffix}")
    return folder / f"{name}.crt"


def eventually(what: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """The first true result of *what*, which may fail meanwhile."""
    end = time.monotonic() + seconds
    while True:
        with suppress(OSError, http.client.HTTPException):
            if result := what():
                return result
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def end_process(process: subprocess.Popen[bytes]) -> int:
    """Interrupt the process, as Ctrl-C in a terminal does. One that does not end is killed, and that is an error."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        return process.wait(PATIENCE)
    except BaseException:
        process.kill()
        process.wait()
        raise


def port_in(line: str) -> int:
    """The port in the line that a server writes when it starts."""
    return int(json.loads(line)["message"].partition(",")[0].rpartition(":")[2])


class Running:
    """A server process, and ways to reach it. As a context manager it ends the process, whatever happens.

    Args:
        folder: Holds the certificate (tls.crt, tls.key), the number of extensions (registry), and the log (stderr).
        takes: Seconds that the engine takes for a review.
        boots: Seconds that a worker takes before it is ready for signals.
        limits: Other values for the constants of webhook.serving.connection and webhook.serving.worker.
        serve: Options of webhook.serving.server.serve, such as workers=2 or drain=1.5.
    """

    line: str
    port: int

    def __init__(
        self,
        folder: Path,
        *,
        takes: float = 0.0,
        boots: float = 0.0,
        limits: dict[str, float] | None = None,
        **serve: Any,
    ) -> None:
        self.folder = folder
        options = {
            "registry": str(folder / "registry"),
            "takes": takes,
            "boots": boots,
            "limits": limits or {},
            "serve": {
                "certificate": str(folder / "tls.crt"),
                "key": str(folder / "tls.key"),
                "listen": "127.0.0.1:0",
                "drain": 0.0,
                "interval": 0.05,
                "notice": "this is a test",
                **serve,
            },
        }
        with (folder / "stderr").open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, str(PROGRAM), json.dumps(options)], stderr=errors, stdin=subprocess.DEVNULL
            )

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, at: TracebackType | None) -> None:
        self.end()

    def listening(self) -> "Running":
        """Wait until the server has written where it listens."""
        eventually(lambda: "\n" in self.errors() or self.process.poll() is not None)
        first = self.errors().partition("\n")[0]
        self.line = json.loads(first)["message"]
        assert self.line.startswith("webhook on https://"), self.errors()
        self.port = port_in(first)
        return self

    def started(self) -> "Running":
        """Wait until a worker answers."""
        self.listening()
        eventually(lambda: self.get("/healthz")[0] == 200)
        return self

    def errors(self) -> str:
        """What the server has written so far."""
        return (self.folder / "stderr").read_text()

    def socket(self, timeout: float = PATIENCE) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def tls(self, timeout: float = PATIENCE) -> ssl.SSLSocket:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context.wrap_socket(self.socket(timeout))

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body, over a connection of its own."""
        with closing(self.tls()) as sock:
            sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            got = read_answer(sock)
            return got.status, got.body

    def workers(self) -> list[int]:
        """The process ids of its workers."""
        pid = self.process.pid
        return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def end(self) -> int:
        """Stop at once, as Ctrl-C in a terminal does. Returns the exit code."""
        return end_process(self.process)


# The fixture `start`, called with the options of `Running`; see conftest.py.
Start = Callable[..., Running]


class Answer:
    """One HTTP answer."""

    def __init__(self, head: bytes, body: bytes) -> None:
        first, *lines = head.decode().split("\r\n")
        self.status = int(first.split()[1])
        self.headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines)}
        self.body = body


def read_answer(sock: socket.socket, held: bytes = b"") -> Answer:
    """Read one answer, of which *held* has been read before."""
    while b"\r\n\r\n" not in held:
        if not (received := sock.recv(65536)):
            raise ConnectionError(f"the connection ended after {held!r}")
        held += received
    head, _, body = held.partition(b"\r\n\r\n")
    got = Answer(head, body)
    while len(got.body) < int(got.headers["content-length"]):
        if not (received := sock.recv(65536)):
            raise ConnectionError("the connection ended within a body")
        got.body += received
    return got


def ask(sock: socket.socket) -> Answer:
    """Send a review, and read its answer."""
    sock.sendall(HEAD % len(REVIEW) + REVIEW)
    return read_answer(sock)


def ended(sock: socket.socket) -> bool:
    """True once the other side has closed the connection; False if it sends or waits."""
    try:
        return not sock.recv(1)
    except ConnectionError:
        return True
    except TimeoutError:
        return False
