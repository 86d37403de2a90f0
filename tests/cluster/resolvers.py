"""Install and run Tekton's resolvers, which fetch definitions for runs that refer to them elsewhere.

They are a group of their own, so that a change of it does not rebuild the rest of Tekton.
"""

import hashlib
import json
import socket
from pathlib import Path

import yaml

from tests.cluster.build import TEKTON, binaries, module
from tests.cluster.engines import APPLY, COMMON
from tests.cluster.kubectl import kubectl
from tests.cluster.paths import GO, KUBECONFIG, STATE
from tests.cluster.processes import start, wait

NAME = "tekton-resolvers"
ENV = COMMON | {
    "SYSTEM_NAMESPACE": "tekton-pipelines-resolvers",
    "CONFIG_LEADERELECTION_NAME": "config-leader-election-resolvers",
    "METRICS_DOMAIN": "tekton.dev/resolution",
    "METRICS_PROMETHEUS_PORT": "18087",
}


def install() -> None:
    """Apply their configuration, unless it was applied before."""
    digest = hashlib.sha256(Path(__file__).read_bytes() + (GO / "resolvers/go.mod").read_bytes()).hexdigest()
    marker = STATE / "resolvers-installed"
    if marker.exists() and marker.read_text() == digest:
        return
    config = module("resolvers", TEKTON) / "config/resolvers"
    files = [config / "100-namespace.yaml", *sorted(config.glob("*config*.yaml"))]
    items = [document for file in files for document in yaml.safe_load_all(file.read_text()) if document]
    for item in items:
        if item["metadata"]["name"] == ENV["CONFIG_LEADERELECTION_NAME"]:
            # They always elect a leader: after a kill, the next ones should not wait for a minute.
            item["data"] = {"lease-duration": "6s", "renew-deadline": "4s", "retry-period": "1s"}
    kubectl(*APPLY, "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    marker.write_text(digest)


def run() -> None:
    """Start the resolvers."""
    start(NAME, binaries("resolvers") / "resolvers", f"-kubeconfig={KUBECONFIG}", env=ENV)
    wait(NAME, _listens)


def _listens() -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(ENV["METRICS_PROMETHEUS_PORT"]))) == 0
