"""The search that is made after all tests, for credentials where none may be, finds what is planted."""

import base64
import uuid

import pytest

from tests.e2e.support.canary import forms, search
from tests.e2e.support.product import NAMESPACE
from tests.e2e.workloads.references import extension


@pytest.fixture
def mark():
    return f"planted-{uuid.uuid4().hex}"


@pytest.fixture
def places(node, wait_for):
    """Where a mark is found; waits until all of *expected* are among the places."""
    since = node.audit_position()

    def places(mark, *expected):
        def found():
            lines = search(mark, node, since)
            return all(any(part in line for line in lines) for part in expected)

        wait_for(found, 60, f"{mark} in {expected}")

    return places


@pytest.mark.parametrize("around", range(4))
def test_what_is_stored_is_found_in_clear_and_in_base64(kubectl, namespace, places, mark, around):
    text = base64.b64encode(f"{'x' * around}{mark}{'y' * around}".encode()).decode() if around else mark
    data = {"metadata": {"name": "planted"}, "data": {"x": text}}

    kubectl.within(namespace)("create", "-f", "-", stdin={"apiVersion": "v1", "kind": "ConfigMap", **data})

    places(mark, "audit.log: ", f"etcd /registry/configmaps/{namespace}/planted")


def test_an_event_is_found(kubectl, namespace, places, mark):
    about = {"kind": "Pod", "name": "planted", "namespace": namespace}
    event = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "planted"}, "involvedObject": about}

    kubectl.within(namespace)("create", "-f", "-", stdin={**event, "message": mark})

    places(mark, "audit.log: ", f"etcd /registry/events/{namespace}/planted")


def test_a_secret_is_not_where_it_may_not_be(kubectl, namespace, places, node, mark):
    since = node.audit_position()
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "kept"}, "stringData": {"x": mark}}

    kubectl.within(namespace)("create", "-f", "-", stdin=secret)

    assert search(mark, node, since) == []
    kept = [value for key, value in node.stored() if key == f"/registry/secrets/{namespace}/kept"]
    assert any(form in kept[0] for form in forms(mark)), "the search would find it, if it looked there"


def test_what_the_webhook_answers_is_found(kubectl, namespace, product, node, mark):
    here, since = kubectl.within(namespace), node.audit_position()
    here("create", "-f", "-", stdin=extension("planted", {"PLANTED": mark}))
    step = {"name": "a", "image": "i", "command": ["c"], "extensions": [{"name": "p", "product": "planted"}]}
    run = {"apiVersion": "tekton.dev/v1", "kind": "TaskRun", "metadata": {"name": "planted"}}

    here("create", "--dry-run=server", "-f", "-", stdin={**run, "spec": {"taskSpec": {"steps": [step]}}})

    patches = [
        text
        for event in node.audit(since)
        for key, text in event.get("annotations", {}).items()
        if key.startswith("patch.webhook.admission.k8s.io")
    ]
    assert any(mark in text for text in patches)


def test_logs_pages_and_messages_are_kept(kubectl, namespace, product, places, mark):
    here = kubectl.within(namespace)
    step = {"name": "a", "image": "i", "command": ["c"], "extensions": [{"name": "p", "product": mark}]}
    run = {"apiVersion": "tekton.dev/v1", "kind": "TaskRun", "metadata": {"name": mark}}

    assert mark in here.fails("create", "-f", "-", stdin={**run, "spec": {"taskSpec": {"steps": [step]}}})

    places(mark, "shown-", f"{NAMESPACE}_fuseml-webhook")
    places("fuseml_webhook_reviews_total", "-metrics-200-")
    places("fuseml_controller_leader", "fuseml-controller-")
