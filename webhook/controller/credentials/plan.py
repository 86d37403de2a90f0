"""Which copies of a namespace are to be removed, written or added. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from registry.delivery.ledger import Entry, Lack, Ledger, State
from webhook.controller.credentials.facts import Due, Source

# Seconds after which what was removed is removed once more: by then no request of an earlier leader, however late,
# can bring it back.
LATE: Final = 90


@dataclass(slots=True)
class Steps:
    """What is to be done for one namespace, in this order.

    Attributes:
        remove: Copies that may be there and must not be.
        refresh: Copies that are there: overwritten, and not created if they are gone after all.
        add: Copies that may not be there yet.
        waiting: Entries that are due and cannot be delivered.
        forget: Entries that say nothing any more.
        unread: Sources that would be needed and were not read.
    """

    remove: list[str] = field(default_factory=list)
    refresh: list[Due] = field(default_factory=list)
    add: list[Due] = field(default_factory=list)
    waiting: dict[str, Lack] = field(default_factory=dict)
    forget: list[str] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        """True if there is anything to do."""
        return self.count > 0

    @property
    def count(self) -> int:
        """How much there is to do."""
        return len(self.remove) + len(self.refresh) + len(self.add) + len(self.waiting) + len(self.forget)


def plan(
    names: Iterable[str],
    due: Mapping[str, Due],
    sources: Mapping[str, Source | None],
    ledger: Ledger,
    *,
    now: int,
    sweep: bool = False,
) -> Steps:
    """Compare what is *due* with what the *ledger* says.

    Args:
        names: The copies to look at.
        sources: By name; None for one that is not there. What is due from a source that is not among them stays as it
            is.
        now: Unix time in seconds.
        sweep: Write also what is delivered, whoever may have removed or changed it.
    """
    steps = Steps()
    for name in sorted(names):
        entry, wanted = ledger.entries.get(name), due.get(name)
        if wanted is None:
            _plan_removal(steps, name, entry, now)
        elif wanted.secret not in sources:
            steps.unread.add(wanted.secret)
        elif wanted.content(sources[wanted.secret]) is None:
            _plan_waiting(steps, name, entry)
        elif entry is None or entry.state is not State.DELIVERED:
            steps.add.append(wanted)
        elif sweep or not _is_current(entry, wanted, sources[wanted.secret]):
            steps.refresh.append(wanted)
    return steps


def _plan_removal(steps: Steps, name: str, entry: Entry | None, now: int) -> None:
    if entry is None:
        return
    if entry.state is State.WAITING:
        steps.forget.append(name)
    elif entry.may_be_there or now - entry.since >= LATE:
        steps.remove.append(name)


def _plan_waiting(steps: Steps, name: str, entry: Entry | None) -> None:
    if entry is not None and entry.may_be_there:
        steps.remove.append(name)
    if entry is None or entry.state is not State.WAITING or entry.why != Lack.SOURCE:
        steps.waiting[name] = Lack.SOURCE


def _is_current(entry: Entry, wanted: Due, source: Source | None) -> bool:
    return source is not None and entry.shape == wanted.copy.shape and entry.source == source.version
