"""The registry's service, installed by its component beside the product."""

import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.certificates import self_signed
from tests.e2e.support.kept import keep_error
from tests.e2e.support.kubectl import Kubectl
from tests.e2e.support.product import NAMESPACE, Product

FUSEML = Path(sys.executable).parent / "fuseml"
SERVICE = "fuseml-registry"
OVERLAY = Path(__file__).parent / "registry_service"


class RegistryService:
    """The service, as people outside of the cluster reach it: by a forwarded port.

    Args:
        authority: The file of the certificate that it shows.
    """

    def __init__(self, url: str, authority: Path) -> None:
        self.url = url
        self.authority = authority

    def run(self, *args: object, token: str = "", stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run ``fuseml extension`` against it, as who has the *token*."""
        done = subprocess.run(
            [FUSEML, "extension", *map(str, args)],
            env=os.environ
            | {"FUSEML_SERVER_URL": self.url, "FUSEML_CERTIFICATE_AUTHORITY": str(self.authority)}
            | ({"FUSEML_TOKEN": token} if token else {}),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        keep_error(done.stdout + done.stderr)
        return done


@contextmanager
def installed(kubectl: Kubectl, product: Product, folder: Path) -> Iterator[RegistryService]:
    """Install the component with the image of *product*, and remove it in the end.

    Args:
        folder: For the certificate.
    """
    here = kubectl.within(NAMESPACE)
    certificate, key = self_signed()
    (folder / "ca.crt").write_bytes(certificate)
    data = {"tls.crt": b64encode(certificate).decode(), "tls.key": b64encode(key).decode()}
    secret = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "data": data}
    here("apply", "-f", "-", stdin=secret | {"metadata": {"name": f"{SERVICE}-tls"}})
    rendered = kubectl("kustomize", OVERLAY)
    try:
        kubectl("apply", "--server-side", "-f", "-", stdin=rendered)
        here("set", "image", f"deployment/{SERVICE}", f"*={product.image}")
        here("rollout", "status", f"deployment/{SERVICE}", "--timeout=300s", timeout=320)
        with _forwarded(here) as port:
            yield RegistryService(f"https://127.0.0.1:{port}", folder / "ca.crt")
    finally:
        kubectl("delete", "--ignore-not-found", "-f", "-", stdin=rendered, timeout=180)
        here("delete", "secret", f"{SERVICE}-tls")


@contextmanager
def _forwarded(here: Kubectl) -> Iterator[int]:
    command = ["kubectl", "port-forward", f"--namespace={here.namespace}", f"service/{SERVICE}", ":443"]
    with subprocess.Popen(
        command,
        env=os.environ | {"KUBECONFIG": str(here.kubeconfig)},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            # Forwarding from 127.0.0.1:41073 -> 8443
            yield int(process.stdout.readline().split(":")[1].split()[0]) if process.stdout else 0
        finally:
            process.terminate()
