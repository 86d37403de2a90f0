"""The overlay `cert-manager` with the real cert-manager, which issues certificates and renews them under load."""

import json
import os

import pytest

from tests.e2e.support.certificates import WEBHOOK, bundle, certificate_in, served, serves
from tests.e2e.support.product import CONFIGURATION, NAMESPACE, ROOT, install, uninstall

OVERLAY = ROOT / "manifests/overlays/cert-manager"
BEGINNING = "2026-01-01T00:00:00Z"
CONTROLLER = f"system:serviceaccount:{NAMESPACE}:fuseml-controller"


@pytest.fixture
def by_cert_manager(node, removed, kubectl, tell):
    """The product with certificates of cert-manager."""
    tell("building cert-manager: some minutes, once")
    with node.cert_manager():
        try:
            yield install(kubectl, os.environ.get("E2E_IMAGE"), OVERLAY)
        finally:
            uninstall(kubectl, OVERLAY)


def renew(kubectl, certificate, wait_for):
    """Do what `cmctl renew` does, and wait for the new certificate."""

    def revision():
        return kubectl("get", "certificate", certificate, "-o", "jsonpath={.status.revision}")

    before = revision()
    asked = {"type": "Issuing", "status": "True", "reason": "ManuallyTriggered", "lastTransitionTime": BEGINNING}
    patch = json.dumps([{"op": "add", "path": "/status/conditions/-", "value": asked}])
    kubectl("patch", "certificate", certificate, "--subresource=status", "--type=json", "--patch", patch)
    wait_for(lambda: revision() != before, 60, f"a new certificate of {certificate}")


def authority(kubectl):
    return certificate_in(kubectl, "fuseml-webhook-ca")


def have_reloaded(kubectl):
    pods = kubectl("get", "pods", "-l", WEBHOOK, "-o", "name").split()
    return all("certificate reloaded" in kubectl("logs", pod) for pod in pods)


@pytest.mark.full
def test_cert_manager_issues_and_renews_the_certificates(by_cert_manager, kubectl, load, wait_for, tell):
    here = by_cert_manager.kubectl
    assert bundle(here) == authority(here)
    for question in ("get secret/fuseml-webhook-ca", f"patch mutatingwebhookconfiguration/{CONFIGURATION}"):
        answer = kubectl.run("auth", "can-i", *question.split(), f"--as={CONTROLLER}", "-n", NAMESPACE)
        assert answer.stdout.strip() == "no"

    first, leaf = authority(here), served(here)
    with load() as seen:
        renew(here, "fuseml-webhook-ca", wait_for)
        assert authority(here) != first
        renew(here, "fuseml-webhook", wait_for)
        assert served(here) != leaf
        wait_for(lambda: authority(here) in bundle(here), 60, "the new CA in the configuration")
        assert not serves(here), "what the new CA must serve as well: pods that have the old certificate yet"
        wait_for(lambda: serves(here), 180, "the new certificate in every pod")
        wait_for(lambda: have_reloaded(here), 60, "a connection to every pod, at which it is taken up")

    tell(f"certificates renewed by cert-manager: {seen}")
    assert seen.failures == []
