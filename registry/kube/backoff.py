"""How long to wait before something that failed is tried again. Pure."""

from typing import Final

# Beyond so many doublings the longest pause was reached long ago, and a float would overflow later on.
_MOST_DOUBLINGS: Final = 30


def pause(failures: int, *, first: float, longest: float) -> float:
    """Seconds to wait after *failures* in a row: *first* after none, doubled with each, at most *longest*.

    Who has rivals that fail at the same moment spreads the pauses at random.
    """
    return float(min(first * 2.0 ** min(failures, _MOST_DOUBLINGS), longest))
