"""Prints measurements while tests run."""

import sys
from collections.abc import Callable

import pytest


@pytest.fixture(scope="session")
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Print a line at once: a person or a CI log waits for it."""

    def tell(text: str) -> None:
        capture = request.config.pluginmanager.getplugin("capturemanager")
        with capture.global_and_fixture_disabled():
            # pytest-xdist discards the standard output of its workers.
            print(f"\n# {text}", flush=True, file=sys.stderr if is_worker(request.config) else None)

    return tell


def is_worker(config: pytest.Config) -> bool:
    """True in a worker of pytest-xdist."""
    return hasattr(config, "workerinput")
