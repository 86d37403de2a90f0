"""The state of the process, for probes and metrics. Names, states and times; no secrets."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

# Longer than one turn with every call at its time limit.
STUCK: Final = 120.0


@dataclass(slots=True)
class Status:
    """Written by the loop and the election, read by the health endpoint; each field is replaced as a whole.

    Attributes:
        leader: True while this process acts.
        problems: By duty, and for the election, what is wrong now.
        expiries: When each certificate expires.
        step: How far a rotation is.
        in_the_way: How many configurations come before ours that must not.
        pods_waiting: How many pods wait at our gate.
    """

    clock: Callable[[], float] = time.monotonic
    leader: bool = False
    problems: dict[str, str] = field(default_factory=dict)
    expiries: dict[str, datetime] = field(default_factory=dict)
    step: int = 0
    in_the_way: int = 0
    pods_waiting: int = 0
    _turned: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        self.turned()

    def turned(self) -> None:
        """The loop is alive."""
        self._turned = self.clock()

    def set_problem(self, who: str, problem: str) -> bool:
        """Note what is wrong with *who* now, empty = nothing; True if that has changed."""
        with self._lock:  # The election and the loop have threads of their own.
            before = self.problems.get(who, "")
            others = {name: text for name, text in self.problems.items() if name != who}
            self.problems = others | ({who: problem} if problem else {})
        return before != problem

    def healthy(self) -> tuple[bool, str]:
        """Whether the loop is alive, and how long ago it was."""
        age = self.clock() - self._turned
        return age < STUCK, f"last turn {age:.0f} s ago"

    def ready(self) -> tuple[bool, str]:
        """Whether all is as it should be, and if not, what."""
        if self.problems:
            return False, "\n".join(f"{who}: {problem}" for who, problem in sorted(self.problems.items()))
        return True, "leader" if self.leader else "standby"
