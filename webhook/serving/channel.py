"""EDGE: TLS on a socket that is never waited for. Each call moves a bounded number of bytes.

OpenSSL gets one record at a time, from memory. If it read from the socket itself, one call would go on for as long as a
client sends records that hold nothing for us: three clients that send KeyUpdates keep all others waiting for seconds.
"""

import ssl
from collections.abc import Callable
from contextlib import suppress
from socket import SHUT_WR, socket
from typing import Final

# What is taken from a socket in one call: four records of TLS.
RECEIVE: Final = 64 * 1024
# So many records without content may come one after the other. A handshake takes some five.
BARREN: Final = 32
# An honest client sends at most three at a time in a handshake.
STEP: Final = 8
# What is sent in one call.
SEND: Final = 256 * 1024
# The most content that a record has, and the most bytes: RFC 5246, 6.2.3.
_CONTENT: Final = 16 * 1024
_RECORD: Final = _CONTENT + 2048
# A record begins with its type, the major and the minor version, and its length in two bytes.
_HEADER: Final = 5
_TYPES: Final = range(20, 25)
_MAJOR: Final = 3


class BarrenError(OSError):
    """A client has sent BARREN records of TLS that hold nothing."""


class Channel:
    """One client's bytes, in clear for us and encrypted on the wire.

    All methods raise OSError if the connection is broken, and BlockingIOError if the client must send first.

    Args:
        sock: Non-blocking; it is closed by close().
        context: Asked when the first bytes are there: a client that sends nothing costs next to nothing.
    """

    def __init__(self, sock: socket, context: Callable[[], ssl.SSLContext]) -> None:
        self.sock = sock
        self._context = context
        self._tls: ssl.SSLObject | None = None
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._received = b""
        self._at = 0  # Where the next record begins in what was received.
        self._unsent = memoryview(b"")
        self._barren = 0
        self._established = False

    @property
    def pending(self) -> bool:
        """True if a record has been received that was not looked at: no poller tells of it."""
        return self._record_end() > 0

    @property
    def unsent(self) -> int:
        """Bytes that are kept until the client takes them."""
        return len(self._unsent) + self._outgoing.pending

    def shake_hands(self) -> bool:
        """Take one step of the handshake. True once it is over."""
        for _ in range(STEP):
            if not self._feed():
                return False
            if self._tls is None:
                self._tls = self._context().wrap_bio(self._incoming, self._outgoing, server_side=True)
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._count_barren()
            except ssl.SSLError:
                self.flush()  # The alert that says why.
                raise
            else:
                self._established = True
                self._barren = 0
                return True
        return False

    def receive(self) -> bytes | None:
        """Give the content of one record; b"" at the end, None if it has none or is not whole yet."""
        if not self._feed():
            return None
        try:
            content = self._session.read(_CONTENT)
        except ssl.SSLWantReadError:
            self._count_barren()
            return None
        self._barren = 0
        return content

    def write(self, content: bytes) -> None:
        """Encrypt *content*; flush() sends it."""
        self._session.write(content)

    def flush(self) -> bool:
        """Send what can be sent at once, but at most SEND bytes. True if nothing is left."""
        if not self._unsent:
            if not self._outgoing.pending:
                return True
            self._unsent = memoryview(self._outgoing.read())
        with suppress(BlockingIOError):
            self._unsent = self._unsent[self.sock.send(self._unsent[:SEND]) :]
        return not self._unsent and not self._outgoing.pending

    def finish(self) -> None:
        """Say that nothing more will be sent. What the client says is only thrown away from now on."""
        self._say_goodbye()
        self.sock.shutdown(SHUT_WR)

    def throw_away(self) -> int:
        """Give the number of bytes that came; 0 at their end."""
        return len(self.sock.recv(RECEIVE))

    def close(self) -> None:
        """Close the socket. A client that waits for nothing learns by a close_notify that this was meant."""
        with suppress(OSError):
            self._say_goodbye()
        self.sock.close()

    @property
    def _session(self) -> ssl.SSLObject:
        if self._tls is None:
            raise ConnectionError("no handshake yet")
        return self._tls

    def _feed(self) -> bool:
        """Give OpenSSL the next record, from the socket if need be. False if it is not whole yet."""
        end = self._record_end()
        if not end:
            received = self.sock.recv(RECEIVE)
            if not received:
                raise ConnectionResetError("the connection ended")
            left = self._received[self._at :]
            self._received = left + received if left else received
            self._at = 0
            end = self._record_end()
            if not end:
                return False
        whole = not self._at and end == len(self._received)
        self._incoming.write(self._received if whole else memoryview(self._received)[self._at : end])
        self._at = end
        return True

    def _record_end(self) -> int:
        """Where the next record ends in what was received; 0 if it is not whole yet."""
        received, at = self._received, self._at
        left = len(received) - at
        if not left:
            return 0
        if left >= 2 and not (received[at] in _TYPES and received[at + 1] == _MAJOR):
            return len(received)  # It is no record, and OpenSSL will say so.
        if left < _HEADER:
            return 0
        length = _HEADER + (received[at + 3] << 8 | received[at + 4])
        if length > _HEADER + _RECORD:
            return len(received)
        return at + length if length <= left else 0

    def _count_barren(self) -> None:
        self._barren += 1
        if self._barren > BARREN:
            raise BarrenError(f"{BARREN} records of TLS without content")

    def _say_goodbye(self) -> None:
        # Within an answer that was not taken, it would say that this was all.
        if self._tls is not None and self._established and self.flush():
            self._established = False
            with suppress(ssl.SSLError):  # The other side's end is not waited for.
                self._tls.unwrap()
            self.flush()
