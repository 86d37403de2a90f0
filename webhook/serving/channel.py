"""EDGE: TLS on a socket that is never waited for. Each call moves a bounded number of bytes.

OpenSSL gets its bytes from memory here. If it read from the socket itself, one call would go on for as long as a client
sends records that hold nothing for us: three clients that send KeyUpdates keep everybody else waiting for seconds.
"""

import ssl
from collections.abc import Callable
from contextlib import suppress
from socket import SHUT_WR, socket
from typing import Final

# What is taken from a socket in one call, and given to OpenSSL: two records of TLS.
RECEIVE: Final = 32 * 1024
# So many bytes may come without any content. One record, whole, is half of what is received at once.
BARREN: Final = 64 * 1024
# What is sent in one call.
SEND: Final = 256 * 1024
_RECORD: Final = 16 * 1024


class BarrenError(OSError):
    """A client has sent BARREN bytes of TLS that hold nothing."""


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
        self._unsent = memoryview(b"")
        self._barren = 0
        self._established = False

    @property
    def pending(self) -> bool:
        """True if bytes have been received that were not looked at: no poller tells of these."""
        return self._incoming.pending > 0

    @property
    def unsent(self) -> int:
        """Bytes that are kept until the client takes them."""
        return len(self._unsent) + self._outgoing.pending

    def shake_hands(self) -> bool:
        """Take one step of the handshake. True once it is over."""
        self._fetch()
        if self._tls is None:
            self._tls = self._context().wrap_bio(self._incoming, self._outgoing, server_side=True)
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError:
            self.flush()  # The alert that says why.
            raise
        self._established = True
        self._barren = 0
        return True

    def receive(self) -> bytes | None:
        """Give content of one record; b"" at its end, None if what came from the socket held none."""
        fetched = False
        while True:
            if not self._incoming.pending:
                if fetched:
                    return None
                self._fetch()
                fetched = True
            with suppress(ssl.SSLWantReadError):
                content = self._session.read(_RECORD)
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

    def _fetch(self) -> None:
        received = self.sock.recv(RECEIVE)
        if not received:
            raise ConnectionResetError("the connection ended")
        self._barren += len(received)
        if self._barren > BARREN:
            raise BarrenError(f"{BARREN} bytes of TLS without content")
        self._incoming.write(received)

    def _say_goodbye(self) -> None:
        # Within an answer that was not taken, it would say that this was all.
        if self._tls is not None and self._established and self.flush():
            self._established = False
            with suppress(ssl.SSLError):  # The other side's end is not waited for.
                self._tls.unwrap()
            self.flush()
