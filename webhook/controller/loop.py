"""EDGE: keeps duties going while this process leads, whatever becomes of one of them."""

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

from webhook.controller.api_calls import ClusterError, NotLeaderError
from webhook.controller.election import Election
from webhook.controller.status import Status

# Seconds between two looks at who leads, and at what is due.
TICK: Final = 1.0
# A duty that fails is tried less and less often, down to this.
LONGEST: Final = 60.0

# Without a state that others could depend on.
_JITTER: Final = random.SystemRandom()

_log = logging.getLogger(__name__)


class Duty(Protocol):
    """Something that the one process which leads has to see to, again and again.

    It has time limits on all it waits for, and checks before each write that it still leads.

    Attributes:
        name: For logs and probes.
        pause: Seconds between two turns.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def pause(self) -> float: ...  # noqa: D102

    def act(self, now: datetime) -> None:
        """See what is there, and do what is to be done."""


@dataclass(slots=True)
class _Post:
    duty: Duty
    failures: int = 0
    due: float = float("-inf")


class Loop:
    """Acts while *election* is won.

    Args:
        appoint: Gives the duties of a new term, which remember nothing of an earlier one; they get what to call
            before each write.
    """

    def __init__(
        self,
        election: Election,
        appoint: Callable[[Callable[[], None]], Sequence[Duty]],
        *,
        status: Status,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._election = election
        self._appoint = appoint
        self._status = status
        self._clock = clock
        self._term = 0
        self._posts: list[_Post] = []

    def run(self, stop: threading.Event) -> None:
        """Act until *stop*. Never raises."""
        while not stop.is_set():
            self.turn(stop)
            self._status.turned()
            stop.wait(min([TICK, *(post.duty.pause for post in self._posts)]))

    def turn(self, stop: threading.Event) -> None:
        """Do what is due, if this process leads. Never raises."""
        if not self._election.leads():
            return
        if self._term != self._election.term:
            self._begin(self._election.term)
        for post in self._posts:
            if self._clock() >= post.due and not stop.is_set():
                self._act(post)

    def _begin(self, term: int) -> None:
        for post in self._posts:
            self._status.set_problem(post.duty.name, "")
        self._term = term
        self._posts = [_Post(duty) for duty in self._appoint(lambda: self._election.check(term))]

    def _act(self, post: _Post) -> None:
        duty = post.duty
        problem = ""
        try:
            duty.act(datetime.now(UTC))
        except NotLeaderError:
            return
        except ClusterError as e:
            problem = str(e)
        except Exception as e:  # The other duties, and this one at its next turn, must go on.
            problem = f"defect: {type(e).__name__}"
            _log.error("duty %r failed", duty.name, exc_info=True)
        if self._status.set_problem(duty.name, problem):
            _log.log(logging.ERROR if problem else logging.INFO, "%s: %s", duty.name, problem or "fine again")
        post.failures = post.failures + 1 if problem else 0
        pause = min(duty.pause * 2.0 ** min(post.failures, 10), max(LONGEST, duty.pause))
        post.due = self._clock() + pause * _JITTER.uniform(0.8, 1.2)
