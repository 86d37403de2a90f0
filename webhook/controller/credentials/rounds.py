"""EDGE: delivers to some namespaces, in an order that keeps copies out of namespaces that must not have them.

Watches of different kinds have no common order: after a scope was narrowed and then the Secret changed, the Secret's
event may come first. So each turn reads the sources, *then* the records, *then* the namespace, and writes by these;
and after a turn that wrote anything comes another, which undoes what was overtaken.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeAlias

from registry.delivery.copies import extension_in
from registry.delivery.ledger import Ledger
from registry.records.model import Extension
from webhook.controller.api_calls import ClusterError, NotLeaderError, UnreachableError
from webhook.controller.credentials.facts import Due, Source, due_in
from webhook.controller.credentials.ledgers import Ledgers
from webhook.controller.credentials.plan import Steps, plan
from webhook.controller.credentials.reads import Reads, UnreadableRecordError
from webhook.controller.credentials.secrets import Copies
from webhook.controller.credentials.writing import Done, Guard, Report, Writer

# What changes more often than this during one round is finished in a later one.
_MAX_TURNS: Final = 5
# Namespaces that are worked on at the same time.
_WORKERS: Final = 4

# The Extensions to look at, by the name of the namespace.
Work: TypeAlias = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is read before anything of a turn is written.

    Attributes:
        records: By id; None for one that is not there. One that cannot be read is missing: what was delivered for it
            stays as it is.
    """

    sources: Mapping[str, Source | None]
    records: Mapping[str, Extension | None]


@dataclass(slots=True)
class Outcome:
    """How a round went.

    Attributes:
        failures: What failed, by the name of the namespace; it is to be tried again.
        unfinished: Namespaces for which facts changed again and again.
    """

    failures: dict[str, ClusterError] = field(default_factory=dict)
    unfinished: set[str] = field(default_factory=set)

    @property
    def unreachable(self) -> UnreachableError | None:
        """Set if the API server did not answer: then every further call would only wait as long."""
        return next((e for e in list(self.failures.values()) if isinstance(e, UnreachableError)), None)


@dataclass(frozen=True, slots=True)
class Rounds:
    """Delivers.

    Attributes:
        secrets_of: Gives the names of the source Secrets of an Extension, as far as they are known.
        now: Unix time in seconds.
    """

    reads: Reads
    copies: Copies
    ledgers: Ledgers
    guard: Guard
    report: Report
    secrets_of: Callable[[str], Iterable[str]]
    now: Callable[[], float]

    def run(self, work: Work, *, sweep: bool = False) -> Outcome:
        """Do all that is to be done for the namespaces and Extensions of *work*.

        Args:
            sweep: Write also the copies that are there already.

        Raises:
            ClusterError: Sources or records cannot be read; the whole of *work* is to be tried again.
            NotLeaderError: Another process may act. What this one wrote and must not be there was removed.
        """
        outcome = Outcome()
        done: dict[str, Done] = defaultdict(Done)
        for turn in range(_MAX_TURNS):
            facts = self._read({id_ for ids in work.values() for id_ in ids})
            visit = partial(self._visit, work=work, facts=facts, done=done, outcome=outcome, sweep=sweep and turn == 0)
            with ThreadPoolExecutor(_WORKERS) as pool:
                written = dict(zip(work, pool.map(visit, work), strict=True))
            work = {name: ids for name, ids in work.items() if written[name]}
            if not work:
                break
        outcome.unfinished |= work.keys()
        for failure in outcome.failures.values():
            if isinstance(failure, NotLeaderError):
                raise failure
        return outcome

    def _read(self, ids: set[str]) -> _Facts:
        secrets = {name for id_ in ids for name in self.secrets_of(id_)}
        with ThreadPoolExecutor(_WORKERS) as pool:
            sources = dict(zip(secrets, pool.map(self.reads.source, secrets), strict=True))
            # Only when all sources are known: no record is older than the values that go out by it.
            records = dict(zip(ids, pool.map(self._record, ids), strict=True))
        return _Facts(sources, {id_: r for id_, r in records.items() if not isinstance(r, UnreadableRecordError)})

    def _record(self, id_: str) -> Extension | UnreadableRecordError | None:
        try:
            return self.reads.extension(id_)
        except UnreadableRecordError as e:
            return e

    def _visit(
        self, name: str, *, work: Work, facts: _Facts, done: Mapping[str, Done], outcome: Outcome, sweep: bool
    ) -> bool:
        """Do what is to be done for the namespace *name*. True if something was written."""
        if outcome.unreachable:
            outcome.failures[name] = outcome.unreachable
            return False
        try:
            namespace = self.reads.namespace(name)
        except ClusterError as e:
            outcome.failures[name] = e
            return False
        if namespace is None:
            return False  # The ledger goes when its uid is known to be gone.
        now = int(self.now())
        writer = Writer(namespace, facts.sources, self.copies, self.ledgers, self.guard, self.report, now, done[name])
        steps = _plan(writer, work[name], facts, sweep=sweep)
        if steps.unread:
            outcome.unfinished.add(name)
        try:
            if steps:
                writer.carry_out(steps)
        except ClusterError as e:
            writer.failures.append(e)
        if writer.failures:
            outcome.failures[name] = writer.failures[-1]
        return writer.has_written


def _plan(writer: Writer, ids: frozenset[str], facts: _Facts, *, sweep: bool) -> Steps:
    readable = ids & facts.records.keys()
    due: dict[str, Due] = {}
    for id_ in readable:
        record = facts.records[id_]
        due |= due_in(writer.namespace, record) if record else {}
    known = writer.known()
    names = due.keys() | {copy for copy in known if extension_in(copy) in readable}
    return plan(names - writer.done.refused, due, facts.sources, Ledger(known), now=writer.now, sweep=sweep)
