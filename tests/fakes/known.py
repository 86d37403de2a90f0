"""A stand-in for a store: what is known in every namespace is given, state by state."""

import time

from registry.resolving.index import Index
from registry.stores.namespaces import NamespaceFacts
from registry.stores.store import Known


class FixedRegistry:
    """Knows *index* and *delivered* wherever it is asked; each namespace is a project of its own name.

    Args:
        later: States that come one after the other, each *after* so many seconds, when a refusal waits for one.

    Attributes:
        waits: For how many seconds a refusal was ready to wait, each time.
    """

    def __init__(
        self, index=None, *, delivered=None, facts_of=lambda name: NamespaceFacts(project=name), later=(), after=0.0
    ):
        self.snapshot = index
        self.delivered = delivered
        self.facts_of = facts_of
        self.waits = []
        self._later = list(later)
        self._after = after

    def delivered_to(self, namespace):
        return self.delivered

    def known_in(self, namespace):
        return Known(self.snapshot, self.facts_of(namespace), self.delivered)

    def settle(self):
        """Nothing has been received that is not shown."""

    def newer(self, namespace, than, seconds):
        self.waits.append(seconds)
        time.sleep(self._after)
        return self._later.pop(0) if self._later else None


class Unasked(FixedRegistry):
    """Must not be asked for anything but its index."""

    def __init__(self):
        super().__init__(Index((), "r1"))

    def known_in(self, namespace):
        raise AssertionError("this must not be called")

    settle = newer = known_in
