"""The state of the controller, for probes and metrics. Names, states and times; no secrets."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

# Seconds. Longer than one turn of the loop in which every call takes its full time limit.
STUCK: Final = 180.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """How far the delivery of credentials is.

    Attributes:
        delivered: Copies that are there.
        waiting: By reason, copies that are due and cannot be delivered.
        oldest: For how long the oldest of what is to be done has waited, in seconds.
        sweeps: How often all copies have been written again.
    """

    delivered: int = 0
    waiting: Mapping[str, int] = field(default_factory=dict)
    oldest: float = 0.0
    sweeps: int = 0


@dataclass(slots=True)
class Status:
    """Written by the loop and the election, read by the health endpoint. Each field is replaced as a whole.

    Attributes:
        leader: True while this process leads.
        problems: What is wrong now, by the name of the duty, or "election".
        expiries: When each certificate expires.
        step: The current step of a rotation of the certificate authority.
        called_before: How many configurations are called before ours but should not be.
        pods_waiting: How many pods wait at our gate.
        delivery: How far the credentials are; None if this process does not deliver any.
        extensions: How many Extensions are "ready", and how many "not_ready"; empty until they are known.
    """

    clock: Callable[[], float] = time.monotonic
    leader: bool = False
    problems: dict[str, str] = field(default_factory=dict)
    expiries: dict[str, datetime] = field(default_factory=dict)
    step: int = 0
    called_before: int = 0
    pods_waiting: int = 0
    delivery: Delivery | None = None
    extensions: dict[str, int] = field(default_factory=dict)
    _turned: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def turned(self, loop: str) -> None:
        """Record that *loop* has finished a turn, or begins."""
        self._turned[loop] = self.clock()

    def set_problem(self, who: str, problem: str) -> None:
        """Record what is wrong with *who* now; empty = nothing."""
        with self._lock:  # The election and the loop run in different threads.
            others = {name: text for name, text in self.problems.items() if name != who}
            self.problems = others | ({who: problem} if problem else {})

    def healthy(self) -> tuple[bool, str]:
        """Whether all loops are alive, and how long ago the last turn of the slowest one ended."""
        age = self.clock() - min(self._turned.values(), default=self.clock())
        return age < STUCK, f"last turn {age:.0f} s ago"

    def ready(self) -> tuple[bool, str]:
        """Whether there is no problem; the problems, or whether this process is the leader."""
        if self.problems:
            return False, "\n".join(f"{who}: {problem}" for who, problem in sorted(self.problems.items()))
        return True, "leader" if self.leader else "standby"
