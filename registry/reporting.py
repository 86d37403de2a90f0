"""EDGE: logs problems that last, without repeating them."""

import logging


class OngoingProblem:
    """Something that may be wrong for a while: logged when it begins, when it changes and when it is over.

    It is for one thread at a time.

    Args:
        log: The logger of whoever has the problem.
        level: The level at which the problem is logged; its end is logged as INFO.
    """

    def __init__(self, log: logging.Logger, *, level: int = logging.ERROR) -> None:
        self._log = log
        self._level = level
        self._message = ""

    def __bool__(self) -> bool:
        """True while there is a problem."""
        return bool(self._message)

    def report(self, message: str) -> bool:
        """Log *message*, unless it is what was reported last; True if it was logged."""
        if message == self._message:
            return False
        self._message = message
        self._log.log(self._level, "%s", message)
        return True

    def over(self, message: str) -> bool:
        """Log *message*, if there was a problem, and note that there is none; True if it was logged."""
        if not self._message:
            return False
        self._message = ""
        self._log.info("%s", message)
        return True
