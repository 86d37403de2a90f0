"""What the credentials of all namespaces should be and are, as far as is known in memory."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from registry.delivery.copies import extension_in
from registry.delivery.ledger import Entry, Lack, Ledger, State
from registry.records.model import Extension
from webhook.controller.credentials.caches import Caches
from webhook.controller.credentials.facts import Due, Namespace, due_in
from webhook.controller.credentials.ledgers import Ledgers
from webhook.controller.credentials.plan import Steps, plan


class Deliveries:
    """Compares what was heard with what the ledgers say. It calls nobody."""

    def __init__(self, caches: Caches, ledgers: Ledgers) -> None:
        self._caches = caches
        self._ledgers = ledgers
        self._counts = _Counts(-1)

    def ids(self, namespace: Namespace) -> set[str]:
        """The Extensions that may concern *namespace*: all that are registered, and those of its ledger."""
        return {*self._caches.records, *map(extension_in, self._ledgers.of(namespace).entries)}

    def lacking(self, namespace: Namespace, ids: Iterable[str], now: int) -> dict[str, int]:
        """Which of the Extensions *ids* have something to be done in *namespace*, and how much."""
        entries = self._ledgers.of(namespace).entries
        if not (namespace.opts_in or entries):
            return {}
        counts = {id_: self._steps(namespace, id_, entries, now).count for id_ in ids}
        return {id_: count for id_, count in counts.items() if count}

    def secrets_of(self, id_: str) -> set[str]:
        """The names of the source Secrets of the Extension *id_*."""
        record = self._caches.records.get(id_)
        if not isinstance(record, Extension):
            return set()
        return {c.secret_ref.name for service in record.services for c in service.credentials if c.secret_ref}

    def are_settled(self, namespace: str, copies: Iterable[str]) -> bool:
        """True if none of *copies* is due in *namespace* and not delivered: there is nothing to wait for."""
        found = self._caches.namespaces.get(namespace)
        if found is None:
            return False
        return all(self._is_settled(found, name) for name in copies)

    def _is_settled(self, namespace: Namespace, name: str) -> bool:
        entry = self._ledgers.of(namespace).entries.get(name)
        if entry is not None and entry.state is State.DELIVERED:
            return True
        due = self._due(namespace, extension_in(name))
        return due is not None and name not in due

    def totals(self) -> tuple[int, dict[str, int]]:
        """How many copies are delivered; by reason, how many cannot be."""
        entries = [entry for stored in self._ledgers.stored.values() for entry in stored.ledger.entries.values()]
        delivered = sum(entry.state is State.DELIVERED for entry in entries)
        waiting = Counter(entry.why for entry in entries if entry.why)
        return delivered, {lack: waiting[lack] for lack in Lack}

    def delivered_to(self, id_: str) -> int:
        """The number of namespaces to which any credentials of the Extension *id_* are delivered."""
        return self._count().delivered[id_]

    def refused_by(self, id_: str) -> Mapping[Lack, int]:
        """By reason, the number of namespaces in which a copy of the Extension *id_* cannot be written."""
        found = self._count().refused
        return {lack: found[id_, lack] for lack in Lack if lack is not Lack.SOURCE and found[id_, lack]}

    def _count(self) -> "_Counts":
        version = self._ledgers.version
        if self._counts.version != version:
            self._counts = _Counts(version)
            for stored in self._ledgers.stored.values():
                self._counts.add(stored.ledger)
        return self._counts

    def _due(self, namespace: Namespace, id_: str) -> Mapping[str, Due] | None:
        """What is due of the Extension *id_*; None if it cannot be read."""
        record = self._caches.records.get(id_)
        if record is None:
            return {}
        return due_in(namespace, record) if isinstance(record, Extension) else None

    def _steps(self, namespace: Namespace, id_: str, entries: Mapping[str, Entry], now: int) -> Steps:
        due = self._due(namespace, id_)
        if due is None:
            return Steps()
        sources = self._caches.sources
        read = {each.secret: sources.get(each.secret) for each in due.values()}
        names = due.keys() | {name for name in entries if extension_in(name) == id_}
        return plan(names, due, read, Ledger(entries), now=now)


@dataclass(slots=True)
class _Counts:
    """In how many namespaces something is delivered or cannot be.

    Attributes:
        version: Of the ledgers that were counted.
        delivered: By Extension.
        refused: By Extension and ``Lack``.
    """

    version: int
    delivered: Counter[str] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, ledger: Ledger) -> None:
        """Count the namespace of *ledger*."""
        entries = ledger.entries.items()
        self.delivered.update({extension_in(name) for name, entry in entries if entry.state is State.DELIVERED})
        self.refused.update({(extension_in(name), entry.why) for name, entry in entries if entry.why})
