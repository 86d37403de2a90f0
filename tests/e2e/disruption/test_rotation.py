"""Copies of credentials follow their source, whatever happens to the controller, the API server and etcd meanwhile."""

import os
import signal
import time
from base64 import b64decode
from contextlib import contextmanager

import pytest

from tests.e2e.support.waiting import wait_for
from tests.e2e.workloads.shared_credentials import PROJECT, copies

NAMESPACES = 50
ROTATIONS = 100


@pytest.fixture
def teams(team):
    """As many namespaces of a project as a test wants."""
    return lambda count: [team("red") for _ in range(count)]


def passwords(teams, product):
    """What the copies of a product's login hold, by namespace."""
    return {
        here.namespace: [b64decode(copy["data"]["AWS_SECRET_ACCESS_KEY"]).decode() for copy in copies(here, product)]
        for here in teams
    }


def arrives(teams, product, value, seconds=120):
    """Wait until every namespace has *value*, or nothing if it is None; return how long it took."""
    began = time.monotonic()
    expected = {here.namespace: [] if value is None else [value] for here in teams}
    wait_for(lambda: passwords(teams, product) == expected, seconds, f"{value} in {len(teams)} namespaces")
    return time.monotonic() - began


def send(node, pod, number):
    """Send a signal to the controller in *pod*; return to how many processes."""
    found = node.processes(pod)
    for pid in found:
        os.kill(pid, number)
    return len(found)


@pytest.mark.full
def test_nothing_is_stale_or_left_when_the_controller_is_killed_during_rotations(
    kubectl, shared, teams, controllers, node, tell
):
    here = teams(NAMESPACES)
    product, values = shared()
    arrives(here, product, values["AWS_SECRET_ACCESS_KEY"])

    killed = 0
    for number in range(ROTATIONS):
        value = shared.rotate(product)
        if number % 12 == 7:  # As a node that runs out of memory would do it, in the middle of the writes.
            killed += send(node, controllers.only(), signal.SIGKILL)
        time.sleep(0.2)

    took = arrives(here, product, value, 300)
    time.sleep(5)
    assert set(map(tuple, passwords(here, product).values())) == {(value,)}
    tell(
        f"{ROTATIONS} rotations in {NAMESPACES} namespaces, {killed} controllers killed: {took:.1f} s to the last value"
    )

    kubectl("label", "namespace", here[0].namespace, f"{PROJECT}-")
    arrives(here[:1], product, None)
    shared.remove_source(product)
    tell(f"the source removed: {arrives(here, product, None, 300):.1f} s until no namespace has a copy")


@pytest.mark.full
def test_a_leader_that_was_paused_brings_nothing_back(controllers, shared, teams, node):
    controllers.scale(2)
    here = teams(5)
    store, values = shared()
    arrives(here, store, values["AWS_SECRET_ACCESS_KEY"])
    name = controllers.leader()
    (pod,) = [pod for pod in controllers.pods() if pod["metadata"]["name"] == name]
    # It has heard of the change, and may be about to write when it is stopped.
    shared.rotate(store)
    send(node, pod, signal.SIGSTOP)
    wait_for(lambda: controllers.leader() != name, 90, "another leader")

    shared.remove_source(store)
    arrives(here, store, None)
    send(node, pod, signal.SIGCONT)

    time.sleep(30)
    assert passwords(here, store) == {one.namespace: [] for one in here}


@contextmanager
def restarted_api_server(node, controllers):
    """The API server ends, and all watches with it; it starts again in the middle."""
    node.stop("kube-apiserver")
    node.start()
    yield
    node.stop("kube-apiserver")
    node.start()


@contextmanager
def slow_etcd(node, controllers):
    """Etcd stands still nine tenths of the time."""
    with node.slowed("etcd"):
        yield


@contextmanager
def dead_connection(node, controllers):
    """No packet of the controller's connections arrives any more, and nobody is told."""
    with node.cut_off(controllers.only()["status"]["podIP"]):
        yield
        time.sleep(25)  # Longer than a call may take, and than the leader may be silent.


TROUBLES = [restarted_api_server, slow_etcd, dead_connection]


@pytest.mark.full
@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.__name__)
def test_nothing_is_lost_in_trouble(kubectl, shared, teams, controllers, node, trouble, tell):
    here = teams(10)
    (changed, first), (gone, of_gone), (kept, of_kept) = shared(), shared(), shared()
    for product, values in ((changed, first), (gone, of_gone), (kept, of_kept)):
        arrives(here, product, values["AWS_SECRET_ACCESS_KEY"])

    with trouble(node, controllers):
        for _ in range(3):
            value = shared.rotate(changed)
        shared.remove_source(gone)
        late, of_late = shared()
        kubectl("label", "namespace", here[0].namespace, f"{PROJECT}-")

    took = arrives(here[1:], changed, value, 300)
    arrives(here, gone, None)
    arrives(here[1:], late, of_late["AWS_SECRET_ACCESS_KEY"])
    arrives(here[:1], kept, None)
    tell(f"{trouble.__name__}: all is right {took:.1f} s afterwards")
