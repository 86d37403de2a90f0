"""How often something that fails, or had to be tried again, may be tried: less and less often. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

# Seconds.
SHORTEST: Final = 1.0
LONGEST: Final = 60.0


@dataclass(slots=True)
class Backoff:
    """By key, when each may be tried again."""

    _until: dict[str, tuple[float, float]] = field(default_factory=dict)

    def allows(self, key: str, now: float) -> bool:
        """True if it may be tried now.

        Args:
            now: In seconds, of any clock that does not go back.
        """
        return now >= self._until.get(key, (0.0, now))[1]

    def note(self, keys: Iterable[str], now: float) -> None:
        """Note that these were tried, each once, however often it is given."""
        # What has been well for longer than it would have had to wait is forgotten.
        self._until = {key: (pause, end) for key, (pause, end) in self._until.items() if now < end + 2 * LONGEST}
        for key in set(keys):
            pause, _ = self._until.get(key, (SHORTEST / 2, now))
            pause = min(pause * 2, LONGEST)
            self._until[key] = (pause, now + pause)
