"""EDGE: all connections of a worker, and which of them goes when there are too many."""

from typing import Final

from webhook.serving.connection import Connection, State

CONNECTIONS: Final = 512
# This share is for those that have not got an answer yet, so that nobody keeps others out by staying.
NEWCOMERS: Final = 0.25
# Of all clients together: requests and answers in transfer. Those that wait for an answer are counted in lanes.
BYTES: Final = 64 * 1024 * 1024
SMALL: Final = 64 * 1024


class Crowd(set[Connection]):
    """The connections that are open."""

    def least_needed(self) -> Connection | None:
        """The one to close for a new one; None if there is none that may be closed.

        Of those that never got an answer, the oldest: an honest client is quick. While these are few, the one that was
        not used for longest.
        """
        spare = [c for c in self if c.state is not State.ANSWERING]
        newcomers = [c for c in spare if not c.answered]
        used = [c for c in spare if c.answered]
        enough = len(newcomers) > CONNECTIONS * NEWCOMERS
        return min(newcomers if enough or not used else used, key=lambda c: c.since, default=None)

    def too_large(self, connection: Connection) -> Connection | None:
        """The one to close so that all together keep no more than BYTES; None if they do, *connection* included.

        The oldest goes: an honest client is quick.
        """
        if connection.size <= SMALL:
            return None
        large = [c for c in self if c.state is not State.ANSWERING and c.size > SMALL]
        return min(large, key=lambda c: c.since) if sum(c.size for c in large) > BYTES else None
