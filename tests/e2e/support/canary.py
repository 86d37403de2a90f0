"""Credentials of tests that can be found again, and a search for them where none may be.

Every credential that a test registers holds MARK. While the tests run, what the product's processes write is kept;
afterwards it is searched, with the audit log and all that etcd holds outside of Secrets.
"""

import base64
import mmap
import os
import shutil
import threading
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.cluster.paths import STATE
from tests.e2e.support.kept import KEPT
from tests.e2e.support.kubectl import Kubectl
from tests.e2e.support.node import AuditPosition, Node
from tests.e2e.support.product import NAMESPACE

MARK = "fuseml-canary-"
POD_LOGS = STATE / "pods"
# Seconds. A container's log is deleted with its pod.
_LINK_EVERY = 1.0
_TURNS_BETWEEN_SCRAPES = 20
_PAGES = ("metrics", "healthz", "readyz")
_AROUND = 120


def marker() -> str:
    """A value for a credential, which no other has."""
    return f"{MARK}{uuid.uuid4().hex}"


def forms(mark: str) -> list[bytes]:
    """How *mark* looks as it is, and in base64, wherever it stands in what was encoded."""
    found = [mark.encode()]
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + mark.encode())
        # The first and the last group depend on what stands around the mark.
        found.append(encoded[4 if offset else 0 : -4])
    return found


def search(mark: str, node: Node, since: AuditPosition) -> list[str]:
    """Where *mark* is in any form: each place with some of the text around it."""
    wanted = forms(mark)
    found: list[str] = []
    for file in sorted(KEPT.glob("*")):
        found += _in_file(file, 0, wanted)
    for file, start in node.audit_files(since):
        found += _in_file(file, start, wanted)
    for key, value in node.stored():
        if not key.startswith("/registry/secrets/"):
            found += [f"etcd {key}: {_excerpt(value, form)}" for form in wanted if form in value]
    return found


def _in_file(file: Path, start: int, wanted: list[bytes]) -> list[str]:
    if file.stat().st_size <= start:
        return []
    with file.open("rb") as content, mmap.mmap(content.fileno(), 0, access=mmap.ACCESS_READ) as text:
        return [f"{file.name}: {_excerpt(text, form, start)}" for form in wanted if text.find(form, start) >= 0]


def _excerpt(text: bytes | mmap.mmap, form: bytes, start: int = 0) -> str:
    at = text.find(form, start)
    return text[max(start, at - _AROUND) : at + len(form) + _AROUND].decode(errors="replace")


class Recorder:
    """Keeps what the product's processes write: a plugin for the process of pytest that starts the workers."""

    def __init__(self, kubectl: Kubectl, node: Node) -> None:
        self._api = kubectl.within(NAMESPACE).api
        self._node = node
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="canary", daemon=True)
        self._found: list[str] | None = None
        self._scraped = 0
        shutil.rmtree(KEPT, ignore_errors=True)
        KEPT.mkdir(parents=True)
        self._since = node.audit_position()
        self._thread.start()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Search, and let the run fail if anything is found."""
        self._stopped.set()
        self._thread.join(60)
        self._node.start()  # A run that was interrupted may have left it stopped.
        self._found = search(MARK, self._node, self._since)
        if self._found:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show what was found."""
        terminalreporter.section("credentials where none may be")
        kept = sum(file.stat().st_size for file in KEPT.glob("*"))
        audited = sum(file.stat().st_size - start for file, start in self._node.audit_files(self._since))
        size = f"{kept / 1e6:.1f} MB of logs and pages, {audited / 1e6:.0f} MB of the audit log, and etcd"
        terminalreporter.write_line(f"searched: {size}; found: {len(self._found or [])}")
        for line in self._found or []:
            terminalreporter.write_line(line)

    def _run(self) -> None:
        turn = 0
        while not self._stopped.wait(_LINK_EVERY):
            keep_logs()
            if turn % _TURNS_BETWEEN_SCRAPES == 0:
                self._keep_pages()
            turn += 1

    def _keep_pages(self) -> None:
        with suppress(Exception):  # Some tests stop the API server, and some the product.
            for pod in self._api.get("pods")["items"]:
                for port in _metrics_ports(pod):
                    self._keep_page(pod["metadata"]["name"], port)

    def _keep_page(self, pod: str, port: int) -> None:
        for page in _PAGES:
            status, text = self._api.call("GET", f"/api/v1/namespaces/{NAMESPACE}/pods/{pod}:{port}/proxy/{page}")
            (KEPT / f"{pod}-{page}-{status}-{self._scraped}").write_text(text)
        self._scraped += 1


def keep_logs() -> None:
    """Link the present logs of the product's containers, so that they stay when the kubelet deletes them."""
    for log in POD_LOGS.glob("fuseml*_*/*/*.log*"):
        with suppress(OSError):
            kept = KEPT / f"{log.parent.parent.name}-{log.parent.name}-{log.stat().st_ino}.log"
            if not kept.exists():
                os.link(log, kept)


def _metrics_ports(pod: dict[str, object]) -> Iterator[int]:
    for container in pod["spec"]["containers"]:  # type: ignore[index]
        yield from (port["containerPort"] for port in container.get("ports", ()) if port.get("name") == "metrics")
