"""A stand-in for the API server's part that reads and writes single objects, and whose faults can be ordered."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import jsonpatch
import yaml
from kubernetes.client import ApiClient, Configuration

NAMESPACE = "/api/v1/namespaces/fuseml-system"
AUTHORITIES = f"{NAMESPACE}/secrets/fuseml-webhook-ca"
LEAF = f"{NAMESPACE}/secrets/fuseml-webhook-tls"
CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
CONFIGURATION = f"{CONFIGURATIONS}/extensions.fuseml.org"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/fuseml-system/leases/fuseml-controller"
EVENTS = "/api/v1/namespaces/default/events"
PODS = "/api/v1/pods"
PROBES = f"{NAMESPACE}/pods"
EXTENSIONS = "/apis/fuseml.org/v1alpha1/extensions"
# Seconds. A watch ends after the first change, or this time.
WATCH = 1.0


def extension_path(namespace, name):
    return f"/apis/fuseml.org/v1alpha1/namespaces/{namespace}/extensions/{name}"


class FakeObjects:
    """Objects by path. Those of kind Extension can be listed, watched, and given a status.

    Attributes:
        requests: Method and path of each request, in order.
        queries: The query of each.
        refuse: Status that a request gets, by method and path, or by path alone.
        before: Called with method and path before a request is answered.
        made_pod: What becomes of a pod that is made in a dry run.
    """

    def __init__(self):
        self.objects = {}
        self.requests = []
        self.queries = []
        self.refuse = {}
        self.before = lambda method, path: None
        self.made_pod = lambda pod: pod
        self.url = ""
        self._version = 100
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._changes = []

    def put(self, path, obj):
        with self._lock:
            self._version += 1
            obj = deepcopy(obj)
            obj.setdefault("metadata", {})["name"] = path.rpartition("/")[2]
            obj["metadata"]["resourceVersion"] = str(self._version)
            self.objects[path] = obj
            self._note("MODIFIED", obj)
            return obj

    def drop(self, path):
        with self._lock:
            self._version += 1
            obj = self.objects.pop(path)
            self._note("DELETED", {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(self._version)}})

    def _note(self, kind, obj):
        self._changes.append((self._version, {"type": kind, "object": obj}))
        self._changed.notify_all()

    def writes(self):
        return [(method, path) for method, path in self.requests if method != "GET"]

    def answer(self, method, path, body, query=""):
        self.requests.append((method, path))
        self.queries.append(query)
        self.before(method, path)
        status = self.refuse.get((method, path)) or self.refuse.get(path)
        if status:
            return status, {"kind": "Status", "code": status, "message": f"refused; {body}"}
        with self._lock:
            if path == EXTENSIONS:
                return self._extensions(parse_qs(query))
            if path.endswith("/status"):
                return self._patch_status(path.removesuffix("/status"), body)
            return getattr(self, f"_{method.lower()}")(path, body)

    def _extensions(self, query):
        if "watch" not in query:
            items = [obj for obj in self.objects.values() if obj.get("kind") == "Extension"]
            return 200, {"metadata": {"resourceVersion": str(self._version)}, "items": items}
        self._changed.wait_for(lambda: self._extensions_after(query), WATCH)
        return 200, b"".join(json.dumps(event).encode() + b"\n" for event in self._extensions_after(query))

    def _extensions_after(self, query):
        version = int(query["resourceVersion"][0])
        return [event for v, event in self._changes if v > version and event["object"].get("kind") == "Extension"]

    def _patch_status(self, path, body):
        if path not in self.objects:
            return 404, {"kind": "Status", "code": 404}
        known = self.objects[path]
        status = known.get("status", {}) | body["status"]
        status = {key: value for key, value in status.items() if value is not None}
        return self._write(path, {**known, "metadata": known["metadata"] | body["metadata"], "status": status})

    def _get(self, path, body):
        if path == CONFIGURATIONS:
            items = [obj for key, obj in self.objects.items() if key.startswith(f"{path}/")]
            return 200, {"apiVersion": "v1", "kind": "List", "metadata": {}, "items": items}
        if path == PODS:
            items = [obj for obj in self.objects.values() if obj.get("kind") == "Pod"]
            return 200, {"apiVersion": "v1", "kind": "PodList", "metadata": {}, "items": items}
        obj = self.objects.get(path)
        return (200, obj) if obj else (404, {"kind": "Status", "code": 404})

    def _put(self, path, body):
        return self._write(path, body)

    def _patch(self, path, body):
        if path not in self.objects:
            return 404, {"kind": "Status", "code": 404}
        try:
            return self._write(path, jsonpatch.apply_patch(self.objects[path], body))
        except jsonpatch.JsonPatchException:
            return 422, {"kind": "Status", "code": 422}

    def _delete(self, path, body):
        if path not in self.objects:
            return 404, {"kind": "Status", "code": 404}
        metadata = self.objects[path]["metadata"]
        if any(metadata.get(key) != value for key, value in body.get("preconditions", {}).items()):
            return 409, {"kind": "Status", "code": 409}
        del self.objects[path]
        return 200, {"kind": "Status", "code": 200}

    def _post(self, path, body):
        if path == PROBES:
            return 201, self.made_pod(body)
        name = body["metadata"]["generateName"] + str(self._version)
        return 201, self.put(f"{path}/{name}", body)

    def _write(self, path, obj):
        if path not in self.objects:
            return 404, {"kind": "Status", "code": 404}
        if obj["metadata"]["resourceVersion"] != self.objects[path]["metadata"]["resourceVersion"]:
            return 409, {"kind": "Status", "code": 409}
        return 200, self.put(path, obj)


def install(fake):
    """What the manifests bring: the objects, empty."""
    fake.put(AUTHORITIES, {"kind": "Secret", "type": "Opaque", "metadata": {"labels": {"app": "fuseml"}}})
    fake.put(LEAF, {"kind": "Secret", "type": "Opaque", "metadata": {"labels": {"app": "fuseml"}}})
    fake.put(LEASE, {"kind": "Lease", "spec": {}})
    fake.put(CONFIGURATION, configuration("tekton.dev", "argoproj.io"))


def configuration(*groups):
    return {
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"uid": "u-1", "labels": {"app": "fuseml"}},
        "webhooks": [
            {
                "name": f"{group}.extensions.fuseml.org",
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "clientConfig": {
                    "service": {"name": "fuseml-webhook", "namespace": "fuseml-system", "path": "/mutate"}
                },
                "rules": [{"apiGroups": [group], "apiVersions": ["*"], "operations": ["CREATE"], "resources": ["*"]}],
            }
            for group in groups
        ],
    }


@contextmanager
def serving(fake: FakeObjects, port: int = 0) -> Iterator[ApiClient]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # An answer goes out in one piece.

        def answer(self):
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length)) if length else None
            path, _, query = self.path.partition("?")
            status, document = fake.answer(self.command, path, body, query)
            content = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def handle(self):
            try:
                super().handle()
            except OSError:
                self.close_connection = True

        def log_message(self, *args):
            pass

    for method in ("GET", "PUT", "PATCH", "POST", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.answer)
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}"
    client = ApiClient(Configuration(host=fake.url, retries=False))
    try:
        yield client
    finally:
        client.rest_client.pool_manager.clear()
        server.shutdown()
        server.server_close()
        thread.join()


def write_kubeconfig(path, url, namespace="default"):
    """A kubeconfig for *url*, whose context names *namespace*; gives the path."""
    content = {
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u", "namespace": namespace}}],
        "current-context": "x",
    }
    path.write_text(yaml.safe_dump(content))
    return path
