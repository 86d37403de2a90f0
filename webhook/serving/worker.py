"""EDGE: the gunicorn worker. One loop that never waits for a client, and threads that only compute.

gunicorn's own threaded worker gives the handshake and the first read of a connection to a thread, in blocking calls.
It recovers from silent clients after some seconds (version 27). But eight clients that send one byte of a handshake
and no more keep a worker of four threads from answering anybody for as long as they stay: docs/decisions.md.
"""

import logging
import os
import selectors
import signal
import threading
import time
from collections import deque
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from selectors import EVENT_READ
from typing import Any, Final

from gunicorn.workers.base import Worker

from webhook.serving.connection import LINGER, CompleteRequest, Connection, State
from webhook.serving.wsgi import respond

CONNECTIONS: Final = 512
# What cannot be answered within a second or so is better sent again, to a replica that has time.
WAITING: Final = 200
# Of all clients together: requests and answers in transfer, and, counted apart, requests that wait for an answer.
BYTES: Final = 64 * 1024 * 1024
SMALL: Final = 64 * 1024
# Seconds that requests in flight get when the worker stops.
GRACE: Final = 10.0
TICK: Final = 1.0
# Between the fork and `init_signals` a worker has its parent's handlers, which would lose a signal meant for it. So the
# parent blocks these signals before the fork, and they wait.
STOP_SIGNALS: Final = {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT}

_OVERLOADED: Final = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
_FAILED: Final = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

_log = logging.getLogger(__name__)


class SafeWorker(Worker):  # type: ignore[misc]  # gunicorn ships no types
    """Serves a `webhook.serving.server.Server`, whose application must wait for nothing but the processor."""

    def init_process(self) -> None:
        """Make what a process cannot inherit, and run."""
        self.poller = selectors.DefaultSelector()
        self.waiting: SimpleQueue[tuple[Connection, CompleteRequest]] = SimpleQueue()
        self.answered: deque[tuple[Connection, CompleteRequest]] = deque()
        self.connections: set[Connection] = set()
        self.bytes_waiting = 0
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
        for _ in range(self.cfg.threads):
            threading.Thread(target=self._answer_requests, daemon=True).start()
        # Signals and threads wake the loop through the same pipe.
        self.poller.register(self.PIPE[0], EVENT_READ, self._drain_pipe)
        for listener in self.sockets:
            self.poller.register(listener, EVENT_READ, partial(self._accept, listener))
        while time.monotonic() < self.stop_at and self.ppid == os.getppid():
            self._turn()
        self._stop_listening()
        end = time.monotonic() + GRACE
        while self._in_flight() and time.monotonic() < end:
            self._turn()

    def _turn(self) -> None:
        now = time.monotonic()
        for key, _ in self.poller.select(max(min(self.next_tick, self.stop_at) - now, 0.0)):
            key.data()
        self._release()
        now = time.monotonic()
        if now >= self.next_tick:
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

    def _accept(self, listener: Any) -> bool:
        """Accept one connection. False if there is none."""
        try:
            sock, client = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):  # Another worker was faster, or it is gone.
            return False
        except OSError as e:
            _log.warning("connection not accepted: %s", e.strerror)
            self._make_room(len(self.connections))
            return False
        self._make_room(CONNECTIONS)
        now = time.monotonic()
        try:
            sock.setblocking(False)
            context = self.app.certificates.context()
            tls = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
            connection = Connection(tls, client, cfg=self.cfg, body_limit=self.app.body_limit, now=now)
        except (OSError, ValueError):  # It is gone already.
            sock.close()
            return True
        self.connections.add(connection)
        self._advance(connection, now)
        return True

    def _make_room(self, limit: int) -> None:
        """Close the connection that is least needed: a never used one before a used one, then the longest unused."""
        spare = [c for c in self.connections if c.state is not State.ANSWERING]
        if spare and len(self.connections) >= limit:
            self._forget(min(spare, key=lambda c: (c.answered > 0, c.since)))

    def _on_event(self, connection: Connection) -> None:
        if connection.state is State.ANSWERING:
            self._release()
        if connection.state is State.ANSWERING:
            # The client sends its next request already, or is gone. Either can wait.
            self.poller.unregister(connection.sock)
            connection.watched = 0
        elif connection.state is not State.CLOSED:
            self._advance(connection, time.monotonic())

    def _advance(self, connection: Connection, now: float) -> None:
        """Advance the connection as far as possible, then queue its request, watch it or close it."""
        request = connection.advance(now)
        while request is not None and self._overloaded(request):
            self.app.on_overload()
            connection.send(_OVERLOADED, close=False)
            connection.release(now)
            request = connection.advance(now)
        if request is not None:
            self.bytes_waiting += len(request.body)
            self.waiting.put((connection, request))
        elif connection.state is State.CLOSED:
            self._forget(connection)
        else:
            self._watch(connection)
            self._limit_memory(connection)

    def _overloaded(self, request: CompleteRequest) -> bool:
        return self.waiting.qsize() >= WAITING or self.bytes_waiting + len(request.body) > BYTES

    def _watch(self, connection: Connection) -> None:
        # A connection stays watched while it is answered: that saves two system calls a request.
        if connection.watched == connection.wants:
            return
        change = self.poller.modify if connection.watched else self.poller.register
        change(connection.sock, connection.wants, partial(self._on_event, connection))
        connection.watched = connection.wants

    def _limit_memory(self, connection: Connection) -> None:
        """Keep half-sent bodies and half-taken answers under BYTES. The oldest goes: honest clients are quick."""
        if connection.size <= SMALL:
            return
        large = [c for c in self.connections if c.state is not State.ANSWERING and c.size > SMALL]
        if sum(c.size for c in large) > BYTES:
            self._forget(min(large, key=lambda c: c.since))

    def _forget(self, connection: Connection) -> None:
        if connection.watched:
            self.poller.unregister(connection.sock)
            connection.watched = 0
        connection.sock.close()
        connection.state = State.CLOSED
        self.connections.discard(connection)

    def _release(self) -> None:
        """Take back the connections whose requests have been answered."""
        while self.answered:
            connection, request = self.answered.popleft()
            self.bytes_waiting -= len(request.body)
            now = time.monotonic()
            connection.release(now)
            self._advance(connection, now)

    def _answer_requests(self) -> None:
        """Answer requests as they come, for as long as the process lives; one thread's work."""
        while True:
            connection, request = self.waiting.get()
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
            while self._accept(listener):
                pass
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
