"""Build the product's image from this folder, and install it as its README says."""

import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.cluster.images import build_and_load
from tests.cluster.lock import alone
from tests.e2e.support.kubectl import Kubectl
from tests.e2e.support.waiting import wait_for

ROOT = Path(__file__).parents[3]
OVERLAY = Path(__file__).parent / "overlay"
NAMESPACE = "fuseml-system"  # of the processes
REGISTRY = "fuseml"  # the namespace of the records for everyone
CONFIGURATION = "extensions.fuseml.org"
DEPLOYMENTS = ("fuseml-webhook", "fuseml-controller")
IMAGE = "docker.io/local/fuseml-extensions:1"
CONTENT = "e2e/image-content"


class Product(NamedTuple):
    """The installed product."""

    image: str
    kubectl: Kubectl  # in the namespace of its processes


def build() -> str:
    """Build the image if its inputs have changed, and load it into the node; return a digest of the inputs."""
    with alone("wheels"):
        subprocess.run(["make", "--silent", "wheels"], cwd=ROOT, check=True, timeout=900)
    inputs = [ROOT / "Dockerfile", ROOT / ".dockerignore", ROOT / "dist/wheels"]
    return build_and_load(ROOT, ROOT / "Dockerfile", IMAGE, inputs=inputs)


def install(kubectl: Kubectl, image: str | None, overlay: Path = OVERLAY) -> Product:
    """Install the product from *image*, by default from one that is built here, and wait until it answers."""
    content = image or build()
    documents = list(yaml.safe_load_all(kubectl("kustomize", overlay)))
    for document in documents:
        if document["kind"] == "Deployment":
            _set_image(document["spec"]["template"], image or IMAGE, content)
    kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=documents, timeout=120)
    works(kubectl)
    return Product(image or IMAGE, kubectl.within(NAMESPACE))


def works(kubectl: Kubectl, namespace: str = NAMESPACE) -> None:
    """Wait until the processes in *namespace* are ready, and the API server reaches the webhook."""
    here = kubectl.within(namespace)
    for deployment in DEPLOYMENTS:
        here("rollout", "status", f"deployment/{deployment}", "--timeout=180s", timeout=200)
    wait_for(lambda: _has_ca(kubectl), 60, f"caBundle of {CONFIGURATION}")
    answers(kubectl)


def answers(kubectl: Kubectl) -> None:
    """Wait until the API server reaches the webhook: its Service follows some moments after its pods are ready."""
    wait_for(lambda: _refuses(kubectl), 60, "the webhook's answer")


def uninstall(kubectl: Kubectl, overlay: Path = OVERLAY) -> None:
    """Remove everything that was installed, the registered extensions included."""
    kubectl("delete", "--ignore-not-found", "-k", overlay, timeout=180)


def _set_image(template: dict[str, Any], image: str, content: str) -> None:
    """Set the image, whose tag is always the same, and an annotation that differs when its content does."""
    template.setdefault("metadata", {}).setdefault("annotations", {})[CONTENT] = content
    for container in template["spec"]["containers"] + template["spec"].get("initContainers", []):
        container["image"] = image


def _has_ca(kubectl: Kubectl) -> bool:
    webhooks = kubectl.json("get", "mutatingwebhookconfiguration", CONFIGURATION)["webhooks"]
    return bool(webhooks) and all(webhook["clientConfig"].get("caBundle") for webhook in webhooks)


def _refuses(kubectl: Kubectl) -> bool:
    """True if the product refuses what is not registered; an engine would refuse the unknown field."""
    step = {
        "name": "probe",
        "image": "x",
        "command": ["x"],
        "extensions": [{"name": "x", "product": "e2e-has-no-such"}],
    }
    task_run = {
        "apiVersion": "tekton.dev/v1",
        "kind": "TaskRun",
        "metadata": {"name": "e2e-probe"},
        "spec": {"taskSpec": {"steps": [step]}},
    }
    return "e2e-has-no-such" in kubectl.fails("create", "--dry-run=server", "-n", "default", "-f", "-", stdin=task_run)


if __name__ == "__main__":
    build()
