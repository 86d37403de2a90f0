"""The node that tests/cluster starts, for what an ordinary user of a cluster cannot do."""

import base64
import json
import os
import signal
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.cluster import build, cert_manager, cgroups, engines, images, lifecycle
from tests.cluster.paths import AUDIT, ETCD, NODE_IP, SERVICES, STATE
from tests.cluster.processes import kill, running, stop

_CUT = "fuseml-e2e-cut-off"
# Keys of etcd in one answer.
PAGE = 500


class Usage(NamedTuple):
    """Of processes."""

    seconds: float  # of processor time
    memory: int  # in bytes, resident


class AuditPosition(NamedTuple):
    """A place in the audit log."""

    file: int  # inode: the file gets another name when it is full
    offset: int  # in bytes


class Node:
    """A one-node cluster, its daemons and its files."""

    address = NODE_IP  # of this machine, for pods and the API server
    logs = STATE / "logs"
    build_and_load = staticmethod(images.build_and_load)
    argo_crds = staticmethod(engines.argo_crds)
    cert_manager = staticmethod(cert_manager.installed)
    crash = staticmethod(lifecycle.crash)

    def __init__(self, start: Callable[[], None]) -> None:
        self.start = start  # starts what is not running

    def stop(self, name: str) -> None:
        """Stop one daemon (`kube-apiserver`, `tekton-controller` ...), as an operator would."""
        stop(name, lifecycle.STOPPED_BY[name])

    def kill(self, name: str) -> None:
        """Kill one daemon."""
        daemon = running()[name]
        kill(daemon.pid, signal.SIGKILL, seconds=5, ours=lambda: running().get(name) == daemon)

    def processes(self, pod: dict[str, Any]) -> list[int]:
        """The product's processes in a pod."""
        uid = pod["metadata"]["uid"]
        return [pid for pid in cgroups.members() if _is_in_pod(pid, uid) and _is_ours(pid)]

    def usage(self, pod: dict[str, Any]) -> Usage:
        """What the product's processes in a pod have used until now."""
        fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in self.processes(pod)]
        ticks = sum(int(user) + int(system) for user, system in (words[11:13] for words in fields))
        pages = sum(int(words[21]) for words in fields)
        return Usage(ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE"))

    @contextmanager
    def slowed(self, name: str) -> Iterator[None]:
        """Let a daemon stand still for nine tenths of the time."""
        daemon, ended = running()[name], threading.Event()

        def slow() -> None:
            while not ended.is_set():
                os.kill(daemon.pid, signal.SIGSTOP)
                ended.wait(0.9)
                os.kill(daemon.pid, signal.SIGCONT)
                ended.wait(0.1)

        thread = threading.Thread(target=slow)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    @contextmanager
    def cut_off(self, address: str) -> Iterator[None]:
        """Drop whatever a pod sends to Services, without an answer."""
        _nft("add", "table", "ip", _CUT)
        try:
            _nft("add", "chain", "ip", _CUT, "first", "{ type filter hook prerouting priority raw; }")
            _nft("add", "rule", "ip", _CUT, "first", "ip", "saddr", address, "ip", "daddr", SERVICES, "drop")
            yield
        finally:
            _nft("delete", "table", "ip", _CUT)

    def audit(self, since: AuditPosition) -> Iterator[dict[str, Any]]:
        """The events of the audit log after *since*."""
        for file, start in self.audit_files(since):
            with file.open("rb") as log:
                log.seek(start)
                # The last line may be incomplete.
                yield from (json.loads(line) for line in log if line.endswith(b"\n"))

    def audit_files(self, since: AuditPosition) -> list[tuple[Path, int]]:
        """The files that hold the audit log after *since*, and where in each it begins."""
        files = sorted(AUDIT.parent.glob("audit*.log"), key=lambda file: file.stat().st_mtime)
        first = [file.stat().st_ino for file in files].index(
            since.file
        )  # The API server has deleted it, if this fails.
        return [(file, 0 if i else since.offset) for i, file in enumerate(files[first:])]

    def audit_position(self) -> AuditPosition:
        """The present end of the audit log."""
        return AuditPosition(AUDIT.stat().st_ino, AUDIT.stat().st_size)

    def keys(self, part: str) -> dict[str, int]:
        """The keys in etcd that contain *part*, each with the revision of its last change."""
        found = self._range(b"\0", keys_only=True)
        return {_text(kv["key"]): int(kv["mod_revision"]) for kv in found if part in _text(kv["key"])}

    def stored(self) -> Iterator[tuple[str, bytes]]:
        """All that etcd holds, by key."""
        start = b"\0"
        while page := self._range(start, limit=PAGE):
            yield from ((_text(kv["key"]), base64.b64decode(kv.get("value", ""))) for kv in page)
            start = base64.b64decode(page[-1]["key"]) + b"\0"

    def _range(self, start: bytes, **options: object) -> list[dict[str, str]]:
        everything = base64.b64encode(b"\0").decode()
        question = {"key": base64.b64encode(start).decode(), "range_end": everything, **options}
        request = urllib.request.Request(f"{ETCD}/v3/kv/range", json.dumps(question).encode())
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer).get("kvs", [])

    def examples(self, engine: str) -> Path:
        """The examples in the module of `tekton` or `argo`."""
        return build.module(engine, {"tekton": build.TEKTON, "argo": build.ARGO}[engine]) / "examples"


def _is_in_pod(pid: int, uid: str) -> bool:
    try:
        group = Path(f"/proc/{pid}/cgroup").read_text()
    except OSError:
        return False
    return f"pod{uid}" in group or f"pod{uid.replace('-', '_')}" in group


def _is_ours(pid: int) -> bool:
    try:
        return b"fuseml" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _nft(*words: str) -> None:
    subprocess.run(["nft", *words], check=True, capture_output=True, timeout=20)


def _text(encoded: str) -> str:
    return base64.b64decode(encoded).decode()
