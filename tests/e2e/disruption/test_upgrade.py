"""Upgrading from the version whose processes were in the registry's namespace, as docs/install.md says, under load."""

import os
import re
import subprocess

import pytest
import yaml

from tests.e2e.support.product import DEPLOYMENTS, IMAGE, NAMESPACE, OVERLAY, REGISTRY, ROOT, answers
from tests.e2e.support.waiting import PATIENCE

# All kinds of objects of the processes; the registry's namespace keeps none of them.
KINDS = "deployments,services,poddisruptionbudgets,networkpolicies,rolebindings,roles,serviceaccounts,leases,secrets"
OURS = "app.kubernetes.io/part-of=fuseml-extensions"
TITLE = "### From a version with one namespace\n"


@pytest.fixture
def old_layout(product, removed, kubectl):
    """The product as it was: everything in one namespace. Only the layout differs; the image is the present one."""
    text = kubectl("kustomize", OVERLAY).replace(NAMESPACE, REGISTRY)
    documents = {(d["kind"], d["metadata"]["name"]): d for d in yaml.safe_load_all(text)}
    kubectl("apply", "-f", "-", stdin=list(documents.values()), timeout=120)
    for deployment in DEPLOYMENTS:
        kubectl("rollout", "status", f"deployment/{deployment}", "-n", REGISTRY, "--timeout=180s", timeout=200)
    answers(kubectl)


@pytest.mark.full
def test_the_documented_sequence_fails_nobody_and_leaves_nothing(old_layout, product, kubectl, cluster, load, tell):
    script = re.search(r"```console\n(.*?)```", (ROOT / "docs/install.md").read_text().partition(TITLE)[2], re.DOTALL)
    assert product.image == IMAGE, "the overlay of the tests names the image"

    with load() as seen:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script[1].replace("FOLDER", str(OVERLAY))],
            check=False,
            env=os.environ | {"KUBECONFIG": str(cluster)},
            capture_output=True,
            text=True,
            timeout=600 * PATIENCE,
        )

    tell(f"upgrade: {seen}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert seen.failures == []
    assert kubectl("get", KINDS, "-n", REGISTRY, "-l", OURS, "-o", "name") == ""
    answers(kubectl)
