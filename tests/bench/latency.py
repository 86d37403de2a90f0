"""How long an admission takes over TLS, against two webhooks that do nothing, on the same server.

    python -m tests.bench.latency [--rounds 30] [--requests 100]

The empty webhooks read the body and answer a fixed AdmissionReview: one is a Flask application, one is bare WSGI.
All servers run at once, one keep-alive client asks them in turns, and the rounds are interleaved, so that whatever
else the machine does hits them all. The target of the design is 1.5 times the empty Flask application.
"""

import argparse
import json
import os
import signal
import socket
import ssl
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

from registry.records import codec
from registry.resolving.index import Index
from tests.certificates import self_signed
from tests.fakes.known import FixedRegistry
from webhook.mutation.settings import Settings
from webhook.process import logs
from webhook.process.tls import Certificates
from webhook.serving.app import create_app
from webhook.serving.server import Server

ANSWER = b'{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"1","allowed":true}}'
HEAD = b"POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
SCRIPT = "#!/bin/sh\nset -e\nif [ -f model.bin ]; then\n  echo found >&2\nfi\npython train.py > out.txt\n" * 3


RECORD = {
    "id": "mlflow",
    "product": "mlflow",
    "services": [
        {
            "id": "store",
            "resource": "s3",
            "endpoints": [
                {"url": "http://minio:9000", "configuration": {"MLFLOW_S3_ENDPOINT_URL": "http://minio:9000"}}
            ],
            "credentials": [
                {
                    "id": "default",
                    "secretRef": {"name": "minio"},
                    "configuration": {"AWS_ACCESS_KEY_ID": "user", "AWS_SECRET_ACCESS_KEY": "password"},
                }
            ],
        }
    ],
}


def registry() -> Index:
    """The registry that the webhook serves."""
    return Index([codec.decode(RECORD)])


def pipeline_run(size: int, *, asks: bool) -> dict[str, Any]:
    """A PipelineRun of about *size* bytes as JSON, whose first step asks for a service, or none does."""
    tasks: list[dict[str, Any]] = []
    run = {
        "apiVersion": "tekton.dev/v1",
        "kind": "PipelineRun",
        "metadata": {"name": "bench", "namespace": "ml"},
        "spec": {"pipelineSpec": {"tasks": tasks}},
    }
    while len(json.dumps(run)) < size:
        steps = [step(f"step-{i}") for i in range(2)]
        tasks.append({"name": f"task-{len(tasks)}", "taskSpec": {"steps": steps}})
    if asks:
        asking = tasks[0]["taskSpec"]["steps"][0]
        asking["extensions"] = [{"name": "store", "product": "mlflow", "service_resource": "s3"}]
        asking["env"].append({"name": "STORE", "value": "<< extension.store.url >>"})
    return run


def step(name: str) -> dict[str, Any]:
    """A step as people write them."""
    return {
        "name": name,
        "image": "ghcr.io/acme/trainer:1.2.3",
        "script": SCRIPT,
        "env": [{"name": f"OPTION_{i}", "value": f"value-{i}"} for i in range(8)],
        "computeResources": {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"memory": "2Gi"}},
    }


def review_of(obj: Mapping[str, Any]) -> bytes:
    """The AdmissionReview that an API server sends when somebody creates *obj*."""
    group, _, version = obj["apiVersion"].rpartition("/")
    kind = {"group": group, "version": version, "kind": obj["kind"]}
    text = json.dumps(
        {
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "request": {
                "uid": "8a7f4c7e-5c3b-4f0e-9b1d-2f6f6f0c9a11",
                "kind": kind,
                "requestKind": kind,
                "name": obj["metadata"]["name"],
                "namespace": obj["metadata"]["namespace"],
                "operation": "CREATE",
                "userInfo": {"username": "alice", "groups": ["system:authenticated"]},
                "object": obj,
                "oldObject": None,
                "dryRun": False,
            },
        },
        separators=(",", ":"),
    )
    # As Go writes it.
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026").encode()


def empty_flask() -> Flask:
    """A webhook that does nothing, in Flask."""
    app = Flask(__name__, static_folder=None)

    @app.post("/mutate")
    def _mutate() -> Response:
        request.get_data(cache=False)
        return Response(ANSWER, mimetype="application/json")

    return app


def empty_wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """A webhook that does nothing, without a framework."""
    environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(ANSWER)))])
    return [ANSWER]


def certificate(folder: Path) -> Certificates:
    """A self-signed pair."""
    for suffix, content in zip(("crt", "key"), self_signed(), strict=True):
        (folder / f"tls.{suffix}").write_bytes(content)
    return Certificates(folder / "tls.crt", folder / "tls.key")


def start(app: Any, certificates: Certificates) -> tuple[int, int]:
    """Run *app* in a server process of its own; give its process id and port."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    pid = os.fork()
    if pid == 0:
        try:
            pin(-1)
            # Lines are made and written as usual, but nobody reads them.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            logs.configure()
            Server(lambda _: app, certificates=certificates, listener=listener).run()
        finally:
            os._exit(0)
    listener.close()
    return pid, port


def pin(which: int) -> None:
    """Keep this process on one processor, so that the client and the servers do not move each other about."""
    processors = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {processors[which]})


class Client:
    """A client that keeps its connection, and does as little as possible."""

    def __init__(self, port: int) -> None:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self._sock = context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=20))
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, review: bytes) -> int:
        """Send a review; give the nanoseconds until its whole answer was there."""
        message = HEAD % len(review) + review
        begin = time.perf_counter_ns()
        self._sock.sendall(message)
        answer = self._sock.recv(65536)
        while b"\r\n\r\n" not in answer:
            answer += self._sock.recv(65536)
        head_end = answer.index(b"\r\n\r\n") + 4
        length = int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        while len(answer) < head_end + length:
            answer += self._sock.recv(65536)
        took = time.perf_counter_ns() - begin
        assert answer.startswith(b"HTTP/1.1 200"), answer[:200]
        return took


def measure(ports: Mapping[str, int], review: bytes, *, rounds: int, requests: int) -> dict[str, tuple[float, float]]:
    """p50 and p99 in microseconds, for each server."""
    clients = {name: Client(port) for name, port in ports.items()}
    times: dict[str, list[int]] = {name: [] for name in ports}
    for n in range(rounds + 1):
        for name, client in clients.items():
            took = [client.ask(review) for _ in range(requests)]
            if n:  # The first round warms up.
                times[name] += took
    return {name: (statistics.median(t) / 1e3, statistics.quantiles(t, n=100)[98] / 1e3) for name, t in times.items()}


def main() -> None:
    """Measure, and print a table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=30)
    arguments.add_argument("--requests", type=int, default=100)
    options = arguments.parse_args()
    index = registry()
    apps = {
        "webhook": create_app(FixedRegistry(index), settings=Settings(zone="eu")),
        "empty flask": empty_flask(),
        "empty wsgi": empty_wsgi,
    }
    servers = {}
    with tempfile.TemporaryDirectory() as folder:
        certificates = certificate(Path(folder))
        try:
            for name, app in apps.items():
                servers[name] = start(app, certificates)
            ports = {name: port for name, (_, port) in servers.items()}
            pin(0)
            print(f"{'µs':24}" + "".join(f"{name + ' p50':>18}{'p99':>8}" for name in ports) + f"{'ratio':>8}")
            for size in (10_000, 100_000):
                for asks in (False, True):
                    review = review_of(pipeline_run(size, asks=asks))
                    got = measure(ports, review, rounds=options.rounds, requests=options.requests)
                    label = f"{len(review) / 1000:.0f} kB, {'asks' if asks else 'does not ask'}"
                    row = "".join(f"{p50:18.0f}{p99:8.0f}" for p50, p99 in got.values())
                    print(f"{label:24}{row}{got['webhook'][0] / got['empty flask'][0]:8.2f}")
        finally:
            for pid, _ in servers.values():
                os.kill(pid, signal.SIGTERM)
            for pid, _ in servers.values():
                os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
