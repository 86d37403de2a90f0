"""A leader is paused between its decision and its write, and another one acts meanwhile: nothing comes back."""

import pytest

from tests.fakes.delivery import NAMESPACES, Cluster, Controller, credentials
from webhook.controller.api_calls import NotLeaderError
from webhook.controller.credentials import rounds
from webhook.controller.credentials.plan import LATE

RED, BLUE = credentials(scope="project", projects=["red"]), credentials(scope="project", projects=["blue"])


@pytest.fixture(autouse=True)
def one_worker(monkeypatch):
    monkeypatch.setattr(rounds, "_WORKERS", 1)


@pytest.fixture
def cluster():
    cluster = Cluster()
    cluster.namespace("red", project="red")
    cluster.record("mlflow", RED)
    cluster.source("minio", password="first")
    return cluster


def pause_before(cluster, paused, method, part, meanwhile):
    """Before the request with *method* and *part* of its path, *paused* loses the lead and *meanwhile* happens."""

    def before(requested, path, body):
        if requested == method and part in path:
            cluster.before = lambda *request: None
            paused.leads = NotLeaderError("another leads")
            meanwhile()

    cluster.before = before


def values(cluster):
    return [value for copies in cluster.copies().values() for copy in copies.values() for value in copy.values()]


def run_to_the_end(paused):
    paused.heard.hear()
    with pytest.raises(NotLeaderError):
        paused.run()


def successor(cluster, change, paused):
    def act():
        change()
        Controller(cluster, clock=paused.clock).settle()

    return act


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda cluster: cluster.record("mlflow", BLUE), id="the-scope-goes"),
        pytest.param(lambda cluster: cluster.namespace("red"), id="the-label-goes"),
        pytest.param(
            lambda cluster: (cluster.delete(f"{NAMESPACES}/red"), cluster.namespace("red")), id="another-namespace"
        ),
    ],
)
def test_a_copy_that_is_created_late_does_not_stay(cluster, change):
    paused = Controller(cluster)
    pause_before(cluster, paused, "POST", "/red/secrets", successor(cluster, lambda: change(cluster), paused))

    run_to_the_end(paused)

    assert values(cluster) == []


def test_a_refresh_that_comes_late_creates_nothing(cluster):
    paused = Controller(cluster)
    paused.settle()
    cluster.source("minio", password="second")
    change = successor(cluster, lambda: cluster.record("mlflow", BLUE), paused)
    pause_before(cluster, paused, "PUT", "/red/secrets", change)

    run_to_the_end(paused)

    assert values(cluster) == []


def test_a_refresh_with_an_older_value_that_comes_late_is_corrected(cluster):
    paused = Controller(cluster)
    paused.settle()
    cluster.source("minio", password="second")
    change = successor(cluster, lambda: cluster.source("minio", password="third"), paused)
    pause_before(cluster, paused, "PUT", "/red/secrets", change)

    run_to_the_end(paused)

    assert values(cluster) == ["third"]


def test_a_deletion_that_comes_late_does_not_hit_the_successors_copy(cluster):
    paused = Controller(cluster)
    paused.settle()
    cluster.record("mlflow", BLUE)

    def remove_and_bring_back():
        other = Controller(cluster, clock=paused.clock)
        other.settle()
        cluster.record("mlflow", RED)
        other.settle()

    pause_before(cluster, paused, "DELETE", "/red/secrets", remove_and_bring_back)

    run_to_the_end(paused)

    assert values(cluster) == ["first"]


def test_what_a_leader_that_was_killed_right_after_its_write_left_is_removed(cluster):
    """It was paused before, so its successor has already removed the copy."""
    killed = Controller(cluster)
    other = Controller(cluster, clock=killed.clock)

    def act():
        cluster.record("mlflow", BLUE)
        other.settle()

    pause_before(cluster, killed, "POST", "/red/secrets", act)

    def after(method, path, status):
        if method == "POST" and "/red/secrets" in path:
            cluster.before = lambda *request: (_ for _ in ()).throw(SystemExit)

    cluster.after = after
    killed.heard.hear()
    with pytest.raises(SystemExit):
        killed.run()
    cluster.before, cluster.after = lambda *request: None, lambda *request: None
    assert values(cluster) == ["first"]

    for _ in range(2):
        other.settle(seconds=LATE + 31)

    assert values(cluster) == []
