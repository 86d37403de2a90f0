"""The API server and the kubelet get their answers, whatever hostile clients do to the webhook."""

import time

import pytest

from tests.e2e.support.certificates import WEBHOOK
from tests.serving.attacks import ATTACKS, tls
from tests.serving.honest import attack


def restarts(product):
    pods = product.kubectl.json("get", "pods", "-l", WEBHOOK)["items"]
    return {pod["metadata"]["name"]: pod["status"]["containerStatuses"][0]["restartCount"] for pod in pods}


@pytest.mark.full
@pytest.mark.parametrize("kind", ATTACKS)
def test_runs_are_admitted_during_an_attack(product, load, kind, tell):
    address = product.kubectl.json("get", "service", "fuseml-webhook")["spec"]["clusterIP"]
    before = restarts(product)
    tls((address, 443)).close()  # Or the attack would hit nothing.
    with attack((address, 443), kind, clients=10, per_client=40):
        time.sleep(1.0)
        with load(rate=5.0) as seen:
            time.sleep(4.0)

    tell(f"{kind}: {seen}")
    assert seen.failures == []
    assert restarts(product) == before
