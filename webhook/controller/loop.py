"""EDGE: runs the duties while this process leads. A duty that fails does not stop the others."""

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Protocol

from registry.kube.backoff import pause
from registry.reporting import OngoingProblem
from webhook.controller.api_calls import ClusterError, NotLeaderError
from webhook.controller.election import Election
from webhook.controller.status import Status

# Seconds between two checks of whether this process leads and which duties are due.
TICK: Final = 1.0
# Seconds. The pause of a duty that fails grows up to this.
LONGEST: Final = 60.0

# Not the shared generator, whose state a seed elsewhere would change.
_JITTER: Final = random.SystemRandom()

_log = logging.getLogger(__name__)


class Duty(Protocol):
    """A task that the leader repeats.

    It sets a time limit on every call, and checks before each write that this process still leads.

    Attributes:
        name: Its name in logs and probes.
        interval: Seconds between two runs.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def interval(self) -> float: ...  # noqa: D102

    def reconcile(self, now: datetime) -> None:
        """Read the state of the cluster, and make the changes that are needed."""


@dataclass(slots=True)
class _Scheduled:
    duty: Duty
    problem: OngoingProblem = field(default_factory=lambda: OngoingProblem(_log))
    failures: int = 0
    due: float = float("-inf")


class Loop:
    """Runs the duties that are due while *election* says that this process leads.

    Args:
        make_duties: Creates the duties of a new term, so that they remember nothing of an earlier one. It gets the
            function that a duty calls before each write, and that raises NotLeaderError once the term is over.
    """

    def __init__(
        self,
        election: Election,
        make_duties: Callable[[Callable[[], None]], Sequence[Duty]],
        *,
        status: Status,
        name: str = "loop",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._election = election
        self._make_duties = make_duties
        self._status = status
        self._clock = clock
        self._term = 0
        self._scheduled: list[_Scheduled] = []
        status.turned(name)

    def run(self, stop: threading.Event) -> None:
        """Run the duties until *stop* is set. Never raises."""
        while not stop.is_set():
            self.turn(stop)
            self._status.turned(self.name)
            stop.wait(min([TICK, *(scheduled.duty.interval for scheduled in self._scheduled)]))

    def turn(self, stop: threading.Event) -> None:
        """Run the duties that are due, if this process leads. Never raises."""
        if not self._election.leads():
            return
        if self._term != self._election.term:
            self._begin(self._election.term)
        for scheduled in self._scheduled:
            if self._clock() >= scheduled.due and not stop.is_set():
                self._run(scheduled)

    def _begin(self, term: int) -> None:
        for scheduled in self._scheduled:
            self._status.set_problem(scheduled.duty.name, "")
        self._term = term
        self._scheduled = [_Scheduled(duty) for duty in self._make_duties(lambda: self._election.check(term))]

    def _run(self, scheduled: _Scheduled) -> None:
        duty = scheduled.duty
        problem = ""
        try:
            duty.reconcile(datetime.now(UTC))
        except NotLeaderError:
            return
        except ClusterError as e:
            problem = str(e)
        except Exception as e:  # The other duties must go on, and so must this one at its next run.
            problem = f"defect: {type(e).__name__}"
            _log.error("duty %r failed", duty.name, exc_info=True)
        self._status.set_problem(duty.name, problem)
        if problem:
            scheduled.problem.report(f"{duty.name}: {problem}")
        else:
            scheduled.problem.over(f"{duty.name}: works again")
        scheduled.failures = scheduled.failures + 1 if problem else 0
        wait = pause(scheduled.failures, first=duty.interval, longest=max(LONGEST, duty.interval))
        scheduled.due = self._clock() + wait * _JITTER.uniform(0.8, 1.2)
