"""When the copies that are there are to be written again.

Nobody hears of a copy that somebody with the right to do so has deleted or changed, nor of a late request of the
process that led before.
"""

import random
from collections.abc import Iterable
from typing import Final

from webhook.controller.credentials.plan import LATE

# Seconds between two sweeps.
_INTERVAL: Final = 1800.0

# Spreads the sweeps. It has no state that others could depend on.
_JITTER: Final = random.SystemRandom()


class Sweeps:
    """The namespaces of a sweep, one by one.

    Attributes:
        ended: How many sweeps have ended.
    """

    def __init__(self) -> None:
        self.ended = 0
        self._next = float("inf")
        self._left: list[str] = []

    def plan_after_late_requests(self, now: float) -> None:
        """Sweep as soon as no request that was sent until *now* can still take effect."""
        self._next = min(self._next, now + LATE)

    def next_namespace(self, namespaces: Iterable[str], now: float) -> str | None:
        """The namespace whose copies are to be written again now, if any.

        Args:
            namespaces: All that have copies; a sweep that begins takes these.
        """
        if now >= self._next:
            self._next = now + _INTERVAL * _JITTER.uniform(0.8, 1.2)
            self._left = list(namespaces)
        return self._left.pop() if self._left else None

    def note_end(self) -> None:
        """Count a sweep, if the namespace that was given last was the last one."""
        self.ended += not self._left
