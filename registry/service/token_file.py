"""EDGE: tokens in a file: whoever has one may do everything."""

import hmac
import threading
from pathlib import Path
from typing import Final

from registry.errors import UnreadableError
from registry.service.access import Caller, Verb, bearer_token, unauthenticated

# Fewer characters can be guessed.
MIN_LENGTH: Final = 16
_MAX_BYTES: Final = 1024 * 1024


class TokenFile:
    """The tokens in a *file*, one in each line. A file that has changed is read again.

    Raises:
        UnreadableError: It cannot be read, or holds no token that will do.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._tokens: tuple[bytes, ...] = ()
        self._current()

    def caller(self, authorization: str) -> Caller:
        """Somebody with a token of the file. While that cannot be read, nobody is."""
        token = bearer_token(authorization).encode()
        try:
            tokens = self._current()
        except UnreadableError:
            tokens = ()
        # All are compared, so that the time tells nothing of where a difference is.
        fits = [hmac.compare_digest(token, known) for known in tokens]
        if not any(fits):
            raise unauthenticated("the bearer token is not one of those that this service knows")
        return Caller("token")

    def allows(self, caller: Caller, verb: Verb, extension_id: str) -> bool:
        """True."""
        return True

    def _current(self) -> tuple[bytes, ...]:
        with self._lock:
            try:
                found = self._file.stat()
                stamp = (found.st_mtime_ns, found.st_ino, found.st_size)
                if stamp != self._stamp:
                    self._tokens = _tokens(self._file)
                    self._stamp = stamp
            except OSError as e:
                raise UnreadableError(f"{self._file}: {(e.strerror or 'unreadable').lower()}") from e
            return self._tokens


def _tokens(file: Path) -> tuple[bytes, ...]:
    with file.open("rb") as content:
        lines = [line.strip() for line in content.read(_MAX_BYTES).splitlines()]
    tokens = tuple(line for line in lines if line and not line.startswith(b"#"))
    if not tokens:
        raise UnreadableError(f"{file}: holds no token; write one in a line of its own")
    if any(len(token) < MIN_LENGTH for token in tokens):
        raise UnreadableError(f"{file}: holds a token of fewer than {MIN_LENGTH} characters, which can be guessed")
    return tokens
