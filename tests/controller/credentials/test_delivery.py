"""Which namespaces get which copies, and when they go; what happens if something fails on the way."""

import pytest

from registry.delivery.ledger import Lack
from tests.fakes.delivery import NAMESPACES, RECORDS, REGISTRY, SOURCES, SYSTEM, Cluster, Controller, credentials
from webhook.controller.api_calls import ClusterError, NotLeaderError


@pytest.fixture
def cluster():
    """One login for everyone, and three namespaces: two with a project, and one without."""
    cluster = Cluster()
    cluster.namespace("red", project="red")
    cluster.namespace("blue", project="blue")
    cluster.namespace("none")
    cluster.record("mlflow", credentials())
    cluster.source("minio", password="first", other="not-named")
    return cluster


@pytest.fixture
def controller(cluster):
    return Controller(cluster)


def values(cluster):
    """The values in each namespace."""
    return {
        namespace: sorted(value for copy in copies.values() for value in copy.values())
        for namespace, copies in cluster.copies().items()
    }


def test_a_global_login_goes_to_every_namespace_with_a_project_or_an_owner(cluster, controller):
    cluster.namespace("anns", owner="ann")

    controller.settle()

    assert values(cluster) == {"red": ["first"], "blue": ["first"], "anns": ["first"]}


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        pytest.param({"scope": "project", "projects": ["red"]}, {"red", "anns-in-red"}, id="project"),
        pytest.param({"scope": "user", "users": ["ann"]}, {"anns", "anns-in-red"}, id="user"),
        pytest.param({"scope": "user", "users": ["ann"], "projects": ["red"]}, {"anns-in-red"}, id="user-in-a-project"),
        pytest.param({"scope": "project", "projects": ["none"]}, set(), id="a-namespace-called-like-a-project"),
        pytest.param({"scope": "user", "users": ["red"]}, set(), id="a-project-called-like-a-user"),
    ],
)
def test_scopes(cluster, controller, scope, expected):
    cluster.namespace("anns", owner="ann")
    cluster.namespace("anns-in-red", project="red", owner="ann")
    cluster.record("mlflow", credentials(**scope))

    controller.settle()

    assert values(cluster).keys() == expected


def test_a_copy_holds_what_the_record_names_and_nothing_else(cluster, controller):
    cluster.record("mlflow", credentials(mapping={"A": "password", "B": "password", "C_1": "dotted.key"}))
    cluster.source("minio", **{"password": "p", "dotted.key": "d", "other": "o"})

    controller.settle()

    (copy,) = cluster.copies()["red"].values()
    assert copy == {"A": "p", "B": "p", "C_1": "d"}


@pytest.mark.parametrize(
    "goes",
    [
        pytest.param(lambda c: c.namespace("red"), id="the-label"),
        pytest.param(lambda c: c.namespace("red", project="green"), id="the-label-is-another"),
        pytest.param(lambda c: c.record("mlflow", credentials(scope="project", projects=["blue"])), id="the-scope"),
        pytest.param(lambda c: c.record("mlflow", credentials("other", "absent")), id="the-credentials"),
        pytest.param(lambda c: c.delete(f"{RECORDS}/mlflow"), id="the-record"),
        pytest.param(lambda c: c.delete(f"{SOURCES}/minio"), id="the-source"),
        pytest.param(lambda c: c.source("minio", extension=""), id="the-label-of-the-source"),
        pytest.param(lambda c: c.source("minio", extension="other"), id="the-source-is-anothers"),
        pytest.param(lambda c: c.source("minio", user="u"), id="the-key"),
    ],
)
def test_a_copy_goes_when_what_it_depends_on_goes(cluster, controller, goes):
    cluster.record("mlflow", credentials(scope="project", projects=["red"]))
    controller.settle()
    assert "red" in values(cluster)

    goes(cluster)
    controller.settle()

    assert "red" not in values(cluster)


def test_a_changed_source_reaches_every_copy_with_one_write_each(cluster, controller):
    controller.settle()
    cluster.requests.clear()

    cluster.source("minio", password="second")
    controller.settle()

    assert values(cluster) == {"red": ["second"], "blue": ["second"]}
    secrets = [path for method, path in cluster.writes() if "/secrets/" in path]
    assert len(secrets) == 2


def test_a_change_of_one_namespace_costs_calls_for_it_alone(cluster, controller):
    controller.settle()
    cluster.requests.clear()

    cluster.namespace("none", project="red")
    controller.settle()

    assert values(cluster)["none"] == ["first"]
    assert not [path for _, path in cluster.requests if "/red" in path or "/blue" in path]


def test_nothing_is_asked_while_nothing_changes(cluster, controller):
    controller.settle()
    cluster.requests.clear()

    for _ in range(100):
        controller.clock[0] += 0.5
        controller.run()

    assert cluster.requests == []


def test_the_registrys_own_namespace_and_the_systems_get_no_copies(cluster, controller):
    cluster.namespace(REGISTRY, project="red")
    cluster.namespace(SYSTEM, project="red")

    controller.settle()

    assert values(cluster).keys() == {"red", "blue"}


def test_a_record_that_cannot_be_read_leaves_what_is_there_and_refreshes_nothing(cluster, controller):
    controller.settle()

    cluster.put(f"{RECORDS}/mlflow", {"spec": {"services": [{"id": "s3", "unknown": "field"}]}})
    cluster.source("minio", password="second")
    controller.settle()

    assert values(cluster) == {"red": ["first"], "blue": ["first"]}


def test_a_namespace_created_again_under_the_same_name_starts_without_anything(cluster, controller):
    controller.settle()

    cluster.delete(f"{NAMESPACES}/red")
    cluster.namespace("red")
    controller.settle()

    assert "red" not in values(cluster)

    for _ in range(2):
        controller.settle(seconds=100)

    assert cluster.ledgers().keys() == {"blue"}


def test_without_the_proof_nothing_is_written_and_what_must_go_goes(cluster, controller):
    controller.settle()
    controller.proof = ClusterError("nothing is delivered: no policy")

    cluster.namespace("none", project="green")
    cluster.namespace("red")
    controller.settle()

    assert values(cluster) == {"blue": ["first"]}
    assert controller.status.problems == {"delivery": "nothing is delivered: no policy"}

    controller.proof = None
    controller.settle(seconds=120)

    assert values(cluster) == {"blue": ["first"], "none": ["first"]}
    assert controller.status.problems == {}


def test_a_name_that_is_taken_is_reported_once_and_never_overwritten(cluster, controller):
    controller.settle()
    (name,) = cluster.copies()["red"]
    cluster.namespace("late", project="late")
    cluster.put(f"{NAMESPACES}/late/secrets/{name}", {"type": "fuseml.org/credentials", "data": {}}, manager="kubectl")

    for _ in range(4):
        controller.settle(seconds=70)

    assert controller.reported == [("late", name, Lack.TAKEN)]
    assert cluster.copies()["late"] == {name: {}}
    assert "why=taken" in cluster.ledgers()["late"][name]
    assert controller.deliveries.refused_by("mlflow") == {Lack.TAKEN: 1}

    cluster.delete(f"{NAMESPACES}/late/secrets/{name}")
    controller.settle(seconds=70)

    assert values(cluster)["late"] == ["first"]


@pytest.mark.parametrize("why", ["exceeded quota: secrets", "cannot create resource", "denied the request"])
def test_a_namespace_that_accepts_no_secret_stops_no_other(cluster, controller, why):
    cluster.refuse = lambda method, path, body, query: (
        (403, why) if method == "POST" and path == f"{NAMESPACES}/red/secrets" else None
    )

    for _ in range(3):
        controller.settle(seconds=70)

    assert values(cluster) == {"blue": ["first"]}
    assert len(controller.reported) == 1

    cluster.refuse = lambda *request: None
    controller.settle(seconds=70)

    assert values(cluster) == {"blue": ["first"], "red": ["first"]}


def test_a_namespace_that_is_ending_is_left_alone(cluster, controller):
    path = f"{NAMESPACES}/red"
    cluster.objects[path]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"

    controller.settle()

    assert values(cluster) == {"blue": ["first"]}
    assert not [path for _, path in cluster.writes() if "/red/" in path]


def test_a_lost_ledger_is_written_again(cluster, controller):
    controller.settle()
    before = cluster.ledgers()
    path = next(path for path in cluster.objects if "fuseml-delivered" in path)
    cluster.delete(path)
    controller.heard.lost(path.rpartition("fuseml-delivered-")[2])

    controller.settle()

    assert cluster.ledgers() == before


def test_all_ledgers_lost_while_nobody_led_are_rebuilt(cluster, controller):
    controller.settle()
    for path in [path for path in cluster.objects if "fuseml-delivered" in path]:
        cluster.delete(path)
    cluster.source("minio", password="second")

    Controller(cluster).settle()

    assert values(cluster) == {"red": ["second"], "blue": ["second"]}
    assert cluster.ledgers().keys() == {"red", "blue"}


def test_a_sweep_brings_back_what_somebody_has_deleted_or_changed(cluster, controller):
    controller.settle()
    for namespace in ("red", "blue"):
        (name,) = cluster.copies()[namespace]
        path = f"{NAMESPACES}/{namespace}/secrets/{name}"
        if namespace == "red":
            cluster.delete(path)
        else:
            cluster.objects[path]["data"] = {}

    controller.settle(seconds=3 * 1800)
    controller.settle()

    assert values(cluster) == {"red": ["first"], "blue": ["first"]}


def test_a_process_that_no_longer_leads_writes_nothing(cluster, controller):
    controller.settle()
    controller.leads = NotLeaderError("another leads")
    cluster.requests.clear()
    cluster.source("minio", password="second")
    cluster.namespace("none", project="red")
    cluster.namespace("blue")
    controller.heard.hear()

    with pytest.raises(NotLeaderError):
        controller.run()

    assert cluster.writes() == []


@pytest.mark.parametrize(
    ("change", "settled"),
    [
        pytest.param(lambda c: None, True, id="delivered"),
        pytest.param(lambda c: c.delete(f"{SOURCES}/minio"), False, id="due-and-not-there"),
        pytest.param(lambda c: c.delete(f"{RECORDS}/mlflow"), True, id="its-record-is-gone"),
        pytest.param(lambda c: c.namespace("red"), True, id="its-namespace-has-no-project-any-more"),
        pytest.param(
            lambda c: (c.delete(f"{SOURCES}/minio"), c.put(f"{RECORDS}/mlflow", {"spec": {"unknown": "x"}})),
            True,
            id="there-although-its-record-cannot-be-read",
        ),
    ],
)
def test_a_pod_waits_only_for_what_is_due_and_not_there(cluster, controller, change, settled):
    controller.settle()
    (name,) = cluster.copies()["red"]

    change(cluster)
    controller.settle()

    assert controller.deliveries.are_settled("red", (name,)) == settled
    assert not controller.deliveries.are_settled("nowhere", (name,))


def test_what_cannot_be_followed_is_a_problem(controller):
    controller.heard.is_complete, controller.heard.is_failing = False, False
    controller.run()

    controller.heard.is_failing = True
    with pytest.raises(ClusterError, match=r"nothing is delivered: .* cannot be followed"):
        controller.run()
