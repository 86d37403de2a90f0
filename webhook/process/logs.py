"""EDGE: logs as lines of JSON, written without waiting: a reader that hangs costs lines, not answers."""

import json
import logging
import os
import select
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

_PACKAGES: Final = ("webhook", "renderer", "registry")
_ROOT: Final = Path(__file__).parents[2]

_log = logging.getLogger(__name__)


class JsonFormatter(logging.Formatter):
    """Writes a record whose message is a mapping as its fields, any other as the field *message*.

    Of an exception only type and places are written: its text may hold values.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Give the line."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"time": time, "level": record.levelname.lower(), "logger": record.name}
        if isinstance(record.msg, Mapping):
            line.update(record.msg)
        else:
            line["message"] = record.getMessage()
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            frames = traceback.extract_tb(record.exc_info[2])
            line["at"] = [f"{frame.filename}:{frame.lineno}" for frame in frames[-8:]]
        try:
            return msgspec.json.encode(line, enc_hook=str).decode()
        except UnicodeEncodeError:  # Half a character, which UTF-8 cannot write.
            return json.dumps(line, default=str)


class DroppingHandler(logging.Handler):
    """Writes lines to a file descriptor, and drops them while that would wait."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)
        self._dropped = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line, preceded by how many were dropped before it."""
        if not any(event & select.POLLOUT for _, event in self._poll.poll(0)):
            self._dropped += 1
            return
        try:
            line = self.format(record) + "\n"
            if self._dropped:
                line = json.dumps({"level": "warning", "dropped": self._dropped}) + "\n" + line
                self._dropped = 0
            os.write(self._descriptor, line.encode())
        except Exception:  # The usual way would print the record, values and all.
            self._dropped += 1


def configure(level: int = logging.INFO) -> None:
    """Send all logs to stderr, unless the program has other plans for them."""
    root = logging.getLogger()
    if root.handlers:
        return
    handler = DroppingHandler(sys.stderr.fileno())
    handler.setFormatter(JsonFormatter())
    root.addHandler(handler)
    root.setLevel(level)


def say_error(text: str) -> None:
    """Say on stderr why this process ends: as a line of the log if it has one, else for a person."""
    if any(isinstance(handler, DroppingHandler) for handler in logging.getLogger().handlers):
        _log.error("%s", text)
    else:
        sys.stderr.write(f"error: {text}\n")


def log_defect(error: Exception, log: logging.Logger) -> None:
    """Log what went wrong and where in our code; the exception's own text may hold values."""
    log.error("%s at %s", type(error).__name__, " < ".join(_own_frames(error)) or "unknown")


def _own_frames(e: Exception) -> list[str]:
    """Places in our own code that *e* came through, the innermost first, the nearest five."""
    places = []
    for frame, line in traceback.walk_tb(e.__traceback__):
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(_ROOT) and path.relative_to(_ROOT).parts[0] in _PACKAGES:
            places.append(f"{path.relative_to(_ROOT)}:{line}")
    return places[-5:][::-1]
