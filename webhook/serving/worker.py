"""EDGE: the gunicorn worker. One loop that never waits for a client, and threads that only compute.

In each turn the loop does a bounded amount of work, whatever clients send: it accepts some connections, and some others
get a portion, in the order in which they had something to do. So who sends much waits for everybody else, and nobody
for him.

gunicorn's own threaded worker gives the handshake and the first read of a connection to a thread, in blocking calls.
It recovers from silent clients after some seconds (version 27). But eight clients that send one byte of a handshake
and no more keep a worker of four threads from answering anybody for as long as they stay: docs/decisions.md.
"""

import logging
import os
import selectors
import signal
import time
from collections import deque
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from selectors import EVENT_READ
from socket import MSG_PEEK
from typing import Any, Final

from gunicorn.workers.base import Worker

from webhook.process import listening
from webhook.serving import crowd
from webhook.serving.channel import Channel
from webhook.serving.connection import LINGER, CompleteRequest, Connection, State
from webhook.serving.crowd import Crowd
from webhook.serving.lanes import Lanes
from webhook.serving.wsgi import respond

# In each turn of the loop: connections that are accepted, and portions of work on connections. Of a portion, the
# dearest usual part is the server's side of a handshake, some 0.3 ms.
# Fewer are accepted, or those that have gone again would fill the place of others before anybody notices. Clients that
# are gone when they are accepted cost next to nothing.
ACCEPTS: Final = 32
GONE: Final = 256
PORTIONS: Final = 64
# Seconds that requests in flight get when the worker stops.
GRACE: Final = 10.0
TICK: Final = 1.0
# Between the fork and `init_signals` a worker has its parent's handlers, which would lose a signal meant for it. So the
# parent blocks these signals before the fork, and they wait.
STOP_SIGNALS: Final = {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT}

# To be put off must cost a client more than it costs us, so the connection closes.
_OVERLOADED: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)
_FAILED: Final = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

_log = logging.getLogger(__name__)


class SafeWorker(Worker):  # type: ignore[misc]  # gunicorn ships no types
    """Serves a `webhook.serving.server.Server`, whose application must wait for nothing but the processor."""

    def init_process(self) -> None:
        """Make what a process cannot inherit, and run."""
        self.poller = selectors.DefaultSelector()
        self.answered: deque[tuple[Connection, CompleteRequest]] = deque()
        self.connections = Crowd()
        self.ready: deque[Connection] = deque()
        self.stop_at = float("inf")
        self.next_tick = 0.0
        super().init_process()

    def init_signals(self) -> None:
        """Install its own handlers, and receive the signals that waited since the fork."""
        super().init_signals()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """SIGTERM: be unready at once, but serve until those who send requests have had time to notice."""
        if not self.app.draining:
            self.app.draining = True
            self.stop_at = time.monotonic() + self.app.drain

    def run(self) -> None:
        """Serve until told to stop, then finish what is in flight."""
        self.lanes = Lanes(self.cfg.threads, self._answer_requests)
        # Signals and threads wake the loop through the same pipe.
        self.poller.register(self.PIPE[0], EVENT_READ, self._drain_pipe)
        for listener in self.sockets:
            self.poller.register(listener, EVENT_READ, partial(self._accept_some, listener, ACCEPTS))
        while time.monotonic() < self.stop_at and self.ppid == os.getppid():
            self._turn()
        self._stop_listening()
        end = time.monotonic() + GRACE
        while self._in_flight() and time.monotonic() < end:
            self._turn()

    def _turn(self) -> None:
        wait = 0.0 if self.ready else max(min(self.next_tick, self.stop_at) - time.monotonic(), 0.0)
        for key, _ in self.poller.select(wait):
            key.data()
        self._release()
        for _ in range(min(len(self.ready), PORTIONS)):
            connection = self.ready.popleft()
            connection.queued = False
            if connection.state is not State.CLOSED:
                # A time of its own, for who is older decides who goes.
                self._advance(connection, time.monotonic())
        if (now := time.monotonic()) >= self.next_tick:
            self.next_tick = now + TICK
            self._tick(now)

    def _tick(self, now: float) -> None:
        for connection in tuple(self.connections):
            if now > connection.deadline:
                self._forget(connection)
        # A thread that never ends is as bad as a loop that hangs. A worker that does not notify is replaced.
        if not any(c.state is State.ANSWERING and now - c.since > self.cfg.timeout for c in self.connections):
            self.notify()

    def _drain_pipe(self) -> None:
        with suppress(BlockingIOError):
            os.read(self.PIPE[0], 4096)

    def _accept_some(self, listener: Any, most: int) -> None:
        """Accept the connections that wait, but *most* at most, and of those whose clients are gone again GONE."""
        gone = 0
        while most and gone < GONE:
            try:
                sock, client = listener.accept()
            except (BlockingIOError, ConnectionAbortedError):  # Another worker was faster, or it is gone.
                return
            except OSError as e:
                _log.warning("connection not accepted: %s", e.strerror)
                self._make_room()
                return
            if _is_gone(sock):
                sock.close()
                gone += 1
            else:
                self._take(sock, client)
                most -= 1

    def _take(self, sock: Any, client: Any) -> None:
        """Serve a new connection."""
        if len(self.connections) >= crowd.CONNECTIONS:
            self._make_room()
        try:
            channel = Channel(sock, self.app.certificates.context)
            connection = Connection(channel, client, cfg=self.cfg, body_limit=self.app.body_limit, now=time.monotonic())
            self._watch(connection)
        except (OSError, ValueError):  # It is gone already.
            sock.close()
            return
        self.connections.add(connection)

    def _make_room(self) -> None:
        if (connection := self.connections.least_needed()) is not None:
            self._forget(connection)

    def _on_event(self, connection: Connection) -> None:
        if connection.state is State.ANSWERING:
            self._release()
        if connection.state is State.ANSWERING:
            # The client sends its next request already, or is gone. Either can wait.
            self.poller.unregister(connection.sock)
            connection.watched = 0
        else:
            self._queue(connection)

    def _queue(self, connection: Connection) -> None:
        """Let the connection wait for its next portion."""
        if not connection.queued and connection.state is not State.CLOSED:
            connection.queued = True
            self.ready.append(connection)

    def _advance(self, connection: Connection, now: float) -> None:
        """Give the connection its portion, then queue its request, watch it or close it."""
        request = connection.advance(now)
        if request is not None:
            if self.lanes.put(connection, request):
                return
            self.app.on_overload()
            connection.send(_OVERLOADED, close=True)
            connection.release(now)
            connection.advance(now)
        if connection.state is State.CLOSED:
            self._forget(connection)
            return
        self._watch(connection)
        if connection.unfinished:
            self._queue(connection)
        if (other := self.connections.too_large(connection)) is not None:
            self._forget(other)

    def _watch(self, connection: Connection) -> None:
        # A connection stays watched while it is answered: that saves two system calls a request.
        if connection.watched == connection.wants:
            return
        change = self.poller.modify if connection.watched else self.poller.register
        change(connection.sock, connection.wants, partial(self._on_event, connection))
        connection.watched = connection.wants

    def _forget(self, connection: Connection) -> None:
        if connection.watched:
            self.poller.unregister(connection.sock)
            connection.watched = 0
        connection.close()
        self.connections.discard(connection)

    def _release(self) -> None:
        """Take back the connections whose requests have been answered by now."""
        for _ in range(len(self.answered)):
            connection, request = self.answered.popleft()
            self.lanes.answered(request)
            connection.release(time.monotonic())
            self._queue(connection)

    def _answer_requests(self, waiting: SimpleQueue[tuple[Connection, CompleteRequest]]) -> None:
        """Answer requests as they come, for as long as the process lives; one thread's work."""
        while True:
            connection, request = waiting.get()
            try:
                answer, close = respond(self.wsgi, request, connection, cfg=self.cfg, closing=self.app.draining)
            except Exception as e:  # The application has its own last resort; this is for gunicorn's part.
                _log.error("request not answered: %s", type(e).__name__)
                answer, close = _FAILED, True
            connection.send(answer, close=close)
            self.answered.append((connection, request))
            with suppress(BlockingIOError):  # A full pipe wakes the loop just as well.
                os.write(self.PIPE[1], b".")

    def _stop_listening(self) -> None:
        self.stop_at = float("inf")
        for listener in self.sockets:
            self._accept_some(listener, listening.BACKLOG)
            self.poller.unregister(listener)
            listener.close()

    def _in_flight(self) -> bool:
        """Close connections on which nobody waits for an answer; True if others remain."""
        now = time.monotonic()
        for connection in tuple(self.connections):
            silent = connection.idle or connection.state is State.HANDSHAKE
            # A client that has only just connected may be about to send.
            if silent and (connection.answered or now - connection.since > LINGER):
                self._forget(connection)
        return bool(self.connections)


def _is_gone(sock: Any) -> bool:
    """True if the client has closed the connection before it sent anything. Makes *sock* non-blocking."""
    sock.setblocking(False)
    try:
        return not sock.recv(1, MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True
