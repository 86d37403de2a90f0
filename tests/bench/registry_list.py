"""What a list of 10 000 extensions costs from `fuseml registry`, as a ratio. Prints; asserts nothing.

It is compared with an empty Flask application that sends as many bytes, and with FuseML's own server if FUSEML_REGISTRY
names a program that serves FuseML's API: it is called with HOST:PORT and a folder for its database.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from registry.records import codec
from registry.records.in_place import yaml_text
from tests.bench.records import record

SIZE = 10_000
ROUNDS = 7
_FUSEML = Path(sys.executable).with_name("fuseml")
_EMPTY = """
import sys
from pathlib import Path
from flask import Flask
app = Flask("empty")
content = Path(sys.argv[2]).read_bytes()
app.get("/extensions")(lambda: content)
host, port = sys.argv[1].split(":")
app.run(host, int(port), threaded=True)
"""


@contextmanager
def serving(command: Callable[[str], list[object]]) -> Iterator[str]:
    """Run a server, whose *command* is made from HOST:PORT; give its URL."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    words = [str(word) for word in command(address)]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            until = time.monotonic() + 300
            while True:
                try:
                    socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), 1).close()
                    break
                except OSError:
                    if time.monotonic() > until or server.poll() is not None:
                        raise
                    time.sleep(0.1)
            yield f"http://{address}"
        finally:
            server.terminate()


def ask(url: str, method: str = "GET", body: object = None) -> bytes:
    """The content of an answer in JSON."""
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    content = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(
        urllib.request.Request(f"{url}/extensions", content, headers, method=method), timeout=300
    ) as answer:
        return bytes(answer.read())


def main() -> None:
    """Print the medians, and their ratios to the product's."""
    records = [record(f"r{i:05}") for i in range(SIZE)]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for extension in records:
            (folder / f"{extension.id}.yaml").write_text(yaml_text.text_of(extension))
        urls = {
            "fuseml registry": stack.enter_context(
                serving(lambda address: [_FUSEML, "registry", "--registry", folder, "--listen", address])
            )
        }
        content = stack.enter_context(tempfile.NamedTemporaryFile())
        content.write(ask(urls["fuseml registry"]))
        content.flush()
        urls["empty Flask"] = stack.enter_context(
            serving(lambda address: [sys.executable, "-c", _EMPTY, address, content.name])
        )
        if program := os.environ.get("FUSEML_REGISTRY"):
            database = stack.enter_context(tempfile.TemporaryDirectory())
            urls["FuseML's own"] = stack.enter_context(serving(lambda address: [program, address, database]))
            for extension in records:
                ask(urls["FuseML's own"], "POST", codec.encode(extension))

        times: dict[str, list[float]] = {name: [] for name in urls}
        for _ in range(ROUNDS):
            for name, url in urls.items():
                began = time.perf_counter()
                # The original refuses a list without a query.
                ask(url, body={} if name == "FuseML's own" else None)
                times[name].append(time.perf_counter() - began)
    own = statistics.median(times["fuseml registry"])
    for name, seconds in times.items():
        median = statistics.median(seconds)
        print(f"list of {SIZE:,}: {name:16} {median * 1000:8.1f} ms ({own / median:.2f}x)")


if __name__ == "__main__":
    main()
