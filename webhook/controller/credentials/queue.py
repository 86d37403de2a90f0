"""What is to be done, and when it may be tried. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from webhook.controller.backoff import Backoff

# Copies of one round. More take so long that what has changed in between would have to wait.
BATCH: Final = 200


@dataclass(slots=True)
class Queue:
    """For each namespace, the Extensions to look at, in the order in which they came."""

    _pending: dict[str, dict[str, int]] = field(default_factory=dict)
    _since: dict[str, float] = field(default_factory=dict)
    _backoff: Backoff = field(default_factory=Backoff)

    def __len__(self) -> int:
        """How many namespaces wait."""
        return len(self._pending)

    def add(self, namespace: str, counts: Mapping[str, int], now: float) -> None:
        """Add the Extensions of *counts*, which come with the number of their copies."""
        if counts:
            self._pending.setdefault(namespace, {}).update(counts)
            self._since.setdefault(namespace, now)

    def oldest(self, now: float) -> float:
        """For how long the first one has waited, in seconds."""
        return max((now - since for since in self._since.values()), default=0.0)

    def batch(self, now: float) -> dict[str, frozenset[str]]:
        """The next Extensions by namespace, not much more than BATCH copies."""
        taken: dict[str, frozenset[str]] = {}
        count = 0
        for namespace, counts in self._pending.items():
            if count >= BATCH:
                break
            if self._backoff.allows(namespace, now):
                taken[namespace] = frozenset(counts)
                count += sum(counts.values())
        return taken

    def done(self, batch: Mapping[str, frozenset[str]]) -> None:
        """Take out what has been done."""
        for namespace, ids in batch.items():
            counts = self._pending.get(namespace, {})
            for id_ in ids:
                counts.pop(id_, None)
            if not counts:
                self._pending.pop(namespace, None)
                self._since.pop(namespace, None)

    def failed(self, namespace: str, now: float) -> None:
        """Let *namespace* wait, longer with each failure."""
        self._backoff.note([namespace], now)
