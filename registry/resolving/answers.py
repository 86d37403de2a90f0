"""Answers that are worked out once for as long as a snapshot of the registry lives. Pure."""

from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

A = TypeVar("A")
# A registry in use is asked the same few things; the limit only keeps the memory bounded.
MOST_ANSWERS: Final = 4096


class Answers(Generic[A]):
    """A cache of answers, each kept under the question that it answers."""

    def __init__(self) -> None:
        self._answers: dict[Hashable, A] = {}

    def get(self, question: Hashable, work_out: Callable[[], A]) -> A:
        """The answer to *question*; *work_out* gives it if it is not known."""
        try:
            return self._answers[question]
        except KeyError:
            if len(self._answers) >= MOST_ANSWERS:
                self._answers.clear()
            return self._answers.setdefault(question, work_out())
