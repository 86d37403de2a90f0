"""`fuseml registry` as a process, and requests to it."""

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.e2e.support.waiting import wait_for

FUSEML = (sys.executable, "-c", "from webhook.cli.main import main; main()")
TIMEOUT = 60.0


class Answer(NamedTuple):
    """What the service answered."""

    status: int
    headers: dict[str, str]
    text: str

    def json(self) -> Any:
        """The body as data; None if there is none."""
        return json.loads(self.text) if self.text else None


class Service:
    """A process of `fuseml registry`, on a free port of this machine."""

    def __init__(self, folder: Path, *options: object) -> None:
        self.log = folder / "log"
        with self.log.open("wb") as log:
            command = [*FUSEML, "registry", "--listen", "127.0.0.1:0", *map(str, options)]
            self.process = subprocess.Popen(command, stderr=log, stdout=log)
        self.port = wait_for(self._port, 30, "the service")
        self.url = f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, token: str = "", body: Any = None, **headers: str) -> Answer:
        """Send a request. A body that is no bytes is sent as JSON."""
        sent = {"Accept": "application/json", "Content-Type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)) as connection:
            connection.request(method, path, content, sent)
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.headers), answer.read().decode())

    def stop(self) -> None:
        """End the process as Kubernetes does."""
        self.process.terminate()
        self.process.wait(TIMEOUT)

    def _port(self) -> int:
        said = self.log.read_text()
        assert self.process.poll() is None, said
        lines = said.splitlines(keepends=True)
        if not lines or not lines[0].endswith("\n"):
            return 0
        return int(json.loads(lines[0])["message"].split(":")[2].split(",")[0])


@contextmanager
def running(folder: Path, *options: object) -> Iterator[Service]:
    """The service, while the block runs."""
    service = Service(folder, *options)
    try:
        yield service
    finally:
        service.stop()
