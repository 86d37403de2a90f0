"""The API server accepts every object of every overlay."""

import pytest

from tests.cluster import build, cert_manager
from tests.e2e.support.product import ROOT

OVERLAYS = sorted(path.parent.name for path in ROOT.glob("manifests/overlays/*/kustomization.yaml"))
APPLY = ["apply", "--server-side", "--force-conflicts"]


@pytest.fixture(scope="module")
def cert_manager_crds(node, kubectl):
    """The kinds of cert-manager, without cert-manager."""
    folder = build.module(cert_manager.NAME, cert_manager.MODULE) / "deploy/crds"
    kubectl(*APPLY, "-f", folder)
    kubectl("wait", "--for=condition=Established", "-f", folder, "--timeout=30s")
    yield
    # The API server removes a kind only when it has seen that no object of it is left, one kind after the other.
    kubectl("delete", "-f", folder, timeout=300)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_object_is_accepted(product, kubectl, request, overlay):
    if overlay == "cert-manager":
        request.getfixturevalue("cert_manager_crds")

    kubectl(*APPLY, "--dry-run=server", "-k", ROOT / "manifests/overlays" / overlay)
