"""Start and stop the whole cluster, in order."""

import signal
import time

from tests.cluster import build, buildah, cert_manager, cleaning, engines, images, machine_state, node, resolvers
from tests.cluster.lock import alone
from tests.cluster.paths import STATE
from tests.cluster.processes import kill, last_words, running, stop

# The API server before etcd: without etcd it hangs for minutes and keeps its port.
STOPPED_BY = {
    cert_manager.NAME: signal.SIGTERM,
    "workflow-controller": signal.SIGKILL,  # ignores SIGTERM
    resolvers.NAME: signal.SIGKILL,
    "tekton-controller": signal.SIGKILL,
    "tekton-webhook": signal.SIGKILL,  # drains for 45 s
    "kubelet": signal.SIGTERM,
    "kube-proxy": signal.SIGTERM,
    "kube-scheduler": signal.SIGTERM,
    "kube-controller-manager": signal.SIGTERM,
    "kube-apiserver": signal.SIGTERM,
    "etcd": signal.SIGTERM,
    "containerd": signal.SIGTERM,
}


def up() -> None:
    """Start what is not running, and restart what has changed.

    Nothing is cleaned up first: after a crash, containers go on without their daemons, and a containerd that finds
    its data takes them back. A run in progress then finishes; a clean-up would have made it fail.
    """
    with alone("cluster"):
        began = time.monotonic()
        build.install()
        build.everything(buildah.python)
        STATE.mkdir(parents=True, exist_ok=True)
        machine_state.save()
        node.configure()
        _say("starting the control plane", began)
        node.run()
        images.load()
        _say("starting the node", began)
        node.join()
        _say("starting Tekton and Argo", began)
        engines.install()
        resolvers.install()
        engines.run()
        resolvers.run()
        for name in set(STOPPED_BY) - {cert_manager.NAME} - set(running()):
            raise SystemExit(f"{name} has ended:\n{last_words(name)}")
        _say("ready", began)


def down(*, clean: bool) -> None:
    """Stop all daemons; with *clean*, remove their data as well.

    For the workloads this is a power cut: containers end with the daemons, so that the machine is free. After the
    next `up` the pods of Deployments come back, and each engine decides about runs whose pods were lost.
    """
    with alone("cluster"):
        ours = bool(running()) or STATE.exists()
        for name, number in STOPPED_BY.items():
            stop(name, number)
        cleaning.end_containers()
        if clean and ours:
            cleaning.clean()


def crash(*, shims: bool) -> None:
    """Kill every daemon at once, and with *shims* the parents of all containers, as the out-of-memory killer might.

    Nothing is cleaned up: `up` has to cope with the rest.
    """
    for name, daemon in running().items():
        kill(daemon.pid, signal.SIGKILL, seconds=5, ours=lambda name=name, daemon=daemon: running().get(name) == daemon)
    if shims:
        cleaning.end_shims()


def _say(what: str, began: float) -> None:
    print(f"# {time.monotonic() - began:5.1f} s  {what}", flush=True)
