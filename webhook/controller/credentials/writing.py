"""EDGE: carries out the steps for one namespace: ledger, removals, copies, ledger."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from registry.delivery.ledger import Entry, Lack, State
from webhook.controller.api_calls import ClusterError
from webhook.controller.credentials.facts import Due, Namespace, Source
from webhook.controller.credentials.ledgers import Ledgers
from webhook.controller.credentials.plan import Steps
from webhook.controller.credentials.secrets import Copies, GoneError, RefusedCopyError


class Report(Protocol):
    """Hears that a copy cannot be delivered, once."""

    def __call__(self, namespace: Namespace, name: str, lack: Lack) -> None: ...  # noqa: D102


# Overwrites a copy, or creates it; returns its metadata.
Write: TypeAlias = Callable[[str, str, Mapping[str, str]], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Guard:
    """What has to hold before a write.

    Attributes:
        check: Raises NotLeaderError if this process must not write.
        prove: Raises ClusterError unless a policy keeps this process and all others to their own Secrets.
        pace: Returns when the next write of a copy may go out.
    """

    check: Callable[[], None]
    prove: Callable[[], None]
    pace: Callable[[], None] = lambda: None


@dataclass(slots=True)
class Done:
    """What a round has done in one namespace.

    Attributes:
        mine: What this process has written. It may correct that even if another process leads by now: what it wrote
            late must not stay.
        refused: The copies that the API server does not accept.
    """

    mine: dict[str, Entry] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Writer:
    """Writes what one namespace is to have.

    Attributes:
        has_written: True if any copy was written or removed.
        failures: What could not be done, and is to be tried again.
    """

    namespace: Namespace
    sources: Mapping[str, Source | None]
    copies: Copies
    ledgers: Ledgers
    guard: Guard
    report: Report
    now: int
    done: Done = field(default_factory=Done)
    has_written: bool = False
    failures: list[ClusterError] = field(default_factory=list)

    def known(self) -> dict[str, Entry]:
        """What is known of the copies: what the ledger says, and what was written in this round."""
        return {**self.ledgers.of(self.namespace).entries, **self.done.mine}

    def carry_out(self, steps: Steps) -> None:
        """Do it.

        Raises:
            ClusterError: The ledger cannot be written, or the API server does not answer. What was done is in the
                ledger, or the ledger says that it may have been.
            NotLeaderError: Another process may act.
        """
        entries = self.known()
        known = dict(entries)
        if steps.add:
            # From here on, whoever leads next knows that these may be there.
            entries |= {due.copy.name: Entry(State.WRITING, due.copy.shape) for due in steps.add}
            self._save(entries)
        try:
            for name in steps.remove:
                self._remove(name, entries)
            for due in steps.refresh:
                self._write(due, self.copies.replace, entries, known)
            for due in steps.add:
                self._write(due, self.copies.create, entries, known)
        finally:
            entries |= {name: Entry(State.WAITING, why=lack) for name, lack in steps.waiting.items()}
            for name in steps.forget:
                entries.pop(name, None)
            self._save(entries)

    def _save(self, entries: Mapping[str, Entry]) -> None:
        if entries != self.ledgers.of(self.namespace).entries:
            self.guard.check()
            self.ledgers.write(self.namespace, entries)

    def _remove(self, name: str, entries: dict[str, Entry]) -> None:
        entry = entries[name]
        if name not in self.done.mine:
            self.guard.check()
        self.has_written = True
        if not self.copies.delete(self.namespace.name, name, entry.uid):
            # Another was written since, which must not be there either.
            self.guard.check()
            self.copies.delete(self.namespace.name, name, "")
        if entry.state is State.REMOVED:
            del entries[name]
            self.done.mine.pop(name, None)
        else:
            entries[name] = self.done.mine[name] = Entry(State.REMOVED, since=self.now)

    def _write(self, due: Due, write: Write, entries: dict[str, Entry], known: Mapping[str, Entry]) -> None:
        name, source = due.copy.name, self.sources[due.secret]
        content = due.content(source)
        if source is None or content is None:
            return  # A plan that writes it has seen both.
        if name not in self.done.mine:
            self.guard.check()
        self.guard.prove()
        self.guard.pace()
        self.has_written = True  # Also if no answer comes.
        try:
            uid = write(self.namespace.name, name, content)["uid"]
        except GoneError as e:
            if write == self.copies.create:
                self.failures.append(e)
            else:
                entries[name] = Entry(State.REMOVED, since=self.now)
        except RefusedCopyError as e:
            self.failures.append(e)
            self.done.refused.add(name)
            before = known.get(name)
            may_be_there = before is not None and before.may_be_there and e.lack is not Lack.TAKEN
            entries[name] = Entry(State.WRITING if may_be_there else State.WAITING, why=e.lack)
            if before is None or before.why != e.lack:
                self.report(self.namespace, name, e.lack)
        else:
            entries[name] = self.done.mine[name] = Entry(State.DELIVERED, due.copy.shape, source.version, uid)
