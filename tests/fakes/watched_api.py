"""A stand-in for the API server whose faults can be ordered: lists in pages, watches, compaction, dropped lines."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from kubernetes.client import ApiClient, Configuration


class FakeApi:
    """Collections of objects by path, and what happened to them.

    Attributes:
        requests: Path and query of each request, in order.
        refuse: Status that every request gets while it is set.
        refuse_path: The path whose requests get 403 while it is set.
        refused: More paths whose requests get 403.
        absent: Beginnings of paths whose requests get 404: what the API server does not know.
        permitted: If it is set, the only paths whose requests do not get 403.
        user: Who the caller is; None = the API server cannot say.
        openapi: Its OpenAPI documents, by path.
        is_silent: Watches are accepted, and nothing is ever said.
    """

    def __init__(self):
        self.requests = []
        self.refuse = 0
        self.refuse_path = ""
        self.refused = ()
        self.absent = ()
        self.permitted = None
        self.user = None
        self.openapi = {}
        self.is_silent = False
        self._version = 10
        self._compacted = 0
        self._objects = {}
        self._events = []
        self._changed = threading.Condition()
        self._generation = 0

    def put(self, path, obj):
        self._write(path, obj, "MODIFIED")

    def delete(self, path, obj):
        self._write(path, obj, "DELETED")

    def bookmark(self, path):
        self._write(path, {"metadata": {}}, "BOOKMARK")

    def compact(self):
        """Forget what led to the present state."""
        with self._changed:
            self._version += 1
            self._compacted = self._version

    def drop(self):
        """End every watch, as a server does that goes away."""
        with self._changed:
            self._generation += 1
            self._changed.notify_all()

    def asked(self, path, query):
        """Remember a request; which generation it belongs to, if it is a watch."""
        with self._changed:
            self.requests.append((path, query))
            return self._generation

    def lists(self, path):
        return [query for p, query in self.requests if p == path and "watch" not in query]

    def watches(self, path):
        return [query for p, query in self.requests if p == path and "watch" in query]

    def _write(self, path, obj, kind):
        with self._changed:
            self._version += 1
            key = obj["metadata"].get("namespace"), obj["metadata"].get("name")
            identity = self._identity(obj, self._objects.get(path, {}).get(key))
            obj = {**obj, "metadata": {**obj["metadata"], **identity, "resourceVersion": str(self._version)}}
            if kind == "DELETED":
                del self._objects[path][key]
            elif kind == "MODIFIED":
                self._objects.setdefault(path, {})[key] = obj
            self._events.append((self._version, path, {"type": kind, "object": obj}))
            self._changed.notify_all()

    def _identity(self, obj, known):
        """The uid, and the generation: it grows when something changes that is neither metadata nor status."""
        given = obj["metadata"].get("uid")
        if known is None:
            return {"uid": given or f"u-{self._version}", "generation": 1}
        changed = any(obj.get(key) != known.get(key) for key in (obj.keys() | known.keys()) - {"metadata", "status"})
        return {"uid": given or known["metadata"]["uid"], "generation": known["metadata"]["generation"] + changed}

    def found(self, path, query):
        if path.startswith("/openapi/"):
            return (200, self.openapi[path]) if path in self.openapi else (404, {"message": "not found"})
        return self.page(path, query) if "limit" in query else self.single(path)

    def page(self, path, query):
        with self._changed:
            if "continue" in query and int(query["continue"].split(":")[1]) < self._compacted:
                return 410, {"code": 410, "message": "the continue token is too old"}
            stored = sorted(self._stored(path).items(), key=lambda item: str(item[0]))
            items = [obj for _, obj in stored if _is_selected(obj, query)]
            start = int(query.get("continue", "0:0").split(":")[0])
            end = start + int(query["limit"])
            metadata = {"resourceVersion": str(self._version)}
            if end < len(items):
                metadata["continue"] = f"{end}:{self._version}"
            return 200, {"metadata": metadata, "items": items[start:end]}

    def single(self, path):
        collection, _, name = path.rpartition("/")
        with self._changed:
            found = [obj for key, obj in self._stored(collection).items() if key[1] == name]
        return (200, found[0]) if found else (404, {"code": 404, "message": f"{name} not found"})

    def _stored(self, path):
        """The objects of a collection, or those of it that are in one namespace."""
        before, _, after = path.partition("/namespaces/")
        namespace, _, plural = after.partition("/")
        whole = f"{before}/{plural}"
        if not plural or path in self._objects:
            return self._objects.get(path, {})
        return {key: obj for key, obj in self._objects.get(whole, {}).items() if key[0] == namespace}

    def who_asks(self, path):
        """The only thing that is asked by POST."""
        self.asked(path, {})
        if self.user is None:
            return 404, {"message": "not found"}
        return 201, {"status": {"userInfo": {"username": self.user, "groups": []}}}

    def refusal(self, path):
        """The status with which a request for *path* is refused; 0 if it is not."""
        if path.startswith(tuple(self.absent)):
            return 404
        is_forbidden = path == self.refuse_path or path in self.refused
        return 403 if is_forbidden or (self.permitted is not None and path not in self.permitted) else 0

    def watch(self, path, query, generation) -> Iterator[dict]:
        version = int(query["resourceVersion"])
        if version < self._compacted:
            yield {"type": "ERROR", "object": {"code": 410, "message": "too old resource version"}}
            return
        while True:
            with self._changed:
                self._changed.wait_for(partial(self._has_news, generation, path, version), 5)
                events = [] if self.is_silent else self._after(path, version)
                if not events and self._generation != generation:
                    return
            yield from (_seen_by(query, event) for _, _, event in events)
            version = events[-1][0] if events else version

    def _has_news(self, generation, path, version):
        return self._generation != generation or self._after(path, version)

    def _after(self, path, version):
        return [event for event in self._events if event[0] > version and event[1] == path]


def _seen_by(query, event):
    """An object that a watch does not select, or no longer does, is deleted as far as it is concerned."""
    if event["type"] == "BOOKMARK" or _is_selected(event["object"], query):
        return event
    return {**event, "type": "DELETED"}


def _is_selected(obj, query):
    """As far as selectors name a label."""
    return "labelSelector" not in query or query["labelSelector"] in obj["metadata"].get("labels", {})


@contextmanager
def serving(api: FakeApi) -> Iterator[ApiClient]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            url = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(url.query).items()}
            generation = api.asked(url.path, query)
            if refused := api.refuse or api.refusal(url.path):
                self._answer(refused, {"message": f"refused with {refused}"})
            elif "watch" in query:
                self._stream(api.watch(url.path, query, generation))
            else:
                self._answer(*api.found(url.path, query))

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(*api.who_asks(self.path))

        def _answer(self, status, document):
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _stream(self, events):
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for event in events:
                line = json.dumps(event).encode() + b"\n"
                # In two pieces: an event may come in any number of them.
                for piece in (line[:7], line[7:]):
                    self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            self.close_connection = True

        def handle(self):
            try:
                super().handle()
            except OSError:
                self.close_connection = True

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield ApiClient(Configuration(host=f"http://127.0.0.1:{server.server_port}", retries=0))
    finally:
        api.drop()
        server.shutdown()
        server.server_close()
        thread.join()
