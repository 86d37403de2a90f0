"""EDGE: requests that wait for a thread, apart by what they cost, so that none waits for what takes much longer.

A request without a body, such as a probe, is answered at once. A review of the usual size takes milliseconds. One of
some megabytes takes seconds, and much memory: decoded, it is up to forty times as large. So it is worked on alone.
"""

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Final

from webhook.serving.connection import CompleteRequest, Connection

# Reviews of more bytes are heavy. Those of people are smaller: etcd does not keep an object of more than 1.5 MiB.
LIGHT: Final = 256 * 1024
# So many requests of one lane may wait. What cannot be answered within a second or so is better sent again, to a
# replica that has time. At most one request of each connection waits, so CONNECTIONS limits those without a body.
WAITING: Final = 200
# Bytes of one lane's requests, those that are being answered included.
LANE_BYTES: Final = 32 * 1024 * 1024


class Lane:
    """One queue, and how much may wait in it."""

    def __init__(self) -> None:
        self.waiting: SimpleQueue[tuple[Connection, CompleteRequest]] = SimpleQueue()
        self.bytes = 0

    def has_room(self, request: CompleteRequest) -> bool:
        """True if *request* may wait here."""
        # What is larger than the limit by itself may pass, or it never could.
        return self.waiting.qsize() < WAITING and (not self.bytes or self.bytes + len(request.body) <= LANE_BYTES)


class Lanes:
    """All queues. Only the thread that made them puts requests in.

    Args:
        threads: Light reviews that are worked on at the same time.
        work: Takes requests from the queue that it is given, for as long as the process lives.
    """

    def __init__(self, threads: int, work: Callable[[SimpleQueue[tuple[Connection, CompleteRequest]]], None]) -> None:
        self._empty, self._light, self._heavy = Lane(), Lane(), Lane()
        for lane, count in ((self._empty, 1), (self._light, threads), (self._heavy, 1)):
            for _ in range(count):
                threading.Thread(target=work, args=(lane.waiting,), daemon=True).start()

    def put(self, connection: Connection, request: CompleteRequest) -> bool:
        """Let *request* wait for a thread. False if too much waits already."""
        lane = self._lane_of(request)
        if lane is not self._empty and not lane.has_room(request):
            return False
        lane.bytes += len(request.body)
        lane.waiting.put((connection, request))
        return True

    def answered(self, request: CompleteRequest) -> None:
        """Make room again; *request* is done with."""
        self._lane_of(request).bytes -= len(request.body)

    def _lane_of(self, request: CompleteRequest) -> Lane:
        size = len(request.body)
        if not size:
            return self._empty
        return self._light if size <= LIGHT else self._heavy
