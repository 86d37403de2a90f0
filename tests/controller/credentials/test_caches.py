"""What the controller hears, and what it takes to have changed. No value of a Secret is kept."""

import pytest

from tests.e2e.support.waiting import wait_for
from tests.fakes.delivery import REGISTRY, RULES, SOURCES, SYSTEM
from tests.fakes.watched_api import FakeApi, serving
from webhook.controller.credentials.caches import Caches
from webhook.controller.followed_extensions import PATH, FollowedExtensions

LEDGERS = f"/api/v1/namespaces/{SYSTEM}/configmaps"


def obj(name, namespace="", labels=None, **more):
    return {"metadata": {"name": name, "namespace": namespace, "uid": f"uid-{name}", "labels": labels or {}}, **more}


def source(value="c2VjcmV0", extension="mlflow"):
    labels = {"extensions.fuseml.org/extension": extension}
    return obj("minio", REGISTRY, labels, data={"password": value})


LEDGER = obj("fuseml-delivered-uid-red", SYSTEM, {"extensions.fuseml.org/ledger": "true"})
RECORD = obj("mlflow", REGISTRY, spec={"services": [{"id": "s3"}]})
BROKEN = obj("mlflow", REGISTRY, spec={"unknown": "field"})


@pytest.fixture
def api():
    api = FakeApi()
    api.put("/api/v1/namespaces", obj("red", labels={RULES.keys.project_label: "red"}))
    api.put(PATH, RECORD)
    api.put(SOURCES, source())
    api.put(LEDGERS, LEDGER)
    return api


@pytest.fixture
def caches(api):
    with serving(api) as client:
        caches = Caches(client, FollowedExtensions(client), registry=REGISTRY, system=SYSTEM, rules=RULES)
        caches.start()
        wait_for(lambda: caches.is_complete, 10, "the lists")
        yield caches


def changed(caches, what):
    """Wait for news of *what*."""
    return wait_for(lambda: getattr(caches.take(), what), 10, f"news of {what}")


def test_everything_that_is_listed_has_changed(caches):
    changes = caches.take()

    assert (changes.namespaces, changes.extensions, changes.ledgers) == ({"red"}, {"mlflow"}, set())
    assert caches.namespaces["red"].project == "red"
    assert caches.sources["minio"].keys == {"password"}
    assert "c2VjcmV0" not in repr(caches.sources) + str(caches.sources["minio"].values)


def test_extensions_of_other_namespaces_are_not_for_everyone(api, caches):
    caches.take()
    api.put(PATH, obj("private", "red", spec={}))
    api.put(PATH, obj("shared", REGISTRY, spec={}))

    assert changed(caches, "extensions") == {"shared"}
    assert caches.records.keys() == {"mlflow", "shared"}


def test_only_what_matters_of_a_namespace_is_a_change(api, caches):
    caches.take()
    api.put("/api/v1/namespaces", obj("red", labels={RULES.keys.project_label: "red", "other": "label"}))
    api.put("/api/v1/namespaces", obj("blue"))

    assert changed(caches, "namespaces") == {"blue"}

    api.delete("/api/v1/namespaces", obj("red"))
    assert changed(caches, "namespaces") == {"red"}
    assert caches.namespaces.keys() == {"blue"}


def test_a_source_changes_the_extension_of_its_label_before_and_after(api, caches):
    caches.take()
    api.put(SOURCES, source("b3RoZXI="))
    assert changed(caches, "extensions") == {"mlflow"}

    api.put(SOURCES, source(extension="minio"))
    assert changed(caches, "extensions") == {"mlflow", "minio"}

    api.put(SOURCES, obj("minio", REGISTRY))
    assert changed(caches, "extensions") == {"minio"}
    assert caches.sources == {}


def test_a_record_that_cannot_be_read_says_why(api, caches):
    caches.take()
    api.put(PATH, BROKEN)

    assert changed(caches, "extensions") == {"mlflow"}
    (problem,) = caches.records["mlflow"]
    assert "unknown field 'unknown'" in str(problem)

    api.delete(PATH, BROKEN)
    assert changed(caches, "extensions") == {"mlflow"}
    assert caches.records == {}


def test_a_deleted_ledger_is_noticed_and_a_written_one_is_not(api, caches):
    caches.take()
    api.put(LEDGERS, {**LEDGER, "data": {"x": "y"}})
    api.delete(LEDGERS, LEDGER)

    assert changed(caches, "ledgers") == {"uid-red"}


def test_only_labelled_secrets_and_ledgers_are_asked_for(api, caches):
    assert api.lists(SOURCES)[0]["labelSelector"] == api.watches(SOURCES)[0]["labelSelector"]
    assert api.lists(SOURCES)[0]["labelSelector"] == "extensions.fuseml.org/extension"
    assert api.lists(LEDGERS)[0]["labelSelector"] == "extensions.fuseml.org/ledger"
