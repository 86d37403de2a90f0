"""Stand-ins for the servers that speak FuseML's REST API, on a port of this machine.

``OriginalServer`` does what FuseML's original server does, its defects included: a random order of parts, no ETags,
a written-back ``<hidden>`` that becomes the value, fields of ours that it drops. ``OurServer`` keeps whole records with
revisions, as the product's own server does.
"""

import json
import random
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

from registry.errors import AlreadyExistsError, ChangedError, InvalidRecordsError, NotFoundError
from registry.records import codec, editing
from registry.stores.changing import change
from tests.fakes.memory_records import MemoryRecords

HIDDEN = "<hidden>"
NOW = "2021-11-24T10:00:00Z"
PARTS = ("services", "endpoints", "credentials")
KNOWN = {
    "extensions": {"id", "product", "version", "description", "zone", "configuration", "services"},
    "services": {
        "id", "resource", "category", "auth_required", "description", "configuration", "endpoints", "credentials"
    },
    "endpoints": {"url", "type", "configuration"},
    "credentials": {"id", "default", "scope", "projects", "users", "configuration"},
}  # fmt: skip
NOUNS = {"services": "a service", "endpoints": "an endpoint", "credentials": "a set of credentials"}


class RefusalError(Exception):
    def __init__(self, status, name, message):
        super().__init__(message)
        self.answer = status, {
            "name": name, "id": "abc", "message": message, "temporary": False, "timeout": False, "fault": False
        }  # fmt: skip


class _Server:
    """Requests that came in, as (method, path, body, headers)."""

    content_type = "application/json"

    def __init__(self):
        self.requests = []
        self.before = lambda method, path: None
        self.url = ""

    @contextmanager
    def running(self):
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def written(self):
        """Methods and paths of all requests that change something."""
        return [(method, path) for method, path, *_ in self.requests if method != "GET"]

    def act(self, method, path, body, headers):
        self.requests.append((method, path, body, headers))
        self.before(method, path)
        segments = [unquote(segment) for segment in path.strip("/").split("/")]
        if segments[0] != "extensions" or len(segments) > 6:
            raise RefusalError(404, "fault", f"no route {path}")
        return self.answer(method, segments, body, headers)


class OriginalServer(_Server):
    """Holds plain data.

    Attributes:
        records: By id: the extension with its services by id, and their parts by id or URL.
    """

    content_type = "application/json+json"

    def __init__(self):
        super().__init__()
        self.records = {}
        self.random = random.Random(7)

    def answer(self, method, segments, body, headers):
        if len(segments) % 2:
            return self._of_collection(method, segments, body)
        return self._of_item(method, segments, body)

    def _of_collection(self, method, segments, body):
        items = self._items(segments)
        kind = segments[-1]
        if method == "GET":
            if kind == "extensions" and body is None:
                raise RefusalError(400, "missing_payload", "missing required payload")
            return 200, [self._shown(item, kind, segments) for item in self._shuffled(items.values())], {}
        if method != "POST":
            return 405, None, {}
        item = self._kept(body, kind)
        own_id = item.get("url" if kind == "endpoints" else "id") or "generated-1"
        item.setdefault("url" if kind == "endpoints" else "id", own_id)
        if own_id in items:
            raise RefusalError(409, "Conflict", self._message(segments, own_id, "with the same {} already exists"))
        items[own_id] = item
        return 201, self._shown(item, kind, segments), {}

    def _of_item(self, method, segments, body):
        *collection, own_id = segments
        kind = collection[-1]
        items = self._items(collection)
        if own_id not in items:
            raise RefusalError(
                404, "NotFound", self._message(collection, own_id, "with the given {} could not be found")
            )
        if method == "DELETE":
            del items[own_id]
            return 204, None, {}
        if method == "PUT":
            items[own_id] |= {k: v for k, v in body.items() if k in KNOWN[kind] - set(PARTS)}
        return 200, self._shown(items[own_id], kind, collection), {}

    def _items(self, segments):
        items = self.records
        for i in range(1, len(segments), 2):
            if segments[i] not in items:
                message = self._message(segments[:i], segments[i], "with the given {} could not be found")
                raise RefusalError(404, "NotFound", message)
            items = items[segments[i]][segments[i + 1]]
        return items

    def _message(self, collection, own_id, what):
        kind = collection[-1]
        name = "URL" if kind == "endpoints" else "ID"
        if kind == "extensions":
            return f"an extension {what.format(name)}: {own_id}"
        owner = f"'{collection[1]}' extension"
        if kind != "services":
            owner = f"'{collection[1]}/{collection[3]}' extension service"
        return f"{NOUNS[kind]} {what.format(name)} under the {owner}: {own_id}"

    def _kept(self, body, kind):
        item = {k: v for k, v in (body or {}).items() if k in KNOWN[kind]}
        below = {"extensions": ["services"], "services": ["endpoints", "credentials"]}.get(kind, [])
        for part in below:
            key = "url" if part == "endpoints" else "id"
            item[part] = {i[key]: self._kept(i, part) for i in item.get(part) or []}
        return item

    def _shown(self, item, kind, segments):
        shown = {k: v for k, v in item.items() if v not in ("", {}, [], None)}
        if kind == "services":
            shown["auth_required"] = item.get("auth_required", False)
        if kind == "endpoints":
            shown |= {"type": item.get("type", "external"), "status": {}}
        if kind == "credentials":
            shown |= {"scope": item.get("scope", "global"), "default": item.get("default", False)}
            shown["configuration"] = dict.fromkeys(item.get("configuration", {}), HIDDEN)
        else:
            shown["status"] = {} if kind == "endpoints" else {"registered": NOW}
        for part in PARTS:
            if part in item:
                shown[part] = [self._shown(i, part, segments) for i in self._shuffled(item[part].values())]
        return shown

    def _shuffled(self, items):
        return self.random.sample(list(items), len(items))


class OurServer(_Server):
    """Holds records in memory, and gives their revisions as ETags. Of the paths only those of whole extensions.

    Attributes:
        shows_keys: Whether the names of keys in a Secret are shown.
    """

    def __init__(self):
        super().__init__()
        self.records = MemoryRecords()
        self.shows_keys = True

    def answer(self, method, segments, body, headers):
        expected = headers.get("If-Match", "").strip('"')
        try:
            if segments == ["extensions"] and method == "GET":
                return 200, [self.shown(stored.record) for stored in self.records.list().records], {}
            if segments == ["extensions"]:
                stored = self.records.put(editing.create(body, suffix=lambda: "aaaaaaaa"), None)
                return 201, self.shown(stored.record), {"ETag": f'"{stored.revision}"'}
            own_id = segments[1]
            if method == "DELETE":
                self.records.delete(own_id, expected or self.records.get(own_id).revision)
                return 204, None, {}
            if method == "PUT":
                if expected and self.records.get(own_id).revision != expected:
                    raise ChangedError(f"extension {own_id!r} has been changed since it was read; read it again")
                change(self.records, own_id, lambda r: editing.update(r, body, suffix=lambda: "aaaaaaaa"))
            stored = self.records.get(own_id)
            return 200, self.shown(stored.record), {"ETag": f'"{stored.revision}"'}
        except NotFoundError as e:
            raise RefusalError(404, "NotFound", str(e)) from e
        except AlreadyExistsError as e:
            raise RefusalError(409, "Conflict", str(e)) from e
        except ChangedError as e:
            raise RefusalError(412, "PreconditionFailed", str(e)) from e
        except InvalidRecordsError as e:
            raise RefusalError(400, "invalid_pattern", str(e)) from e

    def shown(self, record):
        plain = {**codec.encode(editing.hide(record)), "status": {"registered": NOW}}
        for service in plain.get("services", ()) if not self.shows_keys else ():
            for login in service.get("credentials", ()):
                login["configuration"] = dict.fromkeys(login.get("configuration", {}), HIDDEN)
        return plain


def _handler(server):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args):
            pass

        def _do(self):
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            headers = {}
            try:
                status, document, headers = server.act(self.command, self.path, body, dict(self.headers))
            except RefusalError as e:
                status, document = e.answer
            data = b"" if document is None else json.dumps(document).encode()
            self.send_response(status)
            for name, value in {"Content-Type": server.content_type, **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_DELETE = _do  # noqa: N815 - called by name

    return Handler
