"""Start daemons in sessions of their own, find them again, and stop exactly those."""

import hashlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from tests.cluster.paths import STATE

# Every daemon has its name and a digest of its command in its environment. A pid in a file may belong to another
# process by the time it is read; an environment stays with its process.
MARK = "FUSEML_CLUSTER_DAEMON"
# Not the whole environment: proxy settings or another cluster's KUBECONFIG would mislead a daemon.
ENV = {"PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin", "HOME": str(STATE)}


class Daemon(NamedTuple):
    """A process that we started and that still runs."""

    pid: int
    digest: str


def start(name: str, *command: object, env: dict[str, str] | None = None, reads: Iterable[Path] = ()) -> bool:
    """Start a daemon unless it runs; restart it if its command or a file that it *reads* has changed.

    Returns:
        Whether it was started.
    """
    words = [str(word) for word in command]
    digest = _digest(words, env or {}, reads)
    if daemon := running().get(name):
        if daemon.digest == digest:
            return False
        print(f"{name} has changed: restarting it", flush=True)
        stop(name)
    (STATE / "logs").mkdir(parents=True, exist_ok=True)
    with (STATE / f"logs/{name}.log").open("ab") as log:
        subprocess.run(
            ["setsid", "--fork", *words],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=ENV | (env or {}) | {MARK: f"{STATE}:{name}:{digest}"},
            cwd="/",
            check=True,
            timeout=30,
        )
    _await_exec(name, words[0])
    return True


def running() -> dict[str, Daemon]:
    """Our running daemons by name."""
    found = {}
    for pid in _pids():
        state, _, rest = _mark(pid).partition(":")
        name, _, digest = rest.partition(":")
        # Children of a daemon inherit its mark, but lead no session.
        if state == str(STATE) and _leads_session(pid):
            found[name] = Daemon(pid, digest)
    return found


def stop(name: str, number: signal.Signals = signal.SIGTERM) -> None:
    """Stop a daemon and wait for its end; kill it if that takes too long."""
    daemon = running().get(name)
    if daemon and not kill(daemon.pid, number, seconds=15, ours=lambda: _is(name, daemon)):
        kill(daemon.pid, signal.SIGKILL, seconds=5, ours=lambda: _is(name, daemon))


def kill(pid: int, number: signal.Signals, *, seconds: float, ours: Callable[[], bool]) -> bool:
    """Send a signal to a process if it is still *ours*, and wait for its end; return whether it ended."""
    with _process(pid) as process:
        # The descriptor stays with one process even if its pid is reused: the check holds for the signal.
        if process is None or not ours():
            return True
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(process, number)
        return bool(select.select([process], [], [], seconds)[0])


def wait(name: str, ready: Callable[[], object], seconds: float = 180) -> None:
    """Wait until a daemon is *ready*; fail at once if it has ended."""
    deadline = time.monotonic() + seconds
    while not ready():
        if name not in running():
            raise SystemExit(f"{name} has ended:\n{last_words(name)}")
        if time.monotonic() > deadline:
            raise SystemExit(f"{name} is not ready after {seconds:.0f} s; see {STATE}/logs/{name}.log")
        time.sleep(0.3)


def last_words(name: str) -> str:
    """The end of a daemon's log."""
    return "\n".join((STATE / f"logs/{name}.log").read_text(errors="replace").splitlines()[-15:])


def shims(socket: Path) -> list[int]:
    """The container shims of our containerd."""
    return [pid for pid in _pids() if is_shim(pid, socket)]


def is_shim(pid: int, socket: Path) -> bool:
    """True if a process is a shim of the containerd that listens on *socket*."""
    # A zombie has an empty command line, and so counts as ended.
    command = _read(pid, "cmdline")
    return "containerd-shim" in command[0] and str(socket) in command


def _await_exec(name: str, program: str) -> None:
    """Wait until a daemon runs its program.

    `setsid --fork` returns before its child leads a session and runs the program. Until then `running` does not list
    it, and it would be taken for a daemon that has ended.
    """
    deadline = time.monotonic() + 15
    while not ((daemon := running().get(name)) and _read(daemon.pid, "cmdline")[0] == program):
        if time.monotonic() > deadline:
            raise SystemExit(f"{name} does not run:\n{last_words(name)}")
        time.sleep(0.01)


def _digest(words: list[str], env: dict[str, str], reads: Iterable[Path]) -> str:
    digest = hashlib.sha256(repr((words, sorted(env.items()))).encode())
    for file in reads:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _is(name: str, daemon: Daemon) -> bool:
    return _mark(daemon.pid) == f"{STATE}:{name}:{daemon.digest}"


def _mark(pid: int) -> str:
    start = f"{MARK}="
    return next((entry.removeprefix(start) for entry in _read(pid, "environ") if entry.startswith(start)), "")


def _read(pid: int, what: str) -> list[str]:
    try:
        return Path(f"/proc/{pid}/{what}").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
    except OSError:
        return [""]


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _leads_session(pid: int) -> bool:
    try:
        return os.getsid(pid) == pid
    except ProcessLookupError:
        return False


@contextmanager
def _process(pid: int) -> Iterator[int | None]:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)
