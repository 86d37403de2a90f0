"""The webhook's certificate, and the CAs that the API server trusts. Each `kubectl` is in the product's namespace."""

import base64

from tests.e2e.support.kubectl import Kubectl
from tests.e2e.support.product import CONFIGURATION

WEBHOOK = "app.kubernetes.io/component=webhook"


def certificate_in(kubectl: Kubectl, secret: str) -> str:
    """The certificate in a Secret, in PEM."""
    return base64.b64decode(kubectl("get", "secret", secret, "-o", r"jsonpath={.data.tls\.crt}")).decode()


def served(kubectl: Kubectl) -> str:
    """The certificate that the webhook's pods should serve, in PEM."""
    return certificate_in(kubectl, "fuseml-webhook-tls")


def bundle(kubectl: Kubectl) -> str:
    """The CAs that the API server trusts, in PEM."""
    path = "jsonpath={.webhooks[0].clientConfig.caBundle}"
    return base64.b64decode(kubectl("get", "mutatingwebhookconfiguration", CONFIGURATION, "-o", path)).decode()


def authorities(kubectl: Kubectl) -> int:
    """How many CAs the API server trusts."""
    return bundle(kubectl).count("BEGIN CERTIFICATE")


def serves(kubectl: Kubectl) -> bool:
    """True if every replica has the newest certificate in its files; it then serves it on new connections."""
    newest = served(kubectl).strip()
    pods = kubectl("get", "pods", "-l", WEBHOOK, "-o", "name").split()
    shown = "import sys; sys.stdout.write(open('/var/run/fuseml/tls/tls.crt').read())"
    return all(kubectl("exec", pod, "--", "python3", "-c", shown).strip() == newest for pod in pods)
