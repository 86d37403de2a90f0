"""Start daemons in sessions of their own, and stop exactly those."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.cluster.paths import STATE


def start(name: str, *command: object, env: dict[str, str] | None = None) -> None:
    """Start a daemon, unless it runs already."""
    if running(name):
        return
    for folder in ("pids", "logs"):
        (STATE / folder).mkdir(parents=True, exist_ok=True)
    with (STATE / f"logs/{name}.log").open("ab") as log:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=os.environ | (env or {}),
            cwd="/",
            start_new_session=True,
        )
    # The command line is checked before a kill: a pid may be another's by then.
    (STATE / f"pids/{name}").write_text(f"{process.pid}\n{command[0]}")


def running(name: str) -> int | None:
    """The pid of a daemon that we started and that still runs."""
    try:
        pid, program = (STATE / f"pids/{name}").read_text().split("\n")
    except FileNotFoundError:
        return None
    return int(pid) if _command(int(pid))[:1] == [program] else None


def stop(name: str, number: signal.Signals = signal.SIGTERM) -> None:
    """Stop a daemon; kill it when it takes too long."""
    if pid := running(name):
        os.kill(pid, number)
        if not _ends(name, 15) and (pid := running(name)):
            os.kill(pid, signal.SIGKILL)
            _ends(name, 5)
    (STATE / f"pids/{name}").unlink(missing_ok=True)


def wait(what: str, ready: Callable[[], object], seconds: float = 90) -> None:
    """Wait until *ready*."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise SystemExit(f"{what}: not ready after {seconds:.0f} s; see {STATE}/logs")
        time.sleep(0.3)


def shims(socket: Path) -> list[int]:
    """The container shims of our containerd."""
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if "containerd-shim" in "".join(_command(pid)[:1]) and str(socket) in _command(pid)]


def _command(pid: int) -> list[str]:
    """A zombie has an empty command line, and so counts as ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
    except OSError:
        return []


def _ends(name: str, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while running(name) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not running(name)
