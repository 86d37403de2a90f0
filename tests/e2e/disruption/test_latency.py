"""How much time the webhook adds to a creation, compared with an empty webhook. Prints times, asserts none."""

import base64
import statistics
import time
from copy import deepcopy
from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.support.api import Api
from tests.e2e.support.api_server_metrics import webhook_calls
from webhook.controller.certificates.authority import issue, key_pem, make_authority

ROUNDS = 200
SELECTOR = {"name": "store", "product": "mlflow"}
LABEL = "e2e-empty"

# The same server in a pod of the same image: only the handling of a review differs.
EMPTY = """
import re, socket
from pathlib import Path
from webhook.process import logs
from webhook.serving.server import Server
from webhook.process.tls import Certificates
UID = re.compile(rb'"uid":"([^"]+)"')
ANSWER = b'{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"%s","allowed":true}}'
def app(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    answer = ANSWER % UID.search(body)[1] if body else b"ok"
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
    return [answer]
logs.configure()
Server(
    lambda server: app,
    certificates=Certificates(Path("/tls/tls.crt"), Path("/tls/tls.key")),
    listener=socket.create_server(("", 8443)),
).run()
"""


@pytest.fixture
def empty(product, kubectl, cluster, namespace, wait_for):
    """A webhook that does nothing, for objects that carry the label."""
    here = kubectl.within(namespace)
    now, life = datetime.now(UTC), timedelta(days=1)
    authority = make_authority(now, life)
    leaf = issue(authority, [f"empty.{namespace}.svc"], now, life)
    labels = {"app": "empty"}
    container = {
        "name": "empty",
        "image": product.image,
        "command": ["python3", "-c", EMPTY],
        "readinessProbe": {"tcpSocket": {"port": 8443}, "periodSeconds": 1},
        "volumeMounts": [{"name": "tls", "mountPath": "/tls"}],
    }
    volumes = [{"name": "tls", "secret": {"secretName": "empty"}}]
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [container], "volumes": volumes}}
    here("create", "-f", "-", stdin=[
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "empty"},
         "stringData": {"tls.crt": leaf.pem.decode(), "tls.key": key_pem(leaf.key).decode()}},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "empty"},
         "spec": {"selector": labels, "ports": [{"port": 443, "targetPort": 8443}]}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "empty"},
         "spec": {"selector": {"matchLabels": labels}, "template": pod}},
    ])  # fmt: skip
    here("rollout", "status", "deployment/empty", "--timeout=180s", timeout=200)
    client = {
        "service": {"name": "empty", "namespace": namespace, "path": "/mutate"},
        "caBundle": base64.b64encode(authority.pem).decode(),
    }
    webhook = {
        "name": "empty.e2e.fuseml.org",
        "clientConfig": client,
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "matchPolicy": "Exact",
        "objectSelector": {"matchLabels": {LABEL: "yes"}},
        "rules": [{
            "apiGroups": ["tekton.dev"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pipelineruns"],
        }],
    }  # fmt: skip
    configuration = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": f"empty-{namespace}"},
        "webhooks": [webhook],
    }
    kubectl("create", "-f", "-", stdin=configuration)

    # It takes some moments until the API server calls it and the pod answers.
    def answers():
        status, _ = Api(cluster, namespace).create(pipeline_run(1, labelled=True), dry_run=True)
        return status == 201 and webhook["name"] in webhook_calls(kubectl)

    wait_for(answers, 30, "the webhook that does nothing")
    yield webhook["name"]
    kubectl("delete", "mutatingwebhookconfiguration", f"empty-{namespace}")


def pipeline_run(steps, *, asks=False, labelled=False):
    step = {
        "image": "ghcr.io/acme/trainer:1.2.3",
        "script": "#!/bin/sh\nset -e\npython train.py > out.txt\n" * 5,
        "env": [{"name": f"OPTION_{i}", "value": f"value-{i}"} for i in range(8)],
    }
    tasks = []
    for i in range(steps):
        asking = {"extensions": [SELECTOR]} if asks else {}
        tasks.append({"name": f"t{i}", "taskSpec": {"steps": [deepcopy(step) | {"name": "main"} | asking]}})
    metadata = {"generateName": "bench-", "labels": {LABEL: "yes"} if labelled else {}}
    return {
        "apiVersion": "tekton.dev/v1",
        "kind": "PipelineRun",
        "metadata": metadata,
        "spec": {"pipelineSpec": {"tasks": tasks}},
    }


@pytest.mark.parametrize("steps", [1, pytest.param(20, marks=pytest.mark.full)])
def test_what_an_admission_adds(here, empty, kubectl, cluster, namespace, steps, tell):
    variants = {
        "none": pipeline_run(steps),
        "empty": pipeline_run(steps, labelled=True),
        "ours": pipeline_run(steps, asks=True),
    }
    api = Api(cluster, namespace)
    took = {name: [] for name in variants}
    before = {}
    for i in range(ROUNDS + 20):
        if i == 20:  # Connections are made, caches are warm.
            before = webhook_calls(kubectl)
        for name, run in variants.items():
            started = time.perf_counter()
            status, text = api.create(run, dry_run=True)
            if i >= 20:
                took[name].append(time.perf_counter() - started)
            assert status == 201, text
    after = webhook_calls(kubectl)

    p50 = {name: statistics.median(times) * 1000 for name, times in took.items()}
    called = {}
    for name, webhook in (("empty", empty), ("ours", "tekton.extensions.fuseml.org")):
        was = before.get(webhook, {"sum": 0.0, "count": 0.0})
        count = after[webhook]["count"] - was["count"]
        called[name] = (after[webhook]["sum"] - was["sum"]) / count * 1000
        assert count >= ROUNDS
    ratio = called["ours"] / called["empty"]
    tell(
        f"{steps} steps: a creation takes {p50['none']:.2f} ms (p50), with an empty webhook {p50['empty']:.2f}, with "
        f"ours {p50['ours']:.2f}; the API server's own mean of a call, with what it does with the patch: "
        f"{called['empty']:.2f} and {called['ours']:.2f} ms, {ratio:.2f} times"
    )


@pytest.fixture
def here(product, kubectl, namespace):
    here = kubectl.within(namespace)
    endpoint = {"url": "http://minio", "type": "internal", "configuration": {"S3_ENDPOINT_URL": "http://minio"}}
    credentials = {"id": "c", "secretRef": {"name": "minio"}, "configuration": {"KEY": "user", "WORD": "password"}}
    service = {"id": "s", "endpoints": [endpoint], "credentials": [credentials]}
    spec = {"product": "mlflow", "services": [service]}
    obj = {"apiVersion": "fuseml.org/v1alpha1", "kind": "Extension", "metadata": {"name": "mlflow"}, "spec": spec}
    here("create", "-f", "-", stdin=obj)
    return here
