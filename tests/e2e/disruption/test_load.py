"""No run fails, at fifty a second, while the webhook is restarted or its certificate or CA is renewed."""

import time

from tests.e2e.support.certificates import WEBHOOK, authorities, bundle, served, serves


def rotate(kubectl, what):
    secret = {"leaf": "fuseml-webhook-tls", "ca": "fuseml-webhook-ca"}[what]
    kubectl("annotate", "secret", secret, f"extensions.fuseml.org/rotate={what}", "--overwrite")


def test_a_rolling_restart_fails_nobody(product, load, tell):
    with load() as seen:
        time.sleep(2)
        product.kubectl("rollout", "restart", "deployment/fuseml-webhook")
        product.kubectl("rollout", "status", "deployment/fuseml-webhook", "--timeout=240s", timeout=250)
        # The replaced pods are still draining.
        time.sleep(25)

    tell(f"rolling restart: {seen}")
    assert seen.failures == []
    assert len(seen.took) > 500


def test_a_renewed_certificate_fails_nobody(product, load, wait_for, tell):
    before = served(product.kubectl)
    with load() as seen:
        rotate(product.kubectl, "leaf")
        wait_for(lambda: served(product.kubectl) != before, 60, "a new certificate")
        wait_for(lambda: serves(product.kubectl), 180, "the new certificate in every pod")
        time.sleep(2)

    tell(f"certificate renewed: {seen}")
    assert seen.failures == []


def test_another_ca_fails_nobody(product, load, wait_for, tell):
    wait_for(lambda: authorities(product.kubectl) == 1, 420, "the end of whatever was asked before")
    before, old = served(product.kubectl), bundle(product.kubectl)
    with load() as seen:
        rotate(product.kubectl, "ca")
        wait_for(lambda: authorities(product.kubectl) == 2, 60, "both CAs in the configuration")
        assert served(product.kubectl) == before, "the certificate changes after the bundle, not before"
        wait_for(lambda: served(product.kubectl) != before, 120, "a certificate of the new CA")
        wait_for(lambda: authorities(product.kubectl) == 1, 420, "the end of the rotation")
        time.sleep(2)

    tell(f"CA changed: {seen}")
    assert seen.failures == []
    assert bundle(product.kubectl) != old


def test_a_killed_worker_fails_only_what_it_had(product, load, tell):
    pod = product.kubectl("get", "pods", "-l", WEBHOOK, "-o", "name").split()[0]
    kill = (
        "import os, signal, pathlib; "
        "pids = [int(p.name) for p in pathlib.Path('/proc').iterdir() if p.name.isdigit()]; "
        "mine = [p for p in pids if p not in (1, os.getpid()) and "
        "int(pathlib.Path(f'/proc/{p}/stat').read_text().rpartition(')')[2].split()[1]) == 1]; "
        "[os.kill(p, signal.SIGKILL) for p in mine]; print(len(mine))"
    )
    with load() as seen:
        time.sleep(3)
        assert int(product.kubectl("exec", pod, "--", "python3", "-c", kill)) == 1
        time.sleep(5)
    with load() as after:
        time.sleep(3)

    tell(f"worker killed: {seen}; then {after}")
    assert len(seen.failures) <= 10, "one a client: what each had in flight"
    assert after.failures == []


def test_a_restarted_api_server_loses_nothing(product, kubectl, load, node, wait_for):
    def restarts():
        return product.kubectl("get", "pods", "-o", "jsonpath={.items[*].status.containerStatuses[*].restartCount}")

    before = restarts()
    node.stop("kube-apiserver")
    time.sleep(3)
    node.start()
    wait_for(lambda: kubectl("get", "extensions", "-A", "-o", "name"), 60, "the API server")

    with load() as seen:
        time.sleep(5)

    assert seen.failures == []
    assert restarts() == before
