"""EDGE: one client's connection. It reads and writes a bounded portion of what is possible at once, and never waits.

A request is collected until it is complete. So a client that is slow, silent or endless costs some memory for
some seconds, and never a thread. One that is quick gets its next portion when all others have had theirs.
"""

from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto
from selectors import EVENT_READ, EVENT_WRITE
from typing import Any, Final, NamedTuple

from gunicorn.http import Request
from gunicorn.http.unreader import IterUnreader

from webhook.serving.channel import Channel

HEAD_LIMIT: Final = 16 * 1024
# Seconds that a client may take for each stage.
HANDSHAKE: Final = 10.0
REQUEST: Final = 10.0
ANSWER: Final = 10.0
LINGER: Final = 2.0
# A client that was refused may still be sending. That is thrown away for a while: to close at once would
# reset the connection, and the client would never see why.
LINGER_LIMIT: Final = 16 * 1024 * 1024
# Records of TLS that are read in one portion, 16 KiB each.
READS: Final = 16

_END: Final = b"\r\n\r\n"
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_BAD_REQUEST: Final = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class State(Enum):
    """The stage of a connection."""

    HANDSHAKE = auto()
    READING = auto()
    ANSWERING = auto()  # A thread has it, and nobody else may touch it.
    WRITING = auto()
    LINGERING = auto()
    CLOSED = auto()


class CompleteRequest(NamedTuple):
    """A request with all of its body."""

    head: Any
    body: bytes


class Connection:
    """Reads requests from a socket, and writes answers to it.

    Args:
        channel: Before its TLS handshake.
        cfg: gunicorn's configuration, for its parser.
        body_limit: A longer body is not read. Its request comes with an empty one, and closes the connection.
        now: Here and in all methods: the time by the monotonic clock.
    """

    def __init__(self, channel: Channel, client: Any, *, cfg: Any, body_limit: int, now: float) -> None:
        self.sock = channel.sock
        self.client = client
        self.server = channel.sock.getsockname()
        self.state = State.HANDSHAKE
        self.since = now
        self.deadline = now + HANDSHAKE
        self.answered = 0
        self.held = bytearray()
        self.wants = EVENT_READ
        self.watched = 0  # The events that the poller watches for.
        self.queued = False  # For its next portion.
        self._channel = channel
        self._cfg = cfg
        self._body_limit = body_limit
        self._request: CompleteRequest | None = None
        self._head: Any = None
        self._length = 0
        self._searched = 0
        self._closing = False
        self._thrown_away = 0

    @property
    def idle(self) -> bool:
        """True between two requests, and before the first."""
        return self.state is State.READING and not self.held and self._head is None

    @property
    def size(self) -> int:
        """Bytes that are kept for it."""
        return len(self.held) + self._channel.unsent

    @property
    def unfinished(self) -> bool:
        """True if it can go on at once, though its socket need not have anything to tell."""
        return self.state is State.READING and self.wants == EVENT_READ and self._channel.pending

    def advance(self, now: float) -> CompleteRequest | None:
        """Go on until there is a request, the end, or the end of a portion; *wants* says what to watch for.

        With a request, the connection belongs to whoever answers it, until release().
        """
        self.wants = EVENT_READ
        try:
            taken = True
            with suppress(BlockingIOError):
                # Nothing more is taken from a client that does not take what it is sent.
                while (step := _STEPS.get(self.state)) and (taken := self._channel.flush()) and step(self, now):
                    pass
            if not taken or (self.state in _STEPS and not self._channel.flush()):
                self.wants = EVENT_WRITE
        except (OSError, ValueError):
            self.state = State.CLOSED
        request, self._request = self._request, None
        return request

    def send(self, answer: bytes, *, close: bool) -> None:
        """Send what can be sent at once; advance() sends the rest."""
        self._closing = close
        with suppress(OSError, ValueError):  # The connection is broken, which will show again.
            self._channel.write(answer)
            self._channel.flush()

    def close(self) -> None:
        """Close it, whatever its stage."""
        self.state = State.CLOSED
        self._channel.close()

    def release(self, now: float) -> None:
        """Take the connection back from whoever answered."""
        self.answered += 1
        self._enter(State.WRITING, now, ANSWER)

    def _enter(self, state: State, now: float, seconds: float) -> None:
        self.state = state
        self.since = now
        self.deadline = now + seconds

    # A step returns True if the next one may follow in this portion.

    def _shake_hands(self, now: float) -> bool:
        if not self._channel.shake_hands():
            return False
        # Clients keep spare connections: a silent one is like one between two requests.
        self._enter(State.READING, now, self._cfg.keepalive)
        return True

    def _read(self, now: float) -> bool:
        for _ in range(READS):
            if self._collect(now):
                return True
            received = self._channel.receive()
            if received is None:
                if not self._channel.pending:
                    return False
                continue
            if not received:
                self.state = State.CLOSED
                return True
            if self.idle:
                self._enter(State.READING, now, REQUEST)
            self.held += received
        return self._collect(now)

    def _collect(self, now: float) -> bool:
        """Take a request from the bytes held. True if there was one, or an answer to what is no request."""
        if self._head is None:
            end = self.held.find(_END, max(self._searched - len(_END), 0), HEAD_LIMIT)
            if end < 0 and len(self.held) < HEAD_LIMIT:
                self._searched = len(self.held)
                return False
            if end < 0 or not self._parse(end + len(_END)):
                self._enter(State.WRITING, now, ANSWER)
                self.send(_BAD_REQUEST, close=True)
                return True
        if len(self.held) < self._length:
            return False
        self._request = CompleteRequest(self._head, bytes(memoryview(self.held)[: self._length]))
        del self.held[: self._length]
        self._head, self._searched = None, 0
        self._enter(State.ANSWERING, now, float("inf"))
        return True

    def _parse(self, end: int) -> bool:
        """Take the head from the bytes held. False if it is no head of a request."""
        try:
            head = Request(self._cfg, IterUnreader(iter([bytes(self.held[:end])])), self.client)
        except Exception:  # gunicorn's parser has twenty errors. Clients learn only that there was one.
            return False
        del self.held[:end]
        self._head = head
        self._length = getattr(head.body.reader, "length", -1)  # Only a chunked body has none.
        if not 0 <= self._length <= self._body_limit:
            head.force_close()
            self._length = 0
        if head._expected_100_continue:
            head._expected_100_continue = False  # Or gunicorn would send it as well.
            if len(self.held) < self._length:
                self._channel.write(_CONTINUE)
        return True

    def _write(self, now: float) -> bool:
        if self._closing:
            self._enter(State.LINGERING, now, LINGER)
            self._channel.finish()
            return True
        self._enter(State.READING, now, REQUEST if self.held else self._cfg.keepalive)
        # Most clients read this answer first, and the poller tells when they go on.
        return bool(self.held) or self._channel.pending

    def _linger(self, now: float) -> bool:
        for _ in range(READS):
            received = self._channel.throw_away()
            self._thrown_away += received
            if not received or self._thrown_away > LINGER_LIMIT:
                self.state = State.CLOSED
                return True
        return False


_STEPS: Final[dict[State, Callable[[Connection, float], bool]]] = {
    State.HANDSHAKE: Connection._shake_hands,
    State.READING: Connection._read,
    State.WRITING: Connection._write,
    State.LINGERING: Connection._linger,
}
