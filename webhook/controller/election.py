"""EDGE: leader election. Of several controller processes, the one that holds the Lease acts.

kubernetes.leaderelection is not used: it cannot be stopped, does not release the Lease, sets no time limit on its
calls, ends when a connection is lost, and lets the work continue after the Lease is lost.
"""

import logging
import random
import socket
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from kubernetes.client import ApiClient, CoordinationV1Api, V1Lease, V1LeaseSpec

from registry.reporting import OngoingProblem
from webhook.controller.api_calls import (
    CALL_OPTIONS,
    WRITE_OPTIONS,
    ClusterError,
    ConflictError,
    NotLeaderError,
    translate_errors,
)
from webhook.controller.status import Status

LEASE: Final = "fuseml-controller"
# Seconds. The other processes wait for LEASE_DURATION after the last renewal that they observed. The leader stops
# RENEW_DEADLINE after it began its last renewal, so a call that it has already begun ends before another may lead.
LEASE_DURATION: Final = 15
RENEW_DEADLINE: Final = 9.0
RETRY_PERIOD: Final = 2.0

# Not the shared generator, whose state a seed elsewhere would change.
_JITTER: Final = random.SystemRandom()

_log = logging.getLogger(__name__)


class Election:
    """Acquires, renews and releases the Lease."""

    def __init__(
        self, api: ApiClient, *, namespace: str, status: Status, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.identity = f"{socket.gethostname()}_{uuid.uuid4()}"
        self.term = 0
        self._leases = CoordinationV1Api(api)
        self._namespace = namespace
        self._status = status
        self._clock = clock
        self._until = float("-inf")
        self._held: V1Lease | None = None
        # The last observed state of another process's Lease, and when it changed by our own clock: the times in the
        # Lease come from the other machine's clock.
        self._observed: tuple[Any, ...] = ()
        self._observed_at = float("-inf")
        self._problem = OngoingProblem(_log)

    def run(self, stop: threading.Event) -> None:
        """Try to acquire or renew the Lease until *stop* is set. Never raises."""
        while not stop.is_set():
            self.try_once()
            # At random, so that two processes that collided once do not collide again.
            stop.wait(RETRY_PERIOD * _JITTER.uniform(0.8, 1.2))

    def leads(self) -> bool:
        """True while no other process can lead."""
        return self._clock() < self._until

    def check(self, term: int) -> None:
        """Make sure that this process still leads, without interruption since *term* began.

        Raises:
            NotLeaderError: Another process may lead, or has led since.
        """
        if not self.leads() or self.term != term:
            raise NotLeaderError("the Lease was not renewed in time; the process that holds it now acts")

    def try_once(self) -> None:
        """Try once to acquire or renew the Lease. Never raises."""
        problem = ""
        try:
            self._acquire_or_renew()
        except ConflictError:
            self._held = None  # Another process was faster; the next attempt reads its Lease.
        except ClusterError as e:
            problem = str(e)
        except Exception as e:  # If this thread ended, the process would stop working without any sign.
            problem = f"defect: {type(e).__name__}"
        self._status.set_problem("election", problem)
        if problem:
            self._problem.report(f"election: {problem}")
        else:
            self._problem.over("election: works again")
        if self._status.leader != self.leads():
            self._status.leader = self.leads()
            _log.info("this process leads" if self._status.leader else "this process no longer leads")

    def release(self) -> None:
        """Release the Lease, so that another process can acquire it at once. Never raises.

        Only to be called when no duty runs any more.
        """
        if not self.leads():
            return
        self._until = float("-inf")
        try:
            lease = self._read()
            if lease.spec and lease.spec.holder_identity == self.identity:
                self._write(lease, holder="", duration=1)
        except ClusterError as e:
            _log.warning("Lease not released, other processes wait for %d s: %s", LEASE_DURATION, e)

    def _acquire_or_renew(self) -> None:
        lease = self._held if self._held and self.leads() else self._read()
        spec = lease.spec or V1LeaseSpec()
        now = self._clock()
        if (spec.holder_identity or "") not in {"", self.identity}:
            self._until = float("-inf")
            observed = (spec.holder_identity, spec.renew_time, spec.lease_transitions)
            if observed != self._observed:
                self._observed, self._observed_at = observed, now
            if now - self._observed_at < (spec.lease_duration_seconds or LEASE_DURATION):
                return
        new = not self.leads()
        self._held = self._write(lease, holder=self.identity, duration=LEASE_DURATION)
        if new:
            self.term += 1
        self._until = now + RENEW_DEADLINE

    def _read(self) -> V1Lease:
        with translate_errors(f"Lease {LEASE!r} in namespace {self._namespace!r}", "get, update"):
            return self._leases.read_namespaced_lease(LEASE, self._namespace, **CALL_OPTIONS)

    def _write(self, lease: V1Lease, *, holder: str, duration: int) -> V1Lease:
        spec = lease.spec or V1LeaseSpec()
        # The client omits a fraction that is 0, but the API server requires one.
        now = datetime.now(UTC)
        now = now.replace(microsecond=now.microsecond or 1)
        if spec.holder_identity != holder:
            spec.acquire_time = now
            spec.lease_transitions = (spec.lease_transitions or 0) + 1
        spec.holder_identity, spec.lease_duration_seconds, spec.renew_time = holder, duration, now
        lease.spec = spec
        with translate_errors(f"Lease {LEASE!r} in namespace {self._namespace!r}", "get, update"):
            return self._leases.replace_namespaced_lease(LEASE, self._namespace, lease, **WRITE_OPTIONS)
