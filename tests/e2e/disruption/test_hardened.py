"""With the overlay `hardened`, the controller delivers only where a namespace's administrators allow it."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.docs.pages import command_blocks
from tests.e2e.support.product import IMAGE, NAMESPACE, ROOT, install, uninstall
from tests.e2e.support.waiting import wait_for
from tests.e2e.workloads.runs import submit
from tests.e2e.workloads.shared_credentials import copies, given_to, runs_of_every_kind

OVERLAY = ROOT / "manifests/overlays/hardened"
CONTROLLER = f"system:serviceaccount:{NAMESPACE}:fuseml-controller"
NAMESPACE_IN_PAGE = "team-a"
(ALLOW,) = (
    block.text
    for block in command_blocks((ROOT / "docs/security.md").read_text())
    if block.marker and block.marker.test == str(Path(__file__).relative_to(ROOT))
)


@pytest.fixture
def hardened(removed, kubectl, tmp_path):
    folder = tmp_path.resolve() / "overlay"
    folder.mkdir()
    image = os.environ.get("E2E_IMAGE", IMAGE)
    patch = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image}]
    (folder / "kustomization.yaml").write_text(yaml.safe_dump({
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        # A kustomization refers to others by relative paths only.
        "resources": [os.path.relpath(OVERLAY, folder)],
        "patches": [{"target": {"kind": "Deployment"}, "patch": json.dumps(patch)}],
    }))  # fmt: skip
    try:
        install(kubectl, os.environ.get("E2E_IMAGE"), folder)
        yield
    finally:
        uninstall(kubectl, folder)


def may_create_secrets(kubectl, namespace):
    shown = kubectl.run("auth", "can-i", "create", "secrets", "-n", namespace, f"--as={CONTROLLER}").stdout
    return shown.strip() == "yes"


@pytest.mark.full
def test_each_namespace_allows_its_copies_itself(hardened, kubectl, team, shared, images):
    allowed, other = team("red"), team("blue")
    environment = {**os.environ, "KUBECONFIG": str(kubectl.kubeconfig)}

    def allow(namespace):
        commands = ALLOW.replace(f"-n {NAMESPACE_IN_PAGE} ", f"-n {namespace} ")
        subprocess.run(["bash", "-e", "-c", commands], check=True, timeout=60, env=environment)

    allow(allowed.namespace)
    product, values = shared()

    wait_for(lambda: copies(allowed, product), 60, "a delivery where it is allowed")
    _, runs = runs_of_every_kind(product, images.python)
    submit(allowed, runs[0])
    assert given_to(allowed, "pipelinerun", "inline", values) == values
    why = "fuseml controller may not write Secrets in this namespace; the cluster's administrators can allow it"
    wait_for(lambda: why in other.fails("create", "-f", "-", stdin=runs[0]), 60, "the refusal with its reason")
    assert copies(other, product) == []
    events = [(event["reason"], event["message"]) for event in other.api.get("events")["items"]]
    assert ("DeliveryForbidden", why) in events
    assert may_create_secrets(kubectl, allowed.namespace)
    assert not may_create_secrets(kubectl, other.namespace)
    assert not may_create_secrets(kubectl, "default")

    allow(other.namespace)

    wait_for(lambda: copies(other, product), 120, "a delivery after it was allowed")
    submit(other, runs[0])
    assert given_to(other, "pipelinerun", "inline", values) == values
