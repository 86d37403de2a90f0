"""Run cert-manager, for the test in which it issues the product's certificates."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.cluster.build import binaries, module
from tests.cluster.engines import APPLY
from tests.cluster.kubectl import kubectl
from tests.cluster.paths import KUBECONFIG
from tests.cluster.processes import start, stop

NAME = "cert-manager"
MODULE = "github.com/cert-manager/cert-manager"


@contextmanager
def installed() -> Iterator[None]:
    """Install its CRDs and start its controllers; remove both at the end."""
    program = binaries(NAME) / NAME
    crds = module(NAME, MODULE) / "deploy/crds"
    try:
        kubectl(*APPLY, "-f", str(crds))
        start(NAME, program, f"-kubeconfig={KUBECONFIG}")
        yield
    finally:
        kubectl("delete", "--ignore-not-found", "-f", str(crds))
        stop(NAME)
