"""How much one object may ask for, and what helps if it asks for more. Pure.

Work grows with each of these. Real runs stay far below; docs/limits.md has a table of all limits.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from webhook.adapters.annotations.names import RUN_SELECTORS
from webhook.adapters.layout import Finding
from webhook.adapters.step import Step
from webhook.errors import Reason

MAX_SELECTORS: Final = 256  # that differ: one that several steps have counts once
MAX_STEPS: Final = 5_000
MAX_GIVEN: Final = 20_000
MAX_EXPRESSIONS: Final = 10_000

_ONCE = f"write the same selector for several steps, best once, under '*' in the annotation {RUN_SELECTORS}"
_SPLIT = "split it into several"


def too_many_steps(steps: Sequence[Step]) -> Iterator[Finding]:
    """What is wrong with the number of *steps* that ask, and of the selectors that they have together."""
    if len(steps) > MAX_STEPS:
        yield _finding(f"{len(steps)} steps ask; {MAX_STEPS} are the limit: {_SPLIT}")
    given = sum(len(b.content) for step in steps for b in step.blocks if isinstance(b.content, list))
    if given > MAX_GIVEN:
        advice = f"name only the steps that need them, or {_SPLIT}"
        yield _finding(f"its steps have {given} selectors together; {MAX_GIVEN} are the limit: {advice}")


def too_many_selectors(count: int) -> Iterator[Finding]:
    """What is wrong with *count* different selectors."""
    if count > MAX_SELECTORS:
        yield _finding(
            f"the object holds {count} different selectors; {MAX_SELECTORS} are the limit: {_ONCE}, or {_SPLIT}"
        )


def too_many_expressions(count: int) -> Iterator[Finding]:
    """What is wrong with *count* expressions."""
    if count > MAX_EXPRESSIONS:
        advice = f"give a variable the value once, and use $(NAME), or {_SPLIT}"
        yield _finding(f"the object holds more than {MAX_EXPRESSIONS} expressions, which are the limit: {advice}")


def _finding(message: str) -> Finding:
    return Finding("", message, reason=Reason.LIMIT)
