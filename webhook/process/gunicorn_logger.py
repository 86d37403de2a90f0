"""EDGE: gunicorn's own log, as a part of ours."""

from typing import Any

from gunicorn import glogging


class GunicornLogger(glogging.Logger):  # type: ignore[misc]  # gunicorn ships no types
    """Leaves the format and destination of log lines to the root logger."""

    def setup(self, cfg: Any) -> None:
        """Configure the logger, and take its own handlers away."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
