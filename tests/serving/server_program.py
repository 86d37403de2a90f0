"""The program of a server under test: `python server_program.py OPTIONS`, as `Running` starts it.

OPTIONS is JSON: the parameters of `Running`. The registry is a file that holds only the number of extensions. The
engine changes nothing: it sleeps for as long as the test wants.
"""

import functools
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

from registry.stores.namespaces import NamespaceFacts
from registry.stores.store import Known
from webhook.mutation.mutate import Mutation
from webhook.mutation.settings import Settings
from webhook.serving import channel, connection, crowd, lanes, server, worker


class Registry:
    """As much of an index as a server looks at."""

    def __init__(self, revision: str) -> None:
        self.revision = revision

    def __len__(self) -> int:
        return int(self.revision)

    def seen_from(self, namespace: str) -> "Registry":
        return self


class Store:
    """A registry feed that reads the number of extensions from a file."""

    snapshot: Registry | None = None
    wait = staticmethod(time.sleep)
    settle = staticmethod(lambda: None)
    newer = staticmethod(lambda namespace, than, seconds: None)
    facts_of = staticmethod(lambda namespace: NamespaceFacts(project=namespace))
    delivered_to = staticmethod(lambda namespace: None)
    age = staticmethod(lambda: 0.0)
    load_errors = 0

    def __init__(self, file: Path) -> None:
        self._file = file

    def start(self) -> None:
        pass

    def known_in(self, namespace: str) -> Any:
        return Known(self.snapshot, self.facts_of(namespace), None)  # type: ignore[arg-type]  # as much as is looked at

    def refresh(self) -> None:
        text = self._file.read_text() if self._file.exists() else ""
        if text and (self.snapshot is None or self.snapshot.revision != text):
            self.snapshot = Registry(text)


def set_limits(limits: dict[str, float]) -> None:
    for name, value in limits.items():
        for module in (channel, connection, crowd, lanes, worker):
            if hasattr(module, name):
                setattr(module, name, value)


def main(options: dict[str, Any]) -> None:
    # As in a terminal: a shell lets what it starts in the background ignore it, and these tests with it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

    def mutate(*_: Any, **__: Any) -> Mutation:
        time.sleep(options["takes"])
        return Mutation()

    def boot(itself: Any, init_process: Any = worker.SafeWorker.init_process) -> None:
        time.sleep(options["boots"])
        init_process(itself)

    set_limits(options["limits"])
    worker.SafeWorker.init_process = boot
    server.create_app = functools.partial(server.create_app, mutate=mutate)
    serve = options["serve"]
    files = {name: Path(serve.pop(name)) for name in ("certificate", "key")}
    server.serve(Store(Path(options["registry"])), settings=Settings(zone="eu"), **files, **serve)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
