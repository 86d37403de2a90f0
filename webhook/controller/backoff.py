"""When something that failed, or had to be repeated, may be tried again: per key, with growing pauses. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from registry.kube.backoff import pause

# Seconds.
SHORTEST: Final = 1.0
LONGEST: Final = 60.0


@dataclass(slots=True)
class Backoff:
    """For each key, how often it was tried and when it may be tried again."""

    _tried: dict[str, tuple[int, float]] = field(default_factory=dict)

    def allows(self, key: str, now: float) -> bool:
        """True if *key* may be tried now.

        Args:
            now: In seconds, from a clock that never goes backwards.
        """
        return now >= self._tried.get(key, (0, now))[1]

    def note(self, keys: Iterable[str], now: float) -> None:
        """Record that *keys* were tried just now. A key that is given several times counts once."""
        # A key that was not tried again for two longest pauses after its own has recovered: it is forgotten.
        self._tried = {key: (times, end) for key, (times, end) in self._tried.items() if now < end + 2 * LONGEST}
        for key in set(keys):
            times, _ = self._tried.get(key, (0, now))
            self._tried[key] = (times + 1, now + pause(times, first=SHORTEST, longest=LONGEST))
