"""What a caller may see of a cluster's registry, with as few requests as are needed."""

import pytest

from registry.stores.cluster import EXTENSIONS, NAMESPACES
from registry.stores.namespaces import NamespaceFacts
from registry.stores.visible import ClusterView
from tests.fakes.watched_api import FakeApi, serving


def extension(namespace, name):
    return {"metadata": {"namespace": namespace, "name": name}, "spec": {"product": "p", "services": [{"id": "s"}]}}


@pytest.fixture
def api():
    api = FakeApi()
    for namespace in ("fuseml", "a", "b"):
        api.put(EXTENSIONS, extension(namespace, f"of-{namespace}"))
        labels = {"extensions.fuseml.org/project": f"project-{namespace}"}
        api.put(NAMESPACES, {"metadata": {"name": namespace, "uid": f"u-{namespace}", "labels": labels}})
    return api


@pytest.fixture
def said():
    return []


@pytest.fixture
def view(api, said):
    with serving(api) as client:
        yield ClusterView(client, namespace="fuseml", say=said.append)


def seen(view, namespace):
    return [extension.id for extension in view.seen_from(namespace).extensions]


def test_all_of_it_is_read_with_a_request_for_each_kind(api, view, said):
    view.read_all()

    assert [seen(view, namespace) for namespace in ("a", "b", "c")] == [
        ["of-a", "of-fuseml"],
        ["of-b", "of-fuseml"],
        ["of-fuseml"],
    ]
    assert view.facts_of("a") == NamespaceFacts("project-a", "", "u-a")
    assert [path for path, _ in api.requests] == [EXTENSIONS, NAMESPACES]
    assert said == []


def test_namespace_that_came_later_is_read_by_itself(api, view):
    view.read_all()
    api.put(NAMESPACES, {"metadata": {"name": "late", "uid": "u-late"}})

    assert view.facts_of("late") == NamespaceFacts(uid="u-late")
    assert view.facts_of("never") is None


def test_who_may_not_read_all_of_it_reads_what_is_needed(api, view, said):
    api.refused = {EXTENSIONS, NAMESPACES}

    view.read_all()

    assert (seen(view, "a"), view.facts_of("a").project) == (["of-a", "of-fuseml"], "project-a")
    assert said == []


def test_index_is_the_same_while_nothing_new_has_been_read(view):
    view.read_all()

    assert view.index_for("a") is view.index_for("b")
    assert view.index_for("a").registered("b", "of-b").id == "of-b"
