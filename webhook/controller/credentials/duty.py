"""EDGE: the duty that keeps copies = f(namespaces, records, source Secrets).

Whether a namespace lacks anything is found in memory; only what does costs calls.
"""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from registry.delivery.ledger import Entry, State
from webhook.controller.api_calls import ClusterError, ConflictError
from webhook.controller.credentials.caches import Caches, Changes
from webhook.controller.credentials.facts import Namespace
from webhook.controller.credentials.ledgers import Ledgers
from webhook.controller.credentials.queue import Queue
from webhook.controller.credentials.reads import Reads
from webhook.controller.credentials.reporting import FailureLog
from webhook.controller.credentials.rounds import Rounds, Work
from webhook.controller.credentials.secrets import RefusedCopyError
from webhook.controller.credentials.state import Deliveries
from webhook.controller.credentials.sweeping import Sweeps
from webhook.controller.status import Delivery as Progress
from webhook.controller.status import Status

# Seconds between two looks at everything, for what is due by the time alone.
_LOOK: Final = 30.0
# Seconds between two counts for the metrics.
_REPORT: Final = 5.0


class CredentialsDuty:
    """Delivers what is due and removes what is not.

    Args:
        check: Called before each write; raises NotLeaderError if this process must not write.
    """

    name = "credentials"
    interval = 0.1  # Seconds. It costs nothing while nothing has changed.

    def __init__(
        self,
        *,
        caches: Caches,
        ledgers: Ledgers,
        deliveries: Deliveries,
        reads: Reads,
        rounds: Rounds,
        status: Status,
        check: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._caches = caches
        self._ledgers = ledgers
        self._deliveries = deliveries
        self._reads = reads
        self._rounds = rounds
        self._status = status
        self._check = check
        self._clock = clock
        self._now = now
        self._queue = Queue()
        self._sweeps = Sweeps()
        self._failure_log = FailureLog()
        self._next_look = self._next_report = float("-inf")
        self._is_loaded = False

    def reconcile(self, now: datetime) -> None:
        """Do some of what is to be done.

        Raises:
            ClusterError: The API server does not answer, or denies access; it will be tried again.
        """
        if not self._caches.is_complete:
            if self._caches.is_failing:
                raise ClusterError(
                    "nothing is delivered: Namespaces, Extensions, Secrets of the registry or ledgers cannot be "
                    "followed; the log says which and why"
                )
            return
        if not self._is_loaded:
            self._load()
        self._note(self._caches.take())
        batch = self._queue.batch(self._clock())
        if batch:
            self._run(batch)
        else:
            self._sweep()
        self._report()

    def _report(self) -> None:
        if self._clock() < self._next_report:
            return
        self._next_report = self._clock() + _REPORT
        delivered, waiting = self._deliveries.totals()
        self._status.delivery = Progress(delivered, waiting, self._queue.oldest(self._clock()), self._sweeps.ended)

    def _load(self) -> None:
        self._ledgers.load()
        self._is_loaded = True
        # A request of the process that led before may still be under way.
        self._sweeps.plan_after_late_requests(self._clock())
        self._forget_gone()

    def _note(self, changes: Changes) -> None:
        """Add what is to be done after *changes* to the queue."""
        now = int(self._now())
        for uid in changes.ledgers:
            self._restore(uid)
        if self._clock() >= self._next_look:
            self._next_look = self._clock() + _LOOK
            changes.namespaces |= self._caches.namespaces.keys()
        if changes.namespaces:
            self._forget_gone()
        for name, namespace in self._caches.namespaces.items():
            ids = self._deliveries.ids(namespace) if name in changes.namespaces else changes.extensions
            if ids:
                self._queue.add(name, self._deliveries.lacking(namespace, ids, now), self._clock())

    def _run(self, batch: Work) -> None:
        outcome = self._rounds.run(batch)
        if outcome.unreachable:
            # What got no answer may be done later, after what will be written next.
            self._sweeps.plan_after_late_requests(self._clock())
        self._queue.done({name: ids for name, ids in batch.items() if name not in outcome.failures})
        for name in outcome.failures.keys() | outcome.unfinished:
            self._queue.failed(name, self._clock())
        self._note_failures(batch, outcome.failures)

    def _note_failures(self, work: Work, failures: Mapping[str, ClusterError]) -> None:
        self._failure_log.note(work, failures)
        # What a namespace refuses is its own affair: it must not make this process unready.
        ours = (str(e) for e in failures.values() if not isinstance(e, RefusedCopyError))
        self._status.set_problem("delivery", next(ours, ""))

    def _sweep(self) -> None:
        """Write again what is there in one more namespace, if it is time."""
        stored = self._ledgers.stored.values()
        name = self._sweeps.next_namespace((one.namespace for one in stored), self._clock())
        if name is None:
            return
        if namespace := self._caches.namespaces.get(name):
            work = {name: frozenset(self._deliveries.ids(namespace))}
            self._note_failures(work, self._rounds.run(work, sweep=True).failures)
        self._sweeps.note_end()

    def _restore(self, uid: str) -> None:
        try:
            self._check()
            self._ledgers.restore(uid)
        except ConflictError:
            pass  # It has been written meanwhile.

    def _forget_gone(self) -> None:
        """Delete ledgers that are empty, or whose namespaces are gone."""
        known = {namespace.uid for namespace in self._caches.namespaces.values()}
        for uid, stored in self._ledgers.stored.items():
            if uid in known and stored.ledger.entries:
                continue
            namespace = self._reads.namespace(stored.namespace) if uid not in known else None
            if namespace is not None and namespace.uid == uid:
                continue
            self._check()
            if namespace is not None:
                self._ledgers.write(namespace, self._inherited(namespace, stored.ledger.entries))
            self._ledgers.forget(uid)

    def _inherited(self, namespace: Namespace, entries: Mapping[str, Entry]) -> dict[str, Entry]:
        """What the ledger of *namespace* must say if another one of its name had *entries*.

        A copy may have been written just when the namespace was created again.
        """
        gone = Entry(State.REMOVED, since=int(self._now()))
        left = {name: gone for name, entry in entries.items() if entry.may_be_there}
        return {**left, **self._ledgers.of(namespace).entries}
