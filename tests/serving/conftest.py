"""Servers for the tests of this folder: one of a test's own, and one that tests share."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.serving.running_server import STAGE, Running, Start, make_pair


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a server that ends with the test, whatever comes of it: `start(workers=2)`, see `Running`.

    `registry` is the number of extensions, None for no registry. `wait=False` returns before the server answers.
    """
    with ExitStack() as running:
        count = 0

        def start(*, registry: str | None = "3", wait: bool = True, **options: Any) -> Running:
            nonlocal count
            count += 1
            folder = tmp_path / f"server-{count}"
            folder.mkdir()
            make_pair(folder)
            if registry is not None:
                (folder / "registry").write_text(registry)
            server = running.enter_context(Running(folder, **options))
            return server.started() if wait else server

        yield start


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that the tests of a module share, since they leave it as it was. Its limits are low."""
    folder = tmp_path_factory.mktemp("shared")
    make_pair(folder)
    (folder / "registry").write_text("3")
    limits = {
        "HANDSHAKE": STAGE,
        "REQUEST": STAGE,
        "LINGER": 0.5,
        "TICK": 0.1,
        "CONNECTIONS": 100,
        "BYTES": 4_000_000,
    }
    with Running(folder, limits=limits) as running:
        yield running.started()
