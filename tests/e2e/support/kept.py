"""What is kept of a run of the tests, to be searched afterwards for credentials."""

import os

from tests.cluster.paths import STATE

KEPT = STATE / "canary"


def keep_error(text: str) -> None:
    """Keep what a client was shown as an error or a warning; called in all processes of pytest."""
    if text and KEPT.exists():
        with (KEPT / f"shown-{os.getpid()}").open("a") as shown:
            shown.write(f"{text}\n")
