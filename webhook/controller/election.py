"""EDGE: who acts, of several processes: the one that holds the Lease.

kubernetes.leaderelection is not used: it cannot be stopped, does not give the Lease back, has no time limit on its
calls, ends on a lost connection, and lets the work go on after the Lease is lost.
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

from webhook.controller.api_calls import LIMITED, WRITING, ClusterError, ConflictError, NotLeaderError, asking
from webhook.controller.status import Status

LEASE: Final = "fuseml-controller"
# Seconds. Others wait for DURATION after the last renewal that they saw. The leader stops TENURE after it began its
# last renewal, which leaves a call that is under way the time to end.
DURATION: Final = 15
TENURE: Final = 9.0
RETRY: Final = 2.0

# Without a state that others could depend on.
_JITTER: Final = random.SystemRandom()

_log = logging.getLogger(__name__)


class Election:
    """Takes, renews and gives back the Lease."""

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
        # What another's Lease was like when it was last seen to change. Their clock says nothing about ours.
        self._record: tuple[Any, ...] = ()
        self._changed = float("-inf")

    def run(self, stop: threading.Event) -> None:
        """Stand for election until *stop*. Never raises."""
        while not stop.is_set():
            self.turn()
            # Spread, so that two who lost the same race do not meet again.
            stop.wait(RETRY * _JITTER.uniform(0.8, 1.2))

    def leads(self) -> bool:
        """True while nobody else can."""
        return self._clock() < self._until

    def check(self, term: int) -> None:
        """Pass only in the *term* in which what is to be done was begun, and while nobody else can lead.

        Raises:
            NotLeaderError: Somebody else may.
        """
        if not self.leads() or self.term != term:
            raise NotLeaderError("the lease was not renewed in time; whoever holds it acts")

    def turn(self) -> None:
        """Try once to take or renew the Lease. Never raises."""
        problem = ""
        try:
            self._try()
        except ConflictError:
            self._held = None  # Another was faster, and is seen the next time.
        except ClusterError as e:
            problem = str(e)
        except Exception as e:  # A thread that ends would end the process's work without a sign.
            problem = f"defect: {type(e).__name__}"
        if self._status.set_problem("election", problem):
            _log.log(logging.ERROR if problem else logging.INFO, "election: %s", problem or "fine again")
        if self._status.leader != self.leads():
            self._status.leader = self.leads()
            _log.info("leading" if self._status.leader else "no longer leading")

    def release(self) -> None:
        """Give the Lease back, for another to take at once. Only when nothing acts any more. Never raises."""
        if not self.leads():
            return
        self._until = float("-inf")
        try:
            lease = self._read()
            if lease.spec and lease.spec.holder_identity == self.identity:
                self._write(lease, holder="", duration=1)
        except ClusterError as e:
            _log.warning("lease not given back, others wait for %d s: %s", DURATION, e)

    def _try(self) -> None:
        lease = self._held if self._held and self.leads() else self._read()
        spec = lease.spec or V1LeaseSpec()
        now = self._clock()
        if (spec.holder_identity or "") not in {"", self.identity}:
            self._until = float("-inf")
            record = (spec.holder_identity, spec.renew_time, spec.lease_transitions)
            if record != self._record:
                self._record, self._changed = record, now
            if now - self._changed < (spec.lease_duration_seconds or DURATION):
                return
        new = not self.leads()
        self._held = self._write(lease, holder=self.identity, duration=DURATION)
        if new:
            self.term += 1
        self._until = now + TENURE

    def _read(self) -> V1Lease:
        with asking(f"Lease {LEASE!r} in namespace {self._namespace!r}", "get, update"):
            return self._leases.read_namespaced_lease(LEASE, self._namespace, **LIMITED)

    def _write(self, lease: V1Lease, *, holder: str, duration: int) -> V1Lease:
        spec = lease.spec or V1LeaseSpec()
        # The client leaves out a fraction that is 0, and the API server insists on it.
        now = datetime.now(UTC)
        now = now.replace(microsecond=now.microsecond or 1)
        if spec.holder_identity != holder:
            spec.acquire_time = now
            spec.lease_transitions = (spec.lease_transitions or 0) + 1
        spec.holder_identity, spec.lease_duration_seconds, spec.renew_time = holder, duration, now
        lease.spec = spec
        with asking(f"Lease {LEASE!r} in namespace {self._namespace!r}", "get, update"):
            return self._leases.replace_namespaced_lease(LEASE, self._namespace, lease, **WRITING)
