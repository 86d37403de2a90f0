"""Extensions and the Secrets with their values are written together, whatever fails in between."""

import threading
from base64 import b64encode
from dataclasses import replace

import pytest
import urllib3
from kubernetes.client.exceptions import ApiException

from registry.errors import (
    ChangedError,
    InvalidRecordsError,
    NotFoundError,
    NotServedError,
    ReadOnlyError,
    RegistryError,
    UnavailableError,
    UnreadableError,
)
from registry.records import editing
from registry.records.codec import decode
from registry.stores.changing import change
from registry.stores.cluster_records.store import ClusterRecords
from tests.fakes.in_process_api import FakeCluster

SECRETS = "/api/v1/namespaces/fuseml/secrets"
EXTENSIONS = "/apis/fuseml.org/v1alpha1/namespaces/fuseml/extensions"
LABELS = {"extensions.fuseml.org/extension": "a", "app.kubernetes.io/managed-by": "fuseml"}


def record(value="CANARY-1", **fields):
    logins = [
        {"id": "c", "configuration": {"P": value, "an odd näme": "CANARY-2"}},
        {"id": "own", "secretRef": {"name": "minio"}, "configuration": {"K": "key"}},
    ]
    return decode({"id": "a", "services": [{"id": "s", "credentials": logins}], **fields})


@pytest.fixture
def cluster():
    cluster = FakeCluster()
    for path in (SECRETS, EXTENSIONS):
        cluster.put(path.rpartition("/")[0], {})
    operators = {"metadata": {"labels": {"extensions.fuseml.org/extension": "a"}}, "data": {"key": "eA=="}}
    cluster.put(f"{SECRETS}/minio", operators)
    return cluster


@pytest.fixture
def store(cluster):
    return ClusterRecords(cluster.client(), namespace="fuseml")


def names_in(cluster, collection):
    return sorted(path.rpartition("/")[2] for path in cluster.objects if path.rpartition("/")[0] == collection)


def referred(cluster):
    services = cluster.objects[f"{EXTENSIONS}/a"]["spec"]["services"]
    return {login["secretRef"]["name"] for service in services for login in service["credentials"]}


def test_values_are_in_a_labelled_secret_and_nowhere_else(cluster, store):
    store.put(record(), None)

    (name,) = referred(cluster) - {"minio"}
    secret = cluster.objects[f"{SECRETS}/{name}"]
    assert name.startswith("fuseml-values-a-")
    assert secret["metadata"]["labels"] == LABELS
    assert sorted(secret["data"].values()) == [b64encode(v).decode() for v in (b"CANARY-1", b"CANARY-2")]
    assert "CANARY" not in str(cluster.objects[f"{EXTENSIONS}/a"])
    managers = {m["manager"] for m in cluster.objects[f"{EXTENSIONS}/a"]["metadata"]["managedFields"]}
    assert managers == {"fuseml"}
    assert store.get("a").record == record()


def test_values_that_stay_keep_their_secret_and_others_get_a_new_one(cluster, store):
    first = store.put(record(), None)
    before = referred(cluster)
    second = store.put(record(zone="z"), first.revision)
    same = referred(cluster)
    store.put(record("CANARY-3"), second.revision)

    assert same == before
    assert referred(cluster) != before
    assert names_in(cluster, SECRETS) == sorted(referred(cluster))
    assert store.get("a").record == record("CANARY-3")


def test_labels_and_status_of_the_object_stay(cluster, store):
    stored = store.put(record(), None)
    obj = cluster.objects[f"{EXTENSIONS}/a"]
    obj["metadata"]["labels"] = {"team": "x"}
    cluster.put(f"{EXTENSIONS}/a", {**obj, "status": {"observedGeneration": 1}})

    store.put(record(zone="z"), stored.revision)

    changed = cluster.objects[f"{EXTENSIONS}/a"]
    assert (changed["metadata"]["labels"], changed["status"]) == ({"team": "x"}, {"observedGeneration": 1})


def test_deleted_extension_takes_its_own_secret_along_and_no_other(cluster, store):
    store.delete("a", store.put(record(), None).revision)

    assert names_in(cluster, EXTENSIONS) == []
    assert names_in(cluster, SECRETS) == ["minio"]


def test_secret_that_an_operator_made_is_never_changed(cluster, store):
    before = cluster.objects[f"{SECRETS}/minio"]
    cluster.put(f"{SECRETS}/fuseml-values-a-handmade", {"metadata": {"labels": {}}, "data": {}})
    stored = store.put(record(), None)
    stored = store.put(record("x"), stored.revision)
    store.delete("a", stored.revision)

    assert cluster.objects[f"{SECRETS}/minio"] is before
    assert names_in(cluster, SECRETS) == ["fuseml-values-a-handmade", "minio"]


def leftover(cluster, name, created, extension_id="a"):
    labels = {**LABELS, "extensions.fuseml.org/extension": extension_id}
    metadata = {"labels": labels, "creationTimestamp": created}
    cluster.put(f"{SECRETS}/fuseml-values-{extension_id}-{name}", {"metadata": metadata, "data": {}})


LATER = "Wed, 24 Nov 2021 11:30:00 GMT"


def test_what_an_interrupted_write_left_is_deleted_when_it_is_old(cluster, store):
    leftover(cluster, "old", "2021-11-24T10:00:00Z")
    leftover(cluster, "new", "2021-11-24T11:00:00Z")
    cluster.date = LATER

    store.put(record(), None)

    assert names_in(cluster, SECRETS) == sorted({"fuseml-values-a-new", *referred(cluster)})


def test_what_was_left_over_of_any_record_is_cleaned(cluster, store):
    store.put(record(), None)
    store.put(replace(record(), id="gone"), None)
    cluster.delete(f"{EXTENSIONS}/gone")
    leftover(cluster, "old", "2021-11-24T10:00:00Z", "never-registered")
    leftover(cluster, "new", "2021-11-24T11:00:00Z", "being-registered")
    metadata = {"labels": LABELS, "creationTimestamp": "2021-11-24T10:00:00Z"}
    cluster.put(f"{SECRETS}/called-otherwise", {"metadata": metadata})
    cluster.date = LATER

    store.clean()

    ours = {*referred(cluster), "fuseml-values-being-registered-new", "called-otherwise"}
    assert names_in(cluster, SECRETS) == sorted(ours)


def test_what_cannot_be_cleaned_waits(cluster, store):
    store.put(record(), None)
    before = names_in(cluster, SECRETS)
    cluster.date = LATER
    for collection in (SECRETS, EXTENSIONS):
        cluster.refuse = lambda method, path, body, query, c=collection: (503, "") if path == c else None
        store.clean()

    assert names_in(cluster, SECRETS) == before


def test_secret_of_a_later_write_stays_however_late_the_first_writer_sweeps(cluster, store):
    """As if its machine had been suspended in between."""
    stored = store.put(record(), None)

    def overtake(method, path, status):
        if method == "PUT":
            cluster.after = lambda *_: None
            other = ClusterRecords(cluster.client(), namespace="fuseml")
            other.put(record("CANARY-9"), other.get("a").revision)
            cluster.date = LATER

    cluster.after = overtake
    store.put(record("x"), stored.revision)

    assert store.get("a").record == record("CANARY-9")
    assert names_in(cluster, SECRETS) == sorted(referred(cluster))


def test_extension_that_is_held_by_a_finalizer_keeps_its_secret(cluster, store):
    stored = store.put(record(), None)
    cluster.objects[f"{EXTENSIONS}/a"]["metadata"]["finalizers"] = ["example.com/x"]

    store.delete("a", stored.revision)

    assert store.get("a").record == record()
    assert referred(cluster) <= {*names_in(cluster, SECRETS)}


@pytest.mark.parametrize("change", ["values", "deletion", "registration"])
@pytest.mark.parametrize("read", ["get", "list"])
def test_reader_sees_no_half_of_a_change(cluster, store, read, change):
    store.put(record(), None)
    other = ClusterRecords(cluster.client(), namespace="fuseml")

    def act(method, path, status):
        if path.startswith(EXTENSIONS):
            cluster.after = lambda *_: None
            revision = other.get("a").revision
            if change == "values":
                other.put(record("CANARY-3"), revision)
                return
            other.delete("a", revision)
            if change == "registration":
                other.put(record("CANARY-3"), None)

    cluster.after = act
    try:
        seen = [store.get("a")] if read == "get" else store.list().records
    except NotFoundError:
        seen = []

    assert [s.record for s in seen] == ([] if change == "deletion" else [record("CANARY-3")])


def hidden(known):
    return editing.hide(known)


def spoil(cluster, how):
    (name,) = referred(cluster) - {"minio"}
    path = f"{SECRETS}/{name}"
    if how == "missing":
        cluster.delete(path)
    elif how == "forbidden":
        cluster.refuse = lambda method, path, body, query: (403, "no") if path.startswith(SECRETS) else None
    elif how == "a key is missing":
        cluster.objects[path]["data"].popitem()
    else:
        cluster.objects[path]["data"] = dict.fromkeys(cluster.objects[path]["data"], "/w==")


@pytest.fixture(params=["missing", "forbidden", "a key is missing", "no text"])
def spoiled(cluster, store, request):
    """A record whose values cannot be read."""
    store.put(record(), None)
    spoil(cluster, request.param)
    return store.get("a")


def test_values_that_cannot_be_read_are_hidden(store, spoiled):
    assert spoiled.record == hidden(record())
    assert store.list().records == (spoiled,)


def test_values_that_cannot_be_read_stay_when_the_rest_changes(cluster, store, spoiled):
    before = referred(cluster)

    changed = store.put(replace(spoiled.record, zone="z"), spoiled.revision)

    assert (changed.record.zone, referred(cluster)) == ("z", before)


def test_values_that_cannot_be_read_are_never_written_as_if_they_were(cluster, store, spoiled):
    logins = spoiled.record.services[0].credentials
    some = replace(logins[0], configuration={**logins[0].configuration, "P": "CANARY-3"})
    services = (replace(spoiled.record.services[0], credentials=(some, logins[1])),)
    before = cluster.objects[f"{EXTENSIONS}/a"]

    for changed, expected in (
        (replace(spoiled.record, services=services), spoiled.revision),
        (replace(spoiled.record, id="b"), None),
    ):
        with pytest.raises(InvalidRecordsError) as refusal:
            store.put(changed, expected)
        assert "cannot be read: the Secret is not there, or you lack get of secrets; give all" in str(refusal.value)
        assert "CANARY" not in str(refusal.value)
    assert cluster.objects[f"{EXTENSIONS}/a"] is before


def test_credentials_whose_values_are_lost_are_given_again(cluster, store):
    store.put(record(), None)
    spoil(cluster, "missing")

    store.put(record("CANARY-3"), store.get("a").revision)

    assert store.get("a").record == record("CANARY-3")
    assert names_in(cluster, SECRETS) == sorted(referred(cluster))


@pytest.mark.parametrize("code", [409, 429, 500, 504])
@pytest.mark.parametrize("act", ["register", "change"])
def test_write_that_was_done_is_done_whatever_is_answered(cluster, store, act, code):
    """Something between may have sent it twice: the second time it is a conflict with itself."""
    revision = store.put(record(), None).revision

    def spoil(method, path, status):
        if path.startswith(EXTENSIONS) and method in ("POST", "PUT"):
            cluster.after = lambda *_: None
            raise ApiException(status=code)

    cluster.after = spoil
    stored = acts(store, revision)[act]()

    assert store.get(stored.record.id) == stored
    assert {"minio", *names_in(cluster, SECRETS)} >= referred(cluster)


def test_secret_stays_while_it_is_not_known_what_was_done(cluster, store):
    store.put(record(), None)
    before = len(names_in(cluster, SECRETS))
    answers = iter([409, 503])
    cluster.refuse = lambda method, path, body, query: (
        (next(answers), "") if path.startswith(EXTENSIONS) and (method == "POST" or path.endswith("/b")) else None
    )

    with pytest.raises(UnavailableError) as refusal:
        store.put(replace(record(), id="b"), None)

    assert str(refusal.value).endswith("try again; what was asked for may have been done")
    assert len(names_in(cluster, SECRETS)) == before + 1


def test_what_the_api_server_had_no_time_for_leaves_nothing(cluster, store):
    cluster.refuse = lambda method, path, body, query: (429, "busy") if path == EXTENSIONS else None

    with pytest.raises(UnavailableError):
        store.put(record(), None)

    assert names_in(cluster, SECRETS) == ["minio"]


def test_status_that_changes_meanwhile_is_no_conflict(cluster, store):
    stored = store.put(record(), None)
    done = []

    def touch(method, path, body):
        if method == "PUT" and not done:
            done.append(path)
            cluster.put(path, {**cluster.objects[path], "status": {"n": 1}})

    cluster.before = touch
    store.put(record("x"), stored.revision)

    assert store.get("a").record == record("x")
    assert names_in(cluster, SECRETS) == sorted(referred(cluster))


def test_change_of_another_meanwhile_is_a_conflict_and_leaves_nothing(cluster, store):
    stored = store.put(record(), None)

    def change(method, path, body):
        if method == "PUT":
            cluster.before = lambda *_: None
            obj = cluster.objects[path]
            cluster.put(path, {**obj, "spec": {**obj["spec"], "zone": "theirs"}})

    cluster.before = change
    with pytest.raises(ChangedError):
        store.put(record("x"), stored.revision)

    assert store.get("a").record == record(zone="theirs")
    assert names_in(cluster, SECRETS) == sorted(referred(cluster))


class Crash(BaseException):
    """The process ends here."""


def acts(store, revision):
    return {
        "register": lambda: store.put(replace(record(), id="b"), None),
        "change": lambda: store.put(record("CANARY-3", zone="z"), revision),
        "without-values": lambda: store.put(decode({"id": "a"}), revision),
        "delete": lambda: store.delete("a", revision),
    }


@pytest.mark.parametrize("act", ["register", "change", "without-values", "delete"])
@pytest.mark.parametrize("fault", ["crash-before", "crash-after", "lost-before", "lost-after", "refused"])
@pytest.mark.parametrize("step", range(8))
def test_an_extension_has_its_secret_whatever_fails(cluster, store, act, fault, step):
    revision = store.put(record(), None).revision
    count = iter(range(100))

    def fail(is_after):
        if fault.endswith("after") == is_after and fault != "refused" and next(count) == step:
            raise Crash if fault.startswith("crash") else urllib3.exceptions.ReadTimeoutError(None, "", "")

    cluster.before = lambda method, path, body: fail(False)
    cluster.after = lambda method, path, status: fail(True)
    if fault == "refused":
        cluster.refuse = lambda method, path, body, query: (500, "no") if next(count) == step else None
    try:
        acts(store, revision)[act]()
        outcome = "done"
    except Crash:
        outcome = "crashed"
    except RegistryError as e:
        outcome = type(e).__name__
        assert "CANARY" not in str(e)
    cluster.before = cluster.after = lambda *_: None
    cluster.refuse = lambda *_: None

    states = {
        "register": ({"a", "b"}, {"a"}),
        "delete": (set(), {"a"}),
    }.get(act, ({"a"}, {"a"}))
    left = {stored.record.id: stored.record for stored in store.list().records}
    assert set(left) in states
    assert outcome != "done" or set(left) == states[0]
    new = {"change": record("CANARY-3", zone="z"), "without-values": decode({"id": "a"})}.get(act)
    assert left.get("a", record()) in (record(), new)
    assert outcome != "done" or new is None or left["a"] == new
    assert left.get("b", replace(record(), id="b")) == replace(record(), id="b")
    assert "minio" in names_in(cluster, SECRETS)
    orphans = set(names_in(cluster, SECRETS)) - {"minio"}
    assert len(orphans) <= len(left) + 1


def test_refusals_say_what_would_help(cluster, store):
    cluster.refuse = lambda method, path, body, query: (403, "no") if method == "POST" else None
    with pytest.raises(ReadOnlyError) as forbidden:
        store.put(record(), None)
    cluster.refuse = lambda method, path, body, query: (422, "spec.zone: bad") if path == EXTENSIONS else None
    with pytest.raises(InvalidRecordsError) as invalid:
        store.put(record(), None)
    cluster.refuse = lambda method, path, body, query: (503, "busy")
    with pytest.raises(UnavailableError) as unavailable:
        store.get("a")

    assert "forbidden; whoever asks needs get, list, create and delete of secrets there" in str(forbidden.value)
    assert str(invalid.value) == "Extension 'a' in namespace 'fuseml': the API server refuses it: spec.zone: bad"
    assert str(unavailable.value) == "Extension 'a' in namespace 'fuseml': the API server returned 503; try again"
    assert names_in(cluster, SECRETS) == ["minio"]


def test_kind_that_is_not_known_yet_is_no_extension_that_is_not_there(cluster, store):
    """As of an API server that is starting. What is there must not be taken for what is left over."""
    store.put(record(), None)
    before = names_in(cluster, SECRETS)
    cluster.date = LATER
    cluster.refuse = lambda method, path, body, query: (404, "") if path.startswith(EXTENSIONS) else None

    for act in (lambda: store.get("a"), store.list, lambda: store.put(record(), None)):
        with pytest.raises(NotServedError, match="the cluster has nothing of that kind"):
            act()
    store.clean()

    assert names_in(cluster, SECRETS) == before


def test_namespace_that_is_not_there(cluster):
    with pytest.raises(UnreadableError) as refusal:
        ClusterRecords(cluster.client(), namespace="nope").put(decode({"id": "a"}), None)

    assert str(refusal.value) == "Extension 'a' in namespace 'nope': there is no such namespace; create it"


@pytest.mark.parametrize(
    ("plain", "problem"),
    [
        ({"id": "A"}, "id: 'A' cannot name an object: names hold a-z, 0-9 and '-'"),
        (
            {"id": "a" * 64, "services": [{"id": "s", "credentials": [{"id": "c", "configuration": {"P": "x"}}]}]},
            "id: is",
        ),
        ({"id": "a", "services": [{"id": "s", "credentials": [{"id": "c"}]}]}, "services[0].credentials[0]: an object"),
    ],
)
def test_record_that_no_object_can_hold_is_refused(store, plain, problem):
    with pytest.raises(InvalidRecordsError) as refusal:
        store.put(decode(plain), None)

    assert str(refusal.value).startswith(problem)
    assert store.list().records == ()


def test_object_that_cannot_be_read_is_a_problem_beside_the_others(cluster, store):
    stored = store.put(record(), None)
    cluster.put(f"{EXTENSIONS}/x", {"spec": {"zones": "z"}})

    listing = store.list()

    assert listing.records == (stored,)
    assert [str(p) for p in listing.problems] == [
        "Extension x: spec.zones: unknown field 'zones'; did you mean 'zone'?"
    ]


def test_no_change_of_many_writers_is_lost(cluster, store):
    store.put(record("0"), None)

    def count(known):
        service = known.services[0]
        login, own = service.credentials
        more = replace(login, configuration={**login.configuration, "P": str(int(login.configuration["P"]) + 1)})
        return replace(known, services=(replace(service, credentials=(more, own)),))

    def write():
        own_store = ClusterRecords(cluster.client(), namespace="fuseml")
        for _ in range(10):
            change(own_store, "a", count)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert store.get("a").record == record("40")
    assert names_in(cluster, SECRETS) == sorted(referred(cluster))
