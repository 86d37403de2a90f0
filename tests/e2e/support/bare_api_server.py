"""An API server without a cluster: for tests that would disturb one, or that its other webhooks would disturb."""

import os
import secrets
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.cluster.build import binaries
from tests.e2e.support.api import Api
from tests.e2e.support.waiting import wait_for

HOST = "127.0.0.1"


class BareApiServer:
    """A kube-apiserver on free ports of this machine, with an etcd of its own; all its files are in *folder*."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.kubeconfig = folder / "kubeconfig"
        self._processes: list[subprocess.Popen[bytes]] = []
        self._command: tuple[object, ...] = ()

    def start(self) -> None:
        """Start both, and wait until the API server is ready."""
        clients, peers, port = free_ports(3)
        etcd = f"http://{HOST}:{clients}"
        self._run(
            binaries("etcd") / "etcd", "--data-dir", self._folder / "etcd", "--listen-client-urls", etcd,
            "--advertise-client-urls", etcd, "--listen-peer-urls", f"http://{HOST}:{peers}", "--unsafe-no-fsync",
        )  # fmt: skip
        key, tokens, token = self._folder / "sa.key", self._folder / "tokens", secrets.token_hex()
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True, timeout=60)
        tokens.write_text(f'{token},admin,admin,"system:masters"\n')
        self._command = (
            binaries("kubernetes") / "kube-apiserver", f"--etcd-servers={etcd}", f"--bind-address={HOST}",
            f"--secure-port={port}", f"--cert-dir={self._folder}/certs", "--authorization-mode=RBAC",
            "--service-account-issuer=https://kubernetes.default.svc", f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}", f"--token-auth-file={tokens}",
            "--service-cluster-ip-range=10.0.0.0/24", "--endpoint-reconciler-type=none",
            "--advertise-address=192.0.2.1",
        )  # fmt: skip
        self.kubeconfig.write_text(self._kubeconfig(f"https://{HOST}:{port}", token))
        self._start_api_server()

    def pause_api_server(self) -> None:
        """Let it answer nothing, until it is restarted."""
        self._processes[-1].send_signal(signal.SIGSTOP)

    def restart_api_server(self) -> None:
        """Kill the API server in the middle of what it does, and start it again; etcd goes on."""
        server = self._processes.pop()
        server.kill()
        server.wait(20)
        self._start_api_server()

    def _start_api_server(self) -> None:
        self._run(*self._command)
        wait_for(lambda: self.api("default").call("GET", "/readyz")[0] == 200, 60, "the API server")

    def api(self, namespace: str) -> Api:
        """A client for *namespace*."""
        return Api(self.kubeconfig, namespace)

    def stop(self) -> None:
        """Stop both, the API server first: without etcd it would take minutes to end."""
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(20)

    def _run(self, *command: object) -> None:
        words = [str(word) for word in command]
        with (self._folder / f"{Path(words[0]).name}.log").open("ab") as log:
            self._processes.append(
                subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
            )

    def _kubeconfig(self, server: str, token: str) -> str:
        cluster = {"server": server, "certificate-authority": f"{self._folder}/certs/apiserver.crt"}
        return yaml.safe_dump({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "bare", "cluster": cluster}],
            "users": [{"name": "admin", "user": {"token": token}}],
            "contexts": [{"name": "bare", "context": {"cluster": "bare", "user": "admin"}}],
            "current-context": "bare",
        })  # fmt: skip


@contextmanager
def bare_api_server(folder: Path) -> Iterator[BareApiServer]:
    """One that runs. The test is skipped where another cluster is to be tested."""
    if os.environ.get("E2E_KUBECONFIG"):
        pytest.skip("starts an API server of its own: E2E_KUBECONFIG names another cluster")
    server = BareApiServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def free_ports(count: int) -> list[int]:
    """*count* ports on which nothing listens now."""
    sockets = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports
