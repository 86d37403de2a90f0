"""What honest clients notice while others attack the webhook: for each kind of attack, before and during it.

    python -m tests.bench.attacks [--port PORT] [--seconds 6] [--clients 10] [KIND ...]

Without --port, it starts `fuseml webhook`, from the folder `examples/explicit-ids`. Times are p50 and p99: of a review
on a connection that is kept, of one on a new connection, and of a probe, which always comes on a new one. *failed*
counts honest requests without a proper answer within five seconds. All clients share the machine with the server, so a
part of what honest ones notice is that its processors are busy.
"""

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.latency import pipeline_run, review_of
from tests.serving.attacks import ATTACKS, Address
from tests.serving.honest import Honest, Times, attack
from tests.serving.running_server import eventually, make_pair, port_in

EXAMPLE = Path(__file__).parents[2] / "examples" / "explicit-ids" / "registry"


@contextmanager
def webhook() -> Iterator[Address]:
    """A webhook as users start it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_pair(folder)
        options = {
            "--registry": EXAMPLE,
            "--zone": "cluster-alpha",
            "--tls-cert": folder / "tls.crt",
            "--tls-key": folder / "tls.key",
            "--listen": "127.0.0.1:0",
            "--drain": 0,
        }
        command = [Path(sys.executable).with_name("fuseml"), "webhook", *(str(x) for o in options.items() for x in o)]
        with (folder / "log").open("wb") as log, subprocess.Popen(command, stderr=log) as process:
            try:
                eventually(lambda: "\n" in (folder / "log").read_text())
                port = port_in((folder / "log").read_text().partition("\n")[0])
                time.sleep(1.0)
                yield "127.0.0.1", port
            finally:
                process.send_signal(signal.SIGINT)


def columns(times: Times) -> str:
    """p50 and p99 in milliseconds."""
    return f"{times.median * 1e3:9.1f}{times.p99 * 1e3:8.0f}"


def row(server: Address, kind: str, *, seconds: float, clients: int) -> str:
    """Measure one kind of attack."""
    review = review_of(pipeline_run(10_000, asks=False))
    before, during = Honest(server, review), Honest(server, review)
    before.ask(seconds / 3)
    with attack(server, kind, clients):
        time.sleep(1.5)
        during.ask(seconds)
    time.sleep(1.0)
    all_of = (during.reviews, during.fresh_reviews, during.probes)
    failed = sum(len(times.failures) for times in all_of)
    count = sum(len(times.taken) for times in all_of)
    both = "".join(columns(times) for times in (before.reviews, during.reviews, during.fresh_reviews, during.probes))
    return f"{kind:20}{both}{failed:8} of {count}"


def main() -> None:
    """Measure, and print a table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--port", type=int)
    arguments.add_argument("--seconds", type=float, default=6.0)
    arguments.add_argument("--clients", type=int, default=10)
    arguments.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(ATTACKS))
    options = arguments.parse_args()
    heads = ("review before", "during", "new connection", "probe")
    print(f"{'ms, p50 and p99':20}" + "".join(f"{head:>17}" for head in heads) + "  failed", flush=True)
    for kind in options.kinds or ATTACKS:
        if options.port:
            print(row(("127.0.0.1", options.port), kind, seconds=options.seconds, clients=options.clients), flush=True)
        else:
            with webhook() as server:
                print(row(server, kind, seconds=options.seconds, clients=options.clients), flush=True)


if __name__ == "__main__":
    main()
