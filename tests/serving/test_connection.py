"""How much work one connection gets in one portion, counted: neither a clock nor a server decides these tests."""

import array
import fcntl
import socket
import ssl
import termios
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from selectors import EVENT_READ, EVENT_WRITE

import pytest
from gunicorn.config import Config

from tests.serving.attacks import TLS_1_3, OpenSsl, sized
from tests.serving.running_server import make_pair
from webhook.process.tls import Certificates
from webhook.serving import channel, connection
from webhook.serving.channel import Channel
from webhook.serving.connection import Connection, State

RECORD = 16 * 1024
BODY_LIMIT = 7 * 1024 * 1024


def unread(sock: socket.socket) -> int:
    """Bytes that were sent to *sock*, and that nobody has looked at."""
    found = array.array("i", [0])
    fcntl.ioctl(sock, termios.FIONREAD, found)
    return found[0]


@dataclass
class Pair:
    """A connection, and its client."""

    connection: Connection
    sock: socket.socket
    client: ssl.SSLSocket

    def waiting(self) -> int:
        return unread(self.sock)

    def send(self, content: bytes) -> int:
        """Send as much of *content* as there is room for, and return how much that was."""
        sent = 0
        with suppress(ssl.SSLWantWriteError, BlockingIOError):
            while sent < len(content):
                sent += self.client.send(content[sent : sent + RECORD])
        return sent

    def advance(self) -> connection.CompleteRequest | None:
        return self.connection.advance(0.0)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], ssl.SSLContext]:
    folder = tmp_path_factory.mktemp("pair")
    make_pair(folder)
    return Certificates(folder / "tls.crt", folder / "tls.key").context


@pytest.fixture
def pair(context: Callable[[], ssl.SSLContext]) -> Iterator[Pair]:
    """A connection after its handshake, on sockets that hold some hundred KiB."""
    with ExitStack() as opened:
        ours, theirs = (opened.enter_context(sock) for sock in socket.socketpair())
        for sock in (ours, theirs):
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1024 * 1024)
        client = opened.enter_context(
            ssl._create_unverified_context().wrap_socket(theirs, do_handshake_on_connect=False)
        )
        made = Connection(Channel(ours, context), "", cfg=Config(), body_limit=BODY_LIMIT, now=0.0)
        for _ in range(4):
            with suppress(ssl.SSLWantReadError):
                client.do_handshake()
            made.advance(0.0)
        assert made.idle
        with suppress(ssl.SSLWantReadError):
            client.recv(1)  # The session's tickets.
        yield Pair(made, ours, client)


def test_a_portion_reads_so_many_records(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "READS", 4)
    sent = pair.send(sized(b" " * 1_000_000))

    assert pair.advance() is None
    first = pair.connection.size
    assert pair.advance() is None

    assert sent > 8 * RECORD
    assert 0 < first <= 4 * RECORD
    assert first < pair.connection.size <= 8 * RECORD


def test_what_was_received_and_not_read_is_not_forgotten(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "READS", 1)
    request = sized(b" " * 20_000)
    pair.send(request)

    assert pair.advance() is None
    # The socket has nothing to tell any more.
    assert pair.waiting() == 0
    assert pair.connection.unfinished
    found = pair.advance()
    assert found is not None
    assert len(found.body) == 20_000
    assert not pair.connection.unfinished


def test_a_portion_has_one_request(pair: Pair) -> None:
    pair.send(sized(b"{}") * 10)

    for answered in range(10):
        assert pair.advance() is not None
        assert pair.connection.state is State.ANSWERING
        assert pair.connection.answered == answered
        pair.connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", close=False)
        pair.connection.release(0.0)
    assert pair.advance() is None
    assert pair.client.recv(RECORD).startswith(b"HTTP/1.1 200 OK")


def test_nothing_is_read_from_who_does_not_take_answers(pair: Pair) -> None:
    pair.send(sized(b"{}"))
    assert pair.advance() is not None
    pair.connection.send(b"x" * 4_000_000, close=False)
    pair.connection.release(0.0)
    pair.send(sized(b"{}") * 10)
    before = pair.waiting()

    assert pair.advance() is None
    assert pair.connection.wants == EVENT_WRITE
    assert pair.waiting() == before > 0


def test_a_portion_sends_so_many_bytes(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "SEND", 10_000)
    pair.send(sized(b"{}"))
    assert pair.advance() is not None
    pair.connection.send(b"x" * 100_000, close=False)
    pair.connection.release(0.0)
    before = pair.connection.size

    assert pair.advance() is None
    assert before - pair.connection.size == 10_000
    assert pair.connection.wants == EVENT_WRITE


def test_a_portion_throws_away_so_many_bytes(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "READS", 2)
    pair.send(b"NONSENSE\r\n\r\n")
    assert pair.advance() is None
    assert pair.connection.state is State.LINGERING
    pair.send(b"x" * 1_000_000)
    before = pair.waiting()

    assert pair.advance() is None
    assert before > 2 * channel.RECEIVE
    assert before - pair.waiting() == 2 * channel.RECEIVE
    assert pair.connection.wants == EVENT_READ


def test_records_without_content_are_taken_a_few_at_a_time_and_end_the_connection(
    context: Callable[[], ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "READS", 4)
    ours, theirs = socket.socketpair()
    with ours, theirs, ThreadPoolExecutor(1) as threads:
        ours.setblocking(False)
        made = Connection(Channel(ours, context), "", cfg=Config(), body_limit=1, now=0.0)
        connected = threads.submit(OpenSsl, theirs, TLS_1_3)
        while not connected.done():
            made.advance(0.0)
        client = connected.result()
        made.advance(0.0)
        assert made.idle
        for _ in range(100):
            client.update_key()

        portions = 0
        while made.state is not State.CLOSED:
            made.advance(0.0)
            portions += 1

    # The first record beyond the limit ends the connection.
    assert portions == channel.BARREN // 4 + 1


def test_a_handshake_takes_a_few_records_in_a_portion(context: Callable[[], ssl.SSLContext]) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        made = Connection(Channel(ours, context), "", cfg=Config(), body_limit=BODY_LIMIT, now=0.0)
        # A ClientHello of 16 000 bytes, in records of one byte.
        hello = b"\x01\x00\x3e\x80\x03\x03" + bytes(16_000)
        theirs.sendall(b"".join(b"\x16\x03\x01\x00\x01" + bytes([byte]) for byte in hello[:1000]))

        portions = 0
        while made.state is not State.CLOSED:
            made.advance(0.0)
            portions += 1

    assert portions == channel.BARREN // channel.STEP + 1


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="http"),
        pytest.param(bytes(20), id="zeros"),
        pytest.param(b"\x80\x2e\x01\x03\x01" + bytes(43), id="hello-of-ssl-2"),
        pytest.param(b"\x16\x03\x01\xff\xff", id="longer-than-a-record-may-be"),
        pytest.param(b"\x17\x03\x03\x00\x02ab", id="content-before-the-handshake"),
        pytest.param(b"\x16\x03\x01\x00\x00" * 100, id="empty-records"),
    ],
)
def test_what_is_no_handshake_is_refused_at_once(sent: bytes, context: Callable[[], ssl.SSLContext]) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        made = Connection(Channel(ours, context), "", cfg=Config(), body_limit=BODY_LIMIT, now=0.0)
        theirs.sendall(sent)
        for _ in range(10):
            made.advance(0.0)

    assert made.state is State.CLOSED


def test_a_client_that_says_nothing_gets_no_session_of_tls() -> None:
    ours, theirs = socket.socketpair()
    asked = []
    with ours, theirs:
        ours.setblocking(False)
        made = Connection(Channel(ours, asked.append), "", cfg=Config(), body_limit=1, now=0.0)  # type: ignore[arg-type]  # not called
        assert made.advance(0.0) is None
        theirs.close()
        assert made.advance(0.0) is None

    assert made.state is State.CLOSED
    assert asked == []
