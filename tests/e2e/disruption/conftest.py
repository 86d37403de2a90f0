"""The controllers, which the tests of this folder stop, kill and multiply."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.support.product import Product
from tests.e2e.support.waiting import wait_for

DEPLOYMENT = "deployment/fuseml-controller"


class Controllers:
    """The pods of the controller, one of which leads."""

    def __init__(self, product: Product) -> None:
        self._kubectl = product.kubectl

    def pods(self) -> list[dict[str, Any]]:
        """All pods, also those that are ending."""
        return self._kubectl.api.get("pods", query="labelSelector=app.kubernetes.io/component=controller")["items"]

    def only(self) -> dict[str, Any]:
        """The pod, if there is one."""
        (pod,) = self.pods()
        return pod

    def leader(self) -> str:
        """The name of the pod that leads, or did so last."""
        lease = self._kubectl.json("get", "lease", "fuseml-controller")
        return lease["spec"]["holderIdentity"].partition("_")[0]

    def scale(self, replicas: int) -> None:
        """Wait until there are so many, and no others."""
        self._kubectl("scale", DEPLOYMENT, f"--replicas={replicas}")
        self._settle(replicas)

    def restart(self) -> None:
        """Put a new pod in the place of the one that there is."""
        self._kubectl("rollout", "restart", DEPLOYMENT)
        self._settle(1)

    def _settle(self, replicas: int) -> None:
        self._kubectl("rollout", "status", DEPLOYMENT, "--timeout=120s", timeout=130)
        wait_for(lambda: len(self.pods()) == replicas, 60, f"{replicas} controllers")


@pytest.fixture
def controllers(product: Product) -> Iterator[Controllers]:
    """The controllers; after the test there is one again."""
    found = Controllers(product)
    yield found
    found.scale(1)
