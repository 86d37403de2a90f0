"""The daemons of the tests' own cluster: known as soon as they are started, and missed when they have ended."""

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import processes

SLEEP = ("/bin/sleep", "60")


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(processes, "STATE", tmp_path)
    yield
    for name in processes.running():
        processes.stop(name, signal.SIGKILL)
    assert not processes.running()


def test_a_daemon_is_known_when_it_is_started_on_a_busy_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = tmp_path / "bin/setsid"
    slow.parent.mkdir()
    slow.write_text(f'#!/bin/sh\n(sleep 0.5; exec {shutil.which("setsid")} "$@") &\n')
    slow.chmod(0o755)
    monkeypatch.setitem(processes.ENV, "PATH", f"{slow.parent}:{processes.ENV['PATH']}")

    processes.start("one", *SLEEP)

    assert list(processes.running()) == ["one"]


def test_a_daemon_is_started_once_and_anew_when_it_has_changed() -> None:
    assert processes.start("one", *SLEEP)
    first = processes.running()["one"]

    assert not processes.start("one", *SLEEP)
    assert processes.running()["one"] == first

    assert processes.start("one", *SLEEP, env={"X": "1"})
    assert processes.running()["one"].pid != first.pid


def test_the_last_words_of_a_daemon_that_ends_are_told(tmp_path: Path) -> None:
    go = tmp_path / "go"
    processes.start("one", "/bin/sh", "-c", f"until test -e {go}; do sleep 0.1; done; echo no such flag; exit 1")

    go.touch()

    with pytest.raises(SystemExit, match="one has ended:\nno such flag"):
        processes.wait("one", lambda: False)
