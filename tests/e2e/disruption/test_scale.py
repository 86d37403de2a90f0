"""How long it takes, and what it costs, to deliver many logins to many namespaces."""

import json
import re
import time
from collections import Counter

import pytest

from tests.e2e.support.canary import marker
from tests.e2e.support.product import NAMESPACE, REGISTRY
from tests.e2e.support.waiting import wait_for
from tests.e2e.workloads.references import extension
from tests.e2e.workloads.shared_credentials import PROJECT, SOURCE

NAMESPACES, LOGINS = 200, 50
CONTROLLER = f"system:serviceaccount:{NAMESPACE}:fuseml-controller"
STORE = "scale-store"
COPIES = f"fuseml-credentials-{STORE}-"


@pytest.fixture
def registered(product, kubectl):
    """As many Extensions as logins, each with a Secret of its own."""
    here = kubectl.within(REGISTRY)
    names = [f"{STORE}-{number}" for number in range(LOGINS)]
    for name in names:
        login = {"id": "c", "secretRef": {"name": name}, "configuration": {"PASSWORD": "password"}}
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "labels": {SOURCE: name}}}
        for obj in (secret | {"stringData": {"password": marker()}}, extension(name, {}, credentials=[login])):
            status, text = here.api.create(obj)
            assert status == 201, text
    yield
    here("delete", "--ignore-not-found", *(f"{kind}/{name}" for name in names for kind in ("ext", "secret")))


def delivered(kubectl):
    """The number of copies, by namespace."""
    path = "/api/v1/secrets?fieldSelector=type=fuseml.org/credentials&limit=500&continue="
    found, more = Counter(), ""
    while True:
        listed = json.loads(kubectl.api.call("GET", path + more)[1])
        names = [item["metadata"] for item in listed["items"]]
        found.update(m["namespace"] for m in names if m["name"].startswith(COPIES))
        if not (more := listed["metadata"].get("continue", "")):
            return found


def calls(node, since):
    """How many calls the controller has made about each namespace, and all in all."""
    mine = [event for event in node.audit(since) if event["user"]["username"] == CONTROLLER]
    about = Counter(event["objectRef"].get("namespace") or event["objectRef"].get("name", "") for event in mine)
    return about, len(mine)


@pytest.fixture
def young_controller(controllers):
    """A controller that has just begun: after its first sweep, which a test can wait for, comes none for 24 minutes."""
    controllers.restart()
    return controllers.only()


def sweeps(kubectl, controller):
    """How often the *controller*, a pod, has written all copies again."""
    name = controller["metadata"]["name"]
    page = kubectl.api.call("GET", f"/api/v1/namespaces/{NAMESPACE}/pods/{name}:8080/proxy/metrics")[1]
    return float(re.search(r"^fuseml_credentials_sweeps (\S+)$", page, re.MULTILINE)[1])


@pytest.mark.full
def test_many_namespaces_get_many_logins(kubectl, team, node, young_controller, registered, tell):
    teams = [team() for _ in range(NAMESPACES)]
    since, began = node.audit_position(), time.monotonic()
    before = node.usage(young_controller)

    kubectl("label", "namespace", *(here.namespace for here in teams), f"{PROJECT}=red", timeout=120)
    everything = {here.namespace: LOGINS for here in teams}
    wait_for(lambda: delivered(kubectl) == everything, 600, "everything to be delivered")

    took, used = time.monotonic() - began, node.usage(young_controller)
    _, total = calls(node, since)
    tell(
        f"{NAMESPACES} namespaces x {LOGINS} logins: {took:.0f} s, {total} calls, "
        f"{used.seconds - before.seconds:.0f} s of processor time, {used.memory / 2**20:.0f} MiB"
    )
    assert total < 4 * NAMESPACES * LOGINS

    wait_for(lambda: sweeps(kubectl, young_controller) == 1, 600, "the end of the first sweep")
    since, one = node.audit_position(), teams[0]
    kubectl("label", "namespace", one.namespace, f"{PROJECT}-")
    wait_for(lambda: delivered(kubectl)[one.namespace] == 0, 60, "the end of the copies in one namespace")
    time.sleep(5)
    about, total = calls(node, since)
    others = {here.namespace for here in teams[1:]}
    tell(f"one label removed: {total} calls, {dict(about)}")
    assert not others & about.keys()
    assert about[one.namespace] >= LOGINS
