"""What FuseML's own client sends, and what the registry's service answers: recorded, and sent again."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from werkzeug.serving import make_server
from werkzeug.test import Client
from werkzeug.wrappers import Request

from registry.service.app import create_app
from registry.stores.folder_records.store import FolderRecords
from tests.fuseml_client.transcript import steady

# The headers by which the service decides what to answer.
_HEADERS = ("Accept", "Content-Type", "User-Agent")


class Recorder:
    """A service on the records in *folder*, which keeps each request with its answer."""

    def __init__(self, folder: Path) -> None:
        self.exchanges: list[dict[str, Any]] = []
        self._app = create_app(FolderRecords(folder))

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        request = Request(environ)
        sent = {
            "method": request.method,
            "path": environ["RAW_URI"],
            "headers": {name: request.headers[name] for name in _HEADERS if name in request.headers},
            "body": request.get_data(as_text=True),
        }
        answer = replay(self._app, sent)
        self.exchanges.append(sent | answer)
        status, text, kind = answer["status"], answer["answer"], answer["type"]
        start_response(f"{status} {status}", [("Content-Type", kind)] if kind else [])
        return [text.encode()]


def replay(app: Any, sent: dict[str, Any]) -> dict[str, Any]:
    """What *app* answers to a request."""
    client = Client(app)
    # A header that is not named is not sent.
    headers = {"User-Agent": "", **sent["headers"]}
    answer = client.open(
        sent["path"],
        method=sent["method"],
        headers=headers,
        data=sent["body"].encode() or None,
        base_url="http://localhost",
        environ_overrides={"RAW_URI": sent["path"], **({} if sent["body"] else {"CONTENT_TYPE": ""})},
    )
    return {"status": answer.status_code, "type": answer.content_type, "answer": answer.get_data(as_text=True)}


def written(exchanges: list[dict[str, Any]]) -> str:
    """*exchanges* as a golden file has them."""
    return steady(json.dumps(exchanges, indent=1, ensure_ascii=False)) + "\n"


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """Serve *app* on a free port of this machine; give its URL."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
