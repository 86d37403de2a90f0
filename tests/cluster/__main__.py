"""Start, stop and show the cluster: python -m tests.cluster up | down [--clean] | status."""

import argparse

from tests.cluster import kubectl, lifecycle
from tests.cluster.paths import CACHE, KUBECONFIG, NODE_IP, STATE
from tests.cluster.processes import running


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    parser.add_argument("command", choices=["up", "down", "status"])
    parser.add_argument("--clean", action="store_true", help="down: remove all data as well")
    args = parser.parse_args()
    if args.command == "up":
        lifecycle.up()
        _say_how_to_use_it()
    elif args.command == "down":
        lifecycle.down(clean=args.clean)
        print("# stopped" if not args.clean else f"# only the cache of built programs is left, {CACHE}")
    else:
        daemons = running()
        for name in lifecycle.STOPPED_BY:
            print(f"{name:25} {daemons[name].pid if name in daemons else 'stopped'}")


def _say_how_to_use_it() -> None:
    print(f"# the host is {NODE_IP} to pods and API server; logs and the API server's audit log are in {STATE}/logs")
    print(f"export KUBECONFIG={KUBECONFIG}")
    if folder := kubectl.built():
        print(f"export PATH=$PATH:{folder}")


if __name__ == "__main__":
    main()
