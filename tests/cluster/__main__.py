"""Start, stop and show the cluster: python -m tests.cluster up | down [--clean] | status."""

import argparse
import signal
import time

from tests.cluster import build, cleaning, engines, images, node
from tests.cluster.paths import KUBECONFIG, NODE_IP, STATE
from tests.cluster.processes import running, stop

# The API server before etcd: after it, it hangs for minutes and keeps its port.
STOPPED_BY = {
    "workflow-controller": signal.SIGKILL,  # ignores SIGTERM
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
    """Start what is not running."""
    began = time.monotonic()
    if not all(map(running, STOPPED_BY)):
        build.install()
        for group in build.GROUPS:
            build.binaries(group)
        node.configure()
        node.run()
        if not (STATE / "images-loaded").exists():
            images.load()
            (STATE / "images-loaded").touch()
        node.join()
        engines.install()
        engines.run()
    print(f"# ready after {time.monotonic() - began:.1f} s; the host is {NODE_IP} to pods and API server")
    print(f"export KUBECONFIG={KUBECONFIG}")


def down(*, clean: bool) -> None:
    """Stop what we started; with *clean*, leave no data either."""
    for name, number in STOPPED_BY.items():
        stop(name, number)
    cleaning.end_containers()
    if clean and STATE.exists():
        cleaning.clean()


def status() -> None:
    """Show which daemons run."""
    for name in STOPPED_BY:
        print(f"{name:25} {running(name) or 'stopped'}")


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    parser.add_argument("command", choices=["up", "down", "status"])
    parser.add_argument("--clean", action="store_true", help="down: remove all data as well")
    args = parser.parse_args()
    if args.command == "up":
        up()
    elif args.command == "down":
        down(clean=args.clean)
    else:
        status()


if __name__ == "__main__":
    main()
