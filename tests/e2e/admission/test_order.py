"""The controller reports a webhook configuration that would be called in the wrong order."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

OURS = "zzz-extensions-e2e"
NOBODY = {"matchLabels": {"e2e": "nobody-has-this"}}


def configuration(name, groups):
    rule = {"apiGroups": groups, "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pipelineruns"]}
    webhook = {
        "name": "runs.e2e.fuseml.org",
        "clientConfig": {"url": "https://127.0.0.1:1/mutate"},
        "rules": [rule],
        "namespaceSelector": NOBODY,
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    api_version = "admissionregistration.k8s.io/v1"
    metadata = {"name": name}
    return {
        "apiVersion": api_version,
        "kind": "MutatingWebhookConfiguration",
        "metadata": metadata,
        "webhooks": [webhook],
    }


@pytest.fixture
def made(kubectl):
    names = []

    def make(name, groups=("tekton.dev",)):
        names.append(name)
        kubectl("create", "-f", "-", stdin=configuration(name, list(groups)))

    yield make
    for name in names:
        kubectl("delete", "mutatingwebhookconfiguration", name)
        kubectl("delete", "events", "-n", "default", "--field-selector", f"involvedObject.name={name}")


def reported(kubectl, name):
    selector = f"involvedObject.name={name},reason=WrongOrder"
    events = kubectl.json("get", "events", "-n", "default", "--field-selector", selector)["items"]
    return [event["message"] for event in events]


@pytest.fixture
def controller(cluster, kubectl, namespace):
    """A controller of the configuration that sorts after Tekton's."""
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "fuseml-controller"}}
    kubectl.within(namespace)("create", "-f", "-", stdin=lease)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        Path(sys.executable).with_name("fuseml"), "controller", "--namespace", namespace, "--kubeconfig", cluster,
        "--certificates", "external", "--configuration", OURS, "--listen", f"127.0.0.1:{port}",
    ]  # fmt: skip
    process = subprocess.Popen(
        [str(word) for word in command], stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=os.environ
    )
    yield process
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def test_a_configuration_that_is_called_after_tektons_is_reported(kubectl, made, controller, wait_for):
    made(OURS)

    (message,) = wait_for(lambda: reported(kubectl, OURS), 90, "an event")

    assert "'webhook.pipeline.tekton.dev'" in message
    assert "give ours a name that sorts first" in message


def test_another_configuration_that_is_called_before_the_installed_one_is_reported(product, kubectl, made, wait_for):
    # Events of other tests, and of an earlier run.
    kubectl("delete", "events", "-n", "default", "--field-selector", "involvedObject.name=extensions.fuseml.org")
    made("aaa-e2e")

    start = "configuration 'extensions.fuseml.org' is called after 'aaa-e2e'"
    wait_for(lambda: any(m.startswith(start) for m in reported(kubectl, "extensions.fuseml.org")), 90, "an event")

    assert "WrongOrder" in kubectl("describe", "mutatingwebhookconfiguration", "extensions.fuseml.org")
