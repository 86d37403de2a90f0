"""A stand-in for the API server in the same process: thousands of calls a second, and a test may act between any two.

It keeps what the delivery of credentials relies on: versions, uids, who has written an object, dry runs, preconditions.
"""

import itertools
import json
import threading
from copy import deepcopy
from urllib.parse import parse_qsl, urlsplit

import urllib3
from kubernetes.client import ApiClient, Configuration
from kubernetes.client.rest import RESTResponse

READS = ("GET",)
NOW = "2021-11-24T10:00:00Z"


class FakeCluster:
    """Objects by path.

    Attributes:
        before: Called with method and path before a request is carried out; may change anything, or raise.
        after: Called with method, path and status after one was carried out.
        date: The time of each answer, in HTTP's form. Objects are created at ``NOW``, a second before.
        refuse: Gives a status and a message for a request that is refused; None for others.
    """

    def __init__(self):
        self.objects = {}
        self.requests = []
        self.before = lambda method, path, body: None
        self.after = lambda method, path, status: None
        self.refuse = lambda method, path, body, query: None
        self.date = "Wed, 24 Nov 2021 10:00:01 GMT"
        self.lock = threading.RLock()
        self._numbers = itertools.count(1)

    def put(self, path, obj, *, manager="admin"):
        """Create or replace the object at *path*, whoever has it."""
        with self.lock:
            number = str(next(self._numbers))
            known = self.objects.get(path, {})
            before = known.get("metadata", {})
            obj = deepcopy(obj)
            metadata = obj.setdefault("metadata", {})
            if "spec" in obj:
                metadata["generation"] = before.get("generation", 0) + (obj["spec"] != known.get("spec"))
            metadata["name"] = path.rpartition("/")[2]
            metadata["uid"] = before.get("uid", f"uid-{number}")
            metadata["resourceVersion"] = number
            metadata.setdefault("creationTimestamp", before.get("creationTimestamp", NOW))
            managers = {m["manager"] for m in before.get("managedFields", ())} | {manager}
            metadata["managedFields"] = [{"manager": name} for name in sorted(managers)]
            self.objects[path] = obj
            return obj

    def delete(self, path):
        """Delete the object at *path*, and all below it if it is a Namespace."""
        with self.lock:
            for known in [known for known in self.objects if known == path or known.startswith(f"{path}/")]:
                del self.objects[known]

    def client(self):
        """A client of the real library that calls this in place of a server."""
        return _Client(self)

    def answer(self, method, path, query, body):
        """Carry out a request; return status and document."""
        with self.lock:
            refused = self.refuse(method, path, body, query)
            if refused:
                return refused[0], {"kind": "Status", "code": refused[0], "message": refused[1]}
            status, document = getattr(self, f"_{method.lower()}")(path, query, body)
            self.after(method, path, status)
            return status, deepcopy(document)

    def _get(self, path, query, body):
        if path in self.objects:
            return 200, self.objects[path]
        if path.rpartition("/")[2] in ("configmaps", "secrets", "extensions", "namespaces"):
            items = [obj for known, obj in self.objects.items() if known.rpartition("/")[0] == path]
            items = [obj for obj in items if _is_selected(obj, query.get("labelSelector", ""))]
            return 200, {"metadata": {"resourceVersion": str(next(self._numbers))}, "items": items}
        return _not_found(path)

    def _put(self, path, query, body):
        known = self.objects.get(path)
        if known is None:
            return _not_found(path)
        version = body["metadata"].get("resourceVersion")
        if version and version != known["metadata"]["resourceVersion"]:
            return _status(409)
        if known.get("type") != body.get("type") or (known.get("immutable") and known.get("data") != body.get("data")):
            return _status(422, "field is immutable")
        return 200, self._written(path, query, body)

    def _post(self, path, query, body):
        if path.endswith("/events"):
            return 201, body
        namespace = path.rpartition("/")[0]
        if namespace not in self.objects:
            return _not_found(namespace)
        path = f"{path}/{body['metadata']['name']}"
        return _status(409) if path in self.objects else (201, self._written(path, query, body))

    def _delete(self, path, query, body):
        if path not in self.objects:
            return _not_found(path)
        demanded = (body or {}).get("preconditions", {})
        known = self.objects[path]["metadata"]
        if any(value and known[key] != value for key, value in demanded.items()):
            return _status(409)
        if known.get("finalizers"):
            self.put(path, {**self.objects[path], "metadata": {**known, "deletionTimestamp": NOW}})
            return _status(200)
        del self.objects[path]
        return _status(200)

    def _written(self, path, query, body):
        before = self.objects.get(path)
        written = self.put(path, body, manager=query.get("fieldManager", "unknown"))
        if query.get("dryRun"):
            del self.objects[path]
            if before is not None:
                self.objects[path] = before
        return written


class _Client(ApiClient):
    def __init__(self, cluster):
        super().__init__(Configuration(host="http://cluster", retries=False))
        self._cluster = cluster

    def call_api(self, method, url, header_params=None, body=None, post_params=None, _request_timeout=None):
        parts = urlsplit(url)
        with self._cluster.lock:
            self._cluster.requests.append((method, parts.path))
        self._cluster.before(method, parts.path, body)
        status, document = self._cluster.answer(method, parts.path, dict(parse_qsl(parts.query)), body)
        # As an API server does, which keeps custom objects as maps without an order.
        content = json.dumps(document, sort_keys=True).encode()
        headers = {"Content-Type": "application/json", "Date": self._cluster.date}
        return RESTResponse(urllib3.HTTPResponse(content, headers, status))


def _is_selected(obj, selector):
    labels = obj["metadata"].get("labels") or {}
    wanted = [part.partition("=") for part in selector.split(",") if part]
    return all(labels.get(key) == value if equals else key in labels for key, equals, value in wanted)


def _not_found(path):
    """The API server says what is not there. Of a kind that it does not know, it says nothing: ``refuse`` does so."""
    collection, _, name = path.rpartition("/")
    details = {"name": name, "kind": collection.rpartition("/")[2]}
    return 404, {"kind": "Status", "status": "Failure", "code": 404, "message": "", "details": details}


def _status(code, message=""):
    return code, {"kind": "Status", "status": "Success" if code < 300 else "Failure", "code": code, "message": message}
