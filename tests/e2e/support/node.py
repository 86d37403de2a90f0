"""The node that tests/cluster starts, for what an ordinary user of a cluster cannot do."""

import base64
import json
import signal
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.cluster import build, cert_manager, engines, images, lifecycle
from tests.cluster.paths import AUDIT, ETCD, NODE_IP, STATE
from tests.cluster.processes import kill, running, stop


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

    def audit(self, since: int = 0) -> Iterator[dict[str, Any]]:
        """The events of the audit log after its first *since* bytes (see `audit_size`)."""
        with AUDIT.open("rb") as log:
            log.seek(since)
            # The last line may be incomplete.
            yield from (json.loads(line) for line in log if line.endswith(b"\n"))

    def audit_size(self) -> int:
        """The present size of the audit log."""
        return AUDIT.stat().st_size

    def keys(self, part: str) -> dict[str, int]:
        """The keys in etcd that contain *part*, each with the revision of its last change."""
        everything = base64.b64encode(b"\0").decode()
        question = {"key": everything, "range_end": everything, "keys_only": True}
        request = urllib.request.Request(f"{ETCD}/v3/kv/range", json.dumps(question).encode())
        with urllib.request.urlopen(request, timeout=30) as answer:
            found = json.load(answer)["kvs"]
        keys = {base64.b64decode(kv["key"]).decode(): int(kv["mod_revision"]) for kv in found}
        return {key: revision for key, revision in keys.items() if part in key}

    def examples(self, engine: str) -> Path:
        """The examples in the module of `tekton` or `argo`."""
        return build.module(engine, {"tekton": build.TEKTON, "argo": build.ARGO}[engine]) / "examples"
