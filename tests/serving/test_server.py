"""The server process, as its clients see it: good ones, slow ones, hostile ones, and signals."""

import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.certificates import self_signed
from webhook.serving.tls import CertificateError, Certificates

# What a client may have to wait for on a machine that is busy with other things.
PATIENCE = 10.0
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

# Runs in the server's process. The registry is a file with the number of extensions, and the engine does as little
# as a test wants: it sleeps.
PROGRAM = """
import functools, json, sys, time
from pathlib import Path
from webhook.serving import connection, server, worker
from webhook.mutation.mutate import Mutation
from webhook.mutation.settings import Settings

o = json.loads(sys.argv[1])
for name, value in o["limits"].items():
    for module in (connection, worker):
        if hasattr(module, name):
            setattr(module, name, value)


class Registry:
    def __init__(self, revision, size):
        self.revision, self.size = revision, size

    def __len__(self):
        return self.size

    def seen_from(self, namespace):
        return self


class Store:
    snapshot = None
    wait = staticmethod(time.sleep)
    settle = staticmethod(lambda: None)
    newer = staticmethod(lambda than: None)
    project_of = staticmethod(lambda namespace: namespace)
    age = staticmethod(lambda: 0.0)
    load_errors = 0

    def start(self):
        pass

    def refresh(self):
        path = Path(o["registry"])
        text = path.read_text() if path.exists() else ""
        if text and (self.snapshot is None or self.snapshot.revision != text):
            self.snapshot = Registry(text, int(text))


def mutate(*given, **named):
    time.sleep(o["takes"])
    return Mutation()


def boot(itself, init_process=worker.SafeWorker.init_process):
    time.sleep(o["boots"])
    init_process(itself)


worker.SafeWorker.init_process = boot
server.create_app = functools.partial(server.create_app, mutate=mutate)
server.serve(
    Store(),
    settings=Settings(zone="eu"),
    listen=o["listen"],
    certificate=Path(o["certificate"]),
    key=Path(o["key"]),
    drain=o["drain"],
    interval=0.05,
    notice="this is a test",
)
"""


def make_pair(folder: Path, name: str = "tls", *, days: float = 9.0) -> Path:
    """A certificate that signs itself, and its key: NAME.crt, NAME.key."""
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


class Running:
    """A server process, and ways to reach it."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.folder = folder
        given = {
            "registry": str(folder / "registry"),
            "certificate": str(folder / "tls.crt"),
            "key": str(folder / "tls.key"),
            "listen": "127.0.0.1:0",
            "drain": 0.0,
            "boots": 0.0,
            "takes": 0.0,
            "limits": {},
            **options,
        }
        self._errors = (folder / "stderr").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, json.dumps(given)], stderr=self._errors, stdin=subprocess.DEVNULL
        )

    def started(self) -> "Running":
        self.line = eventually(lambda: self.errors().partition("\n")[0] if "\n" in self.errors() else "")
        assert self.line.startswith("webhook on https://"), self.line
        self.port = int(self.line.partition(",")[0].rpartition(":")[2])
        eventually(lambda: self.get("/healthz")[0] == 200)
        return self

    def errors(self) -> str:
        return (self.folder / "stderr").read_text()

    def socket(self, timeout: float = PATIENCE) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def tls(self, timeout: float = PATIENCE) -> ssl.SSLSocket:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context.wrap_socket(self.socket(timeout))

    def get(self, path: str) -> tuple[int, bytes]:
        with closing(self.tls()) as sock:
            sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            got = read_answer(sock)
            return got.status, got.body

    def workers(self) -> list[int]:
        pid = self.process.pid
        return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def end(self) -> int:
        """Stop at once, as Ctrl-C in a terminal does."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self._errors.close()


class Answer:
    """One HTTP answer."""

    def __init__(self, head: bytes, body: bytes) -> None:
        first, *lines = head.decode().split("\r\n")
        self.status = int(first.split()[1])
        self.headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines)}
        self.body = body


def read_answer(sock: socket.socket, held: bytes = b"") -> Answer:
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


Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts servers that end with the test."""
    running: list[Running] = []

    def start(*, registry: str | None = "3", wait: bool = True, **options: Any) -> Running:
        folder = tmp_path / f"server-{len(running)}"
        folder.mkdir()
        make_pair(folder)
        if registry is not None:
            (folder / "registry").write_text(registry)
        running.append(Running(folder, **options))
        return running[-1].started() if wait else running[-1]

    yield start
    for server in running:
        server.end()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that tests share, for they leave it as it was. Clients get one second for each stage."""
    folder = tmp_path_factory.mktemp("shared")
    make_pair(folder)
    (folder / "registry").write_text("3")
    limits = {"HANDSHAKE": 1.0, "REQUEST": 1.0, "LINGER": 0.5, "TICK": 0.1, "CONNECTIONS": 100, "BYTES": 4_000_000}
    running = Running(folder, limits=limits).started()
    yield running
    running.end()


def test_the_start_is_told_in_one_line(server: Running) -> None:
    where = f"webhook on https://127.0.0.1:{server.port}"

    assert server.line == f"{where}, zone 'eu', 3 extensions; this is a test"


def test_a_review_is_answered(server: Running) -> None:
    with closing(server.tls()) as sock:
        got = ask(sock)

    assert got.body == ANSWER
    got.headers.pop("date")
    assert got.headers == {
        "server": "fuseml",
        "connection": "keep-alive",
        "content-type": "application/json",
        "content-length": str(len(ANSWER)),
    }


def test_a_connection_serves_many_reviews(server: Running) -> None:
    with closing(server.tls()) as sock:
        assert [ask(sock).body for _ in range(50)] == [ANSWER] * 50


def test_requests_may_be_sent_in_a_row(server: Running) -> None:
    message = HEAD % len(REVIEW) + REVIEW
    with closing(server.tls()) as sock:
        sock.sendall(message * 20)
        held = b""
        while held.count(ANSWER) < 20:
            held += sock.recv(65536)

    assert held.count(b"HTTP/1.1 200 OK") == 20


def test_a_large_body_is_asked_for_if_the_client_waits(server: Running) -> None:
    with closing(server.tls()) as sock:
        sock.sendall((HEAD % len(REVIEW)).replace(b"Host", b"Expect: 100-continue\r\nHost"))
        go_on = sock.recv(65536)
        sock.sendall(REVIEW)

        assert go_on == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert read_answer(sock).body == ANSWER


def test_old_versions_of_tls_are_refused(server: Running) -> None:
    assert Certificates(*pair(server.folder)).context().minimum_version is ssl.TLSVersion.TLSv1_2


def pair(folder: Path, name: str = "tls") -> tuple[Path, Path]:
    return folder / f"{name}.crt", folder / f"{name}.key"


def silent(server: Running) -> socket.socket:
    return server.socket()


def half_hello(server: Running) -> socket.socket:
    sock = server.socket()
    sock.sendall(b"\x16\x03\x01\x02\x00\x01\x00")
    return sock


def plain_http(server: Running) -> socket.socket:
    sock = server.socket()
    sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    return sock


def handshaken(server: Running) -> socket.socket:
    return server.tls()


def half_head(server: Running) -> socket.socket:
    sock = server.tls()
    sock.sendall(b"POST /mutate HTTP/1.1\r\nHo")
    return sock


def half_body(server: Running) -> socket.socket:
    sock = server.tls()
    sock.sendall(HEAD % 1000 + b"{")
    return sock


def lying_about_length(server: Running) -> socket.socket:
    sock = server.tls()
    sock.sendall(HEAD % (len(REVIEW) + 1) + REVIEW)
    return sock


def refused_and_still_there(server: Running) -> socket.socket:
    sock = server.tls()
    sock.sendall(b"NONSENSE\r\n\r\n")
    return sock


def not_taking_answers(server: Running) -> socket.socket:
    sock = server.tls()
    sock.setblocking(False)
    with suppress(ssl.SSLWantWriteError):
        for _ in range(100):
            sock.send((HEAD % len(REVIEW) + REVIEW) * 20)
    return sock


ATTACKS = [
    silent,
    half_hello,
    plain_http,
    handshaken,
    half_head,
    half_body,
    lying_about_length,
    refused_and_still_there,
    not_taking_answers,
]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda a: a.__name__)
def test_clients_that_do_nothing_hold_up_nobody(attack: Any, server: Running) -> None:
    good = server.tls()
    attackers = [attack(server) for _ in range(8 if attack is not_taking_answers else 48)]
    try:
        times = []
        for _ in range(20):
            begin = time.monotonic()
            assert ask(good).body == ANSWER
            with closing(server.tls()) as fresh:
                assert ask(fresh).body == ANSWER
            times.append(time.monotonic() - begin)
    finally:
        for sock in [good, *attackers]:
            sock.close()

    # gunicorn's own worker takes seconds here, or never answers.
    assert sorted(times)[len(times) // 2] < 0.5
    assert max(times) < 2.0


def test_slow_clients_are_cut_off(server: Running) -> None:
    socks = [attack(server) for attack in (silent, half_hello, half_head, half_body)]

    cut_off = [ended(sock) for sock in socks]
    for sock in socks:
        sock.close()

    assert cut_off == [True] * 4


def test_a_client_that_sends_byte_by_byte_is_cut_off(server: Running) -> None:
    with closing(server.tls()) as sock:
        begin = time.monotonic()
        with suppress(OSError):
            while time.monotonic() < begin + PATIENCE:
                sock.sendall(b"x")
                time.sleep(0.05)
        took = time.monotonic() - begin

    assert took < 4.0


def test_an_endless_head_is_refused(server: Running) -> None:
    with closing(server.tls()) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 17_000)

        assert read_answer(sock).status == 400
        assert ended(sock)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"\r\n\r\n", id="nothing"),
        pytest.param(b"\x00\xff\r\n\r\n", id="no-text"),
        pytest.param(b"GET / HTTP/9.9\r\n\r\n", id="version"),
        pytest.param(HEAD.replace(b"%d", b"-5"), id="negative-length"),
        pytest.param(HEAD.replace(b"%d", b"5\r\nContent-Length: 6"), id="two-lengths"),
        pytest.param(HEAD.replace(b"%d", b"5\r\nTransfer-Encoding: chunked"), id="length-and-chunks"),
    ],
)
def test_what_is_no_request_is_refused(raw: bytes, server: Running) -> None:
    with closing(server.tls()) as sock:
        sock.sendall(raw)
        got = read_answer(sock)

        assert (got.status, got.body) == (400, b"")
        assert ended(sock)


def test_a_body_that_is_too_large_is_refused_before_it_comes(server: Running) -> None:
    with closing(server.tls()) as sock:
        sock.sendall(HEAD % (8 * 1024 * 1024))
        got = read_answer(sock)

        assert (got.status, got.body) == (413, b"body larger than 7 MiB\n")
        assert got.headers["connection"] == "close"


def test_a_body_that_is_too_large_may_come_all_the_same(server: Running) -> None:
    with closing(server.tls()) as sock:
        sock.sendall(HEAD % (8 * 1024 * 1024) + b" " * 8 * 1024 * 1024)

        assert read_answer(sock).status == 413


def test_an_endless_body_is_refused(server: Running) -> None:
    with closing(server.tls()) as sock:
        sock.sendall(HEAD.replace(b"Content-Length: %d", b"Transfer-Encoding: chunked"))
        assert read_answer(sock).status == 411
        sent = 0
        with suppress(OSError):
            while sent < 1000:
                sock.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
                sent += 1

    assert sent < 1000


def test_half_sent_bodies_do_not_fill_the_memory(server: Running) -> None:
    socks = [server.tls() for _ in range(6)]
    for sock in socks:
        sock.sendall(HEAD % 2_000_000 + b" " * 1_000_000)

    # Six million bytes are more than the limit: the first ones had to go, and not when their time was over.
    begin = time.monotonic()
    first = ended(socks[0])
    took = time.monotonic() - begin
    with closing(server.tls()) as good:
        assert ask(good).body == ANSWER
    for sock in socks:
        sock.close()

    assert first
    assert took < 1.0


def test_more_connections_than_there_is_room_for_cost_the_oldest_unused_ones(server: Running) -> None:
    good = server.tls()
    assert ask(good).body == ANSWER
    others = [server.tls() for _ in range(110)]

    oldest = ended(others[0])
    kept = ask(good).body
    for sock in [good, *others]:
        sock.close()

    assert oldest
    assert kept == ANSWER


def test_without_a_registry_the_answer_is_later(start: Start) -> None:
    server = start(registry=None)
    with closing(server.tls()) as sock:
        got = ask(sock)

        assert (got.status, got.headers["retry-after"], got.body) == (503, "1", b"registry not loaded\n")
        assert server.get("/readyz") == (503, b'{"ready":false,"reason":"registry not loaded"}\n')
        assert server.line.endswith("zone 'eu', no registry yet; this is a test")

        (server.folder / "registry").write_text("7")

        ready = b'{"ready":true,"revision":"7","extensions":7}\n'
        eventually(lambda: server.get("/readyz") == (200, ready))
        assert ask(sock).body == ANSWER


def served(server: Running) -> bytes:
    """The certificate that a new connection gets."""
    with closing(server.tls()) as sock:
        found = sock.getpeercert(binary_form=True)
        assert found is not None
        return found


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
    def client(load: Load) -> None:
        with closing(server.tls()) as sock:
            load.count(ask(sock))

    return client


def one_connection(server: Running) -> Callable[[Load], None]:
    """Keeps its connection, unless told that it will be closed."""

    def client(load: Load) -> None:
        with closing(server.tls()) as sock:
            while load.going():
                got = ask(sock)
                load.count(got)
                if got.headers["connection"] == "close":
                    load.closed += 1
                    return

    return client


def test_a_new_certificate_is_served_at_once_and_costs_nobody_anything(start: Start) -> None:
    server = start()
    seen = {served(server)}
    load = Load(new_connections(server), one_connection(server))
    try:
        for _ in range(8):
            make_pair(server.folder)
            seen.add(served(server))
            at = load.answers
            eventually(lambda at=at: load.answers > at + 5)
    finally:
        load.stop()

    assert load.failures == []
    assert len(seen) == 9
    assert '"message":"certificate reloaded' in server.errors()


def test_a_pair_that_does_not_fit_is_not_served(start: Start) -> None:
    server = start()
    good = served(server)
    make_pair(server.folder, "other")

    (server.folder / "other.crt").rename(server.folder / "tls.crt")

    assert [served(server) for _ in range(3)] == [good] * 3
    logged = [json.loads(line) for line in server.errors().splitlines() if "not reloaded" in line]
    assert [line["level"] for line in logged] == ["error"]
    assert logged[0]["message"].endswith(f"{server.folder}/tls.key do not belong together")

    (server.folder / "other.key").rename(server.folder / "tls.key")

    assert served(server) != good


def test_a_certificate_that_is_gone_is_still_served(start: Start) -> None:
    server = start()
    (server.folder / "tls.crt").unlink()

    assert server.get("/readyz")[0] == 200
    assert "no such file or directory" in server.errors()


def test_a_certificate_about_to_expire_is_unready_until_it_is_replaced(start: Start) -> None:
    server = start(wait=False)
    make_pair(server.folder, days=1 / 24 / 120)
    server.started()
    eventually(lambda: server.get("/readyz") == (503, b'{"ready":false,"reason":"certificate expired"}\n'))
    with closing(server.tls()) as sock:
        assert ask(sock).body == ANSWER

    make_pair(server.folder)

    assert server.get("/readyz")[0] == 200


def test_a_server_that_is_told_to_stop_loses_no_review(start: Start) -> None:
    server = start(drain=1.5)
    load = Load(one_connection(server), one_connection(server), new_connections(server))
    try:
        eventually(lambda: load.answers > 20)

        server.process.send_signal(signal.SIGTERM)
        begin = time.monotonic()
        unready = eventually(lambda: server.get("/readyz")[0] == 503, 1.0)
        at = load.answers
        eventually(lambda: load.answers > at + 20, 1.0)
    finally:
        load.stop()
    code = server.process.wait(PATIENCE)

    assert unready
    assert load.failures == []
    assert load.closed > 2
    assert code == 0
    assert time.monotonic() - begin > 1.4
    with pytest.raises(ConnectionRefusedError):
        server.socket()


def test_a_review_in_flight_is_finished_before_the_end(start: Start) -> None:
    server = start(takes=0.5, limits={"LINGER": 0.2})
    with closing(server.tls()) as sock, closing(server.tls()) as idle:
        sock.sendall(HEAD % len(REVIEW) + REVIEW)
        time.sleep(0.2)

        server.process.send_signal(signal.SIGTERM)

        assert read_answer(sock).body == ANSWER
        assert ended(sock)
        assert ended(idle)
    assert server.process.wait(PATIENCE) == 0


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_hears_what_it_is_told_before_it_is_ready(told: signal.Signals, start: Start) -> None:
    server = start(boots=1.0, wait=False)
    eventually(server.workers)

    server.process.send_signal(told)

    assert server.process.wait(PATIENCE) == 0  # gunicorn would kill a deaf one only later.


def test_an_interrupt_ends_at_once(start: Start) -> None:
    server = start(drain=60.0)
    with closing(server.tls()):
        begin = time.monotonic()
        code = server.end()

    assert code == 0
    assert time.monotonic() - begin < 3.0


def test_a_killed_worker_is_replaced(start: Start) -> None:
    server = start()
    (worker,) = server.workers()
    begin = time.monotonic()

    os.kill(worker, signal.SIGKILL)

    assert eventually(lambda: server.get("/readyz") == (200, b'{"ready":true,"revision":"3","extensions":3}\n'))
    assert server.workers() != [worker]
    assert time.monotonic() - begin < 5.0


def test_a_worker_without_its_parent_ends(start: Start) -> None:
    server = start()
    server.process.kill()
    server.process.wait(PATIENCE)

    def refused() -> bool:
        try:
            server.socket().close()
        except ConnectionRefusedError:
            return True
        return False

    assert eventually(refused)


def test_more_than_can_be_answered_is_put_off(start: Start) -> None:
    server = start(takes=0.3, limits={"WAITING": 2})
    socks = [server.tls() for _ in range(8)]
    for sock in socks:
        sock.sendall(HEAD % len(REVIEW) + REVIEW)

    got = [read_answer(sock) for sock in socks]

    put_off = [a for a in got if a.status == 503]
    assert sorted({a.status for a in got}) == [200, 503]
    assert [a.headers["retry-after"] for a in put_off] == ["1"] * len(put_off)
    again = socks[[a.status for a in got].index(503)]
    assert ask(again).body == ANSWER
    for sock in socks:
        sock.close()


def test_a_log_that_nobody_reads_stops_nothing(start: Start) -> None:
    server = start()
    read, write = os.pipe()
    blocked = subprocess.Popen(server.process.args, stderr=write, stdin=subprocess.DEVNULL)
    try:
        line = b""
        while not line.endswith(b"\n"):
            line += os.read(read, 1)
        server.port = int(line.decode().partition(",")[0].rpartition(":")[2])
        with closing(server.tls()) as sock:
            # At 200 bytes a line, these are twice as many as a pipe holds.
            assert [ask(sock).status for _ in range(700)] == [200] * 700
    finally:
        blocked.send_signal(signal.SIGINT)
        blocked.wait(PATIENCE)
        os.close(read)
        os.close(write)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        pytest.param({"certificate": "/nowhere/tls.crt"}, "/nowhere/tls.crt: no such file", id="no-certificate"),
        pytest.param({"key": "/dev/null"}, "are no usable PEM files", id="no-key"),
        pytest.param({"listen": "8443"}, "cannot listen on '8443': expected host:port", id="no-host"),
        pytest.param({"listen": "x:70000"}, "cannot listen on 'x:70000': expected host:port", id="no-port"),
        pytest.param({"listen": "192.0.2.1:0"}, "cannot listen on 192.0.2.1:0: cannot assign", id="not-ours"),
    ],
)
def test_what_cannot_be_started_says_why(options: dict[str, Any], text: str, start: Start) -> None:
    server = start(wait=False, **options)

    assert server.process.wait(PATIENCE) == 1
    assert server.errors().startswith("error: ")
    assert text in server.errors()
    assert len(server.errors().splitlines()) == 1


def test_a_port_that_is_taken_says_so(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        server = start(wait=False, listen=address)

        assert server.process.wait(PATIENCE) == 1
        assert server.errors() == f"error: cannot listen on {address}: address already in use\n"


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
@pytest.mark.parametrize(
    ("listen", "shown"), [("[::1]:0", "https://[::1]:"), (":0", "https://[::]:")], ids=["one", "all"]
)
def test_ipv6_is_listened_on(listen: str, shown: str, start: Start) -> None:
    server = start(wait=False, listen=listen)
    line = eventually(lambda: server.errors().partition("\n")[0] if "\n" in server.errors() else "")
    port = int(line.partition(",")[0].rpartition(":")[2])

    assert line.startswith(f"webhook on {shown}")
    for host in ["::1", "127.0.0.1"] if listen == ":0" else ["::1"]:
        socket.create_connection((host, port), timeout=PATIENCE).close()


@pytest.mark.parametrize("year", [2030, 2049, 2050, 9999])
def test_the_end_of_a_certificate_is_read(year: int, tmp_path: Path) -> None:
    end = datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC)
    make_pair(tmp_path, days=(end - datetime.now(UTC)) / timedelta(days=1))

    assert abs(Certificates(*pair(tmp_path)).expires - end.timestamp()) <= 2


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff\x00", id="binary"),
        pytest.param(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", id="no-certificate"),
    ],
)
def test_a_file_that_is_no_certificate_is_refused(content: bytes, tmp_path: Path) -> None:
    make_pair(tmp_path)
    (tmp_path / "tls.crt").write_bytes(content)

    with pytest.raises(CertificateError, match=r"are no usable PEM files$"):
        Certificates(*pair(tmp_path))
