"""The registry of a cluster: what each namespace sees, what requests wait for, what broken objects do."""

import logging
import threading
import time
from contextlib import contextmanager

import pytest

from registry.delivery import ledger
from registry.errors import UnreadableError
from registry.records import extension_objects
from registry.resolving.resolve import resolve
from registry.resolving.selectors import Consumer, Selector
from registry.stores.cluster import EXTENSIONS, NAMESPACES, KubernetesStore, ledgers_of
from registry.stores.namespaces import NamespaceFacts, NamespaceKeys
from tests.fakes.watched_api import FakeApi, serving


def extension(name, namespace="fuseml", *, product="p", **spec):
    return {
        "apiVersion": "fuseml.org/v1alpha1",
        "kind": "Extension",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {"product": product, "services": [{"id": "s"}], **spec},
    }


def namespace(name, uid="", annotations=None, **labels):
    return {"metadata": {"name": name, "uid": uid or f"u-{name}", "labels": labels, "annotations": annotations or {}}}


LEDGERS = ledgers_of("system")
PROJECT, OWNER = "extensions.fuseml.org/project", "extensions.fuseml.org/owner"


def ledger_of(uid, labels=(ledger.LABEL,), **entries):
    metadata = {"namespace": "system", "name": ledger.name_for(uid), "labels": dict.fromkeys(labels, "")}
    return {"metadata": metadata, "data": entries}


@pytest.fixture
def api():
    api = FakeApi()
    api.put(NAMESPACES, namespace("team-a"))
    api.put(NAMESPACES, namespace("team-b", annotations={OWNER: "ben"}, **{PROJECT: "beta"}))
    return api


@pytest.fixture
def loaded(api):
    """Makes a store that has listed everything once."""
    with serving(api) as client:

        def load(**options):
            store = KubernetesStore(client, namespace="fuseml", **options)
            list_once(store)
            return store

        yield load


def list_once(store):
    """What following begins with."""
    for source in store._sources:
        store._receive(source, source.collection.list())
    store.refresh()


def seen(store, where):
    return [(e.id, e.product) for e in store.snapshot.seen_from(where).extensions]


def test_extensions_of_the_registrys_namespace_are_for_everyone_others_for_their_own(api, loaded):
    api.put(EXTENSIONS, extension("shared"))
    api.put(EXTENSIONS, extension("own", "team-a"))
    store = loaded()

    assert seen(store, "team-a") == [("own", "p"), ("shared", "p")]
    assert seen(store, "team-b") == seen(store, "fuseml") == [("shared", "p")]
    assert len(store.snapshot) == 2


def test_a_private_extension_hides_the_common_one(api, loaded):
    api.put(EXTENSIONS, extension("store", product="theirs"))
    api.put(EXTENSIONS, extension("store", "team-a", product="mine"))
    store = loaded()

    assert seen(store, "team-a") == [("store", "mine")]
    assert seen(store, "team-b") == [("store", "theirs")]


def test_a_namespace_says_its_project_and_its_owner_or_has_none(loaded):
    store = loaded()

    assert store.facts_of("team-b") == NamespaceFacts("beta", "ben", "u-team-b")
    assert store.facts_of("team-a") == NamespaceFacts("", "", "u-team-a")
    assert store.facts_of("unheard-of") is None


def test_the_operator_chooses_by_which_keys_namespaces_say_it(api, loaded):
    api.put(NAMESPACES, namespace("profile", annotations={"owner": "ann"}, **{"tenant": "alpha", PROJECT: "beta"}))

    assert loaded(keys=NamespaceKeys("tenant", "owner")).facts_of("profile") == NamespaceFacts(
        "alpha", "ann", "u-profile"
    )


def test_what_is_registered_in_another_namespace_is_shared(api, loaded):
    api.put(EXTENSIONS, extension("shared"))
    api.put(EXTENSIONS, extension("own", "team-a", product="q"))
    index = loaded().snapshot.seen_from("team-a")
    consumer = Consumer(namespace="team-a", project="team-a")

    found = [resolve(Selector(name="x", product=product), index, consumer).binding for product in "pq"]

    assert [(binding.shared, binding.namespace) for binding in found] == [(True, "fuseml"), (False, "team-a")]


def test_a_broken_object_leaves_the_others_and_is_named_to_runs_that_need_it(api, loaded, caplog):
    api.put(EXTENSIONS, extension("good"))
    api.put(EXTENSIONS, extension("odd", product="odd", configuration={"PATH": "/opt"}))
    store = loaded()
    index = store.snapshot.seen_from("team-a")

    assert seen(store, "team-a") == [("good", "p")]
    why = resolve(Selector(name="x", product="odd"), index, Consumer(namespace="team-a")).why
    assert why == (
        "nothing fits; nothing registered has product 'odd'; there are p; extension 'odd' cannot be read: "
        "spec.configuration.PATH: variable 'PATH' controls a loader, shell, interpreter or tool; the operator may "
        "allow it with --allow-variable PATH"
    )
    assert "extension fuseml/odd cannot be read: spec.configuration.PATH" in caplog.text


def test_a_broken_private_object_hides_the_common_one_too(api, loaded):
    api.put(EXTENSIONS, extension("store"))
    api.put(EXTENSIONS, extension("store", "team-a", services=[{}, {}, 7]))
    store = loaded()

    assert (seen(store, "team-a"), seen(store, "team-b")) == ([], [("store", "p")])


def test_a_defect_in_reading_one_object_leaves_the_others(api, loaded, monkeypatch):
    api.put(EXTENSIONS, extension("good"))
    api.put(EXTENSIONS, extension("poison"))
    decode = extension_objects.decode

    def failing(obj, **options):
        if obj["metadata"]["name"] == "poison":
            raise RecursionError("CANARY")
        return decode(obj, **options)

    monkeypatch.setattr(extension_objects, "decode", failing)
    store = loaded()

    assert seen(store, "team-a") == [("good", "p")]
    assert store.snapshot.broken == {"poison": "defect in reading it: RecursionError"}


def test_what_the_operator_allows_is_read(api, loaded):
    api.put(EXTENSIONS, extension("proxy", configuration={"HTTP_PROXY": "http://proxy"}))

    assert seen(loaded(allowed=frozenset({"HTTP_PROXY"})), "team-a") == [("proxy", "p")]


def test_credentials_have_no_values_in_a_cluster(api, loaded):
    credentials = {"id": "c", "configuration": {"KEY": "CANARY"}}
    api.put(EXTENSIONS, extension("e", services=[{"id": "s", "credentials": [credentials]}]))

    assert loaded().snapshot.broken == {
        "e": "spec.services[0].credentials[0].secretRef: is required: in a cluster the values of credentials are in a "
        "Secret"
    }


def test_replicas_that_received_the_same_changes_serve_the_same_revision(api, loaded):
    api.put(EXTENSIONS, extension("a"))
    api.put(EXTENSIONS, extension("b", "team-a"))
    before = [loaded().snapshot.revision for _ in range(2)]
    api.put(EXTENSIONS, extension("a", product="other"))

    assert before[0] == before[1] != loaded().snapshot.revision


def test_denied_access_says_why(api, loaded):
    api.refuse = 403

    with pytest.raises(UnreadableError, match=f"^{EXTENSIONS}: refused with 403$"):
        loaded()


@contextmanager
def kept_up(api, **options):
    """A store that keeps up, as the webhook runs it."""
    with serving(api) as client:
        store = KubernetesStore(client, namespace="fuseml", **options)
        store.start()
        ended = threading.Event()

        def refresh():
            while not ended.is_set():
                store.wait(0.05)
                store.refresh()

        thread = threading.Thread(target=refresh)
        thread.start()
        yield store
        ended.set()
        thread.join()


@pytest.fixture
def followed(api):
    """One that does not check what has been delivered."""
    with kept_up(api) as store:
        yield store


@pytest.fixture
def checking(api):
    """One that does, when it has listed everything."""
    with kept_up(api, ledger_namespace="system") as store:
        eventually(lambda: store.snapshot is not None)
        yield store


def eventually(condition):
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_nothing_is_served_before_extensions_and_namespaces_are_known(api):
    with serving(api) as client:
        store = KubernetesStore(client, namespace="fuseml")

        store.refresh()
        assert store.snapshot is None
        list_once(store)
        assert store.snapshot is not None


def test_changes_are_taken_up(api, followed):
    eventually(lambda: followed.snapshot is not None)

    api.put(EXTENSIONS, extension("a"))
    eventually(lambda: seen(followed, "x") == [("a", "p")])
    api.put(EXTENSIONS, extension("a", product="q"))
    eventually(lambda: seen(followed, "x") == [("a", "q")])
    api.delete(EXTENSIONS, extension("a"))
    eventually(lambda: seen(followed, "x") == [])
    api.put(NAMESPACES, namespace("new"))
    eventually(lambda: followed.facts_of("new") == NamespaceFacts(uid="u-new"))
    api.delete(NAMESPACES, namespace("new"))
    eventually(lambda: followed.facts_of("new") is None)


@pytest.mark.parametrize("content", [{"product": "q"}, {"configuration": {"PATH": "/opt"}}], ids=["good", "broken"])
def test_a_change_of_status_or_labels_is_no_change_of_the_registry(api, loaded, caplog, content):
    api.put(EXTENSIONS, extension("a", **content))
    store = loaded()
    before = store.snapshot
    caplog.clear()

    changed = extension("a", **content) | {"status": {"services": 1}}
    changed["metadata"]["labels"] = {"team": "ml"}
    api.put(EXTENSIONS, changed)
    list_once(store)

    assert store.snapshot is before
    assert "cannot be read" not in caplog.text


def test_an_object_that_is_deleted_and_created_again_is_another_one(api, loaded):
    api.put(EXTENSIONS, extension("a"))
    store = loaded()
    before = store.snapshot.revision

    api.delete(EXTENSIONS, extension("a"))
    api.put(EXTENSIONS, extension("a", product="q"))
    list_once(store)

    assert seen(store, "x") == [("a", "q")]
    assert store.snapshot.revision != before


def test_known_extensions_are_served_while_the_api_server_is_away(api, followed):
    api.put(EXTENSIONS, extension("a"))
    eventually(lambda: followed.snapshot is not None and seen(followed, "x") == [("a", "p")])

    eventually(lambda: api.watches(EXTENSIONS))
    api.refuse = 500
    api.drop()
    eventually(lambda: len(api.watches(EXTENSIONS)) > 3)

    assert seen(followed, "x") == [("a", "p")]
    assert followed.facts_of("team-b").project == "beta"
    api.refuse = 0


@pytest.mark.parametrize(
    ("path", "obj"),
    [
        pytest.param(EXTENSIONS, extension("a"), id="a-record"),
        pytest.param(NAMESPACES, namespace("team-a", **{PROJECT: "alpha"}), id="a-label"),
        pytest.param(NAMESPACES, namespace("team-a", annotations={OWNER: "ann"}), id="an-owner"),
        pytest.param(NAMESPACES, namespace("team-a", uid="u-again"), id="another-namespace-of-the-name"),
        pytest.param(LEDGERS, ledger_of("u-team-a", copy="delivered shape=s"), id="a-delivery"),
    ],
)
def test_a_request_waits_for_what_has_changed_just_before(api, checking, path, obj):
    before = checking.known_in("team-a")
    threading.Timer(0.1, api.put, (path, obj)).start()

    newer = checking.newer("team-a", before, 10)

    assert newer not in (None, before)
    assert newer == checking.known_in("team-a")


def test_what_is_known_already_is_not_waited_for(api, checking):
    before = checking.known_in("team-a")
    api.put(NAMESPACES, namespace("team-a", **{PROJECT: "alpha"}))
    eventually(lambda: checking.known_in("team-a") != before)

    assert checking.newer("team-a", before, 0).facts.project == "alpha"


def test_what_concerns_other_namespaces_ends_no_wait(api, checking):
    before = checking.known_in("team-a")
    api.put(NAMESPACES, namespace("other", **{PROJECT: "alpha"}))
    api.put(LEDGERS, ledger_of("u-other"))

    assert checking.newer("team-a", before, 0.3) is None


def test_waiting_ends_if_nothing_changes(checking):
    assert checking.newer("team-a", checking.known_in("team-a"), 0.05) is None


def test_only_a_few_requests_wait_at_a_time(checking):
    known = checking.known_in("team-a")
    waiting = [threading.Thread(target=checking.newer, args=("team-a", known, 30), daemon=True) for _ in range(2)]
    for thread in waiting:
        thread.start()
    eventually(lambda: not checking._may_wait._value)

    assert checking.newer("team-a", known, 30) is None


def test_settle_waits_for_every_change_that_was_received(api):
    with serving(api) as client:
        store = KubernetesStore(client, namespace="fuseml")
        list_once(store)
        api.put(EXTENSIONS, extension("a"))
        extensions = store._sources[0]
        store._receive(extensions, extensions.collection.list())
        assert seen(store, "x") == []
        threading.Timer(0.1, store.refresh).start()

        store.settle()

        assert seen(store, "x") == [("a", "p")]


def test_no_value_gets_into_the_log(api, loaded, caplog):
    caplog.set_level(logging.DEBUG)
    secret = {"id": "c", "secretRef": {"name": "x"}, "configuration": {"A": "CANARY/with slash"}}
    api.put(EXTENSIONS, extension("e", services=[{"id": "s", "credentials": [secret]}]))

    loaded()

    assert "CANARY" not in "".join(r.getMessage() for r in caplog.records if r.name.startswith("registry"))


def states(found):
    return {name: str(entry) for name, entry in found.entries.items()}


def test_the_ledger_of_a_namespace_is_found_by_its_uid(api, checking):
    assert checking.delivered_to("team-a") is ledger.NOTHING_DELIVERED

    api.put(LEDGERS, ledger_of("u-team-a", copy="delivered shape=s"))
    eventually(lambda: states(checking.delivered_to("team-a")) == {"copy": "delivered shape=s"})
    assert checking.delivered_to("team-b") is ledger.NOTHING_DELIVERED
    api.put(NAMESPACES, namespace("team-a", uid="u-again"))
    eventually(lambda: checking.delivered_to("team-a") is ledger.NOTHING_DELIVERED)
    api.put(NAMESPACES, namespace("team-a"))
    eventually(lambda: states(checking.delivered_to("team-a")) == {"copy": "delivered shape=s"})
    api.delete(LEDGERS, ledger_of("u-team-a"))
    eventually(lambda: checking.delivered_to("team-a") is ledger.NOTHING_DELIVERED)


def test_only_ledgers_are_read_and_only_where_they_are(api, checking):
    api.put(LEDGERS, ledger_of("u-team-a", labels=(), copy="delivered shape=s"))
    api.put(LEDGERS, ledger_of("u-team-b", copy="delivered shape=s"))
    eventually(lambda: checking.delivered_to("team-b") is not ledger.NOTHING_DELIVERED)

    assert checking.delivered_to("team-a") is ledger.NOTHING_DELIVERED
    queries = [query for path, query in api.requests if path == LEDGERS]
    assert {query["labelSelector"] for query in queries} == {ledger.LABEL}


def test_nothing_is_served_before_the_ledgers_are_known(api):
    with serving(api) as client:
        store = KubernetesStore(client, namespace="fuseml", ledger_namespace="system")
        api.refuse_path = LEDGERS
        store.start()
        eventually(lambda: api.watches(EXTENSIONS) and api.watches(NAMESPACES))
        store.refresh()

        assert store.snapshot is None
        api.refuse_path = ""
        eventually(lambda: store.refresh() or store.snapshot is not None)
        assert store.delivered_to("team-a") is ledger.NOTHING_DELIVERED


def test_ledgers_that_cannot_be_followed_are_a_load_error(api, checking):
    assert checking.load_errors == 0

    eventually(lambda: api.watches(LEDGERS))
    api.refuse_path = LEDGERS
    api.drop()
    eventually(lambda: checking.load_errors == 1)

    api.refuse_path = ""


def test_without_a_namespace_for_ledgers_no_delivery_is_checked(api, followed):
    eventually(lambda: followed.snapshot is not None)

    assert followed.delivered_to("team-a") is None
    assert api.lists(LEDGERS) == []
