"""What every store of whole records promises."""

from dataclasses import replace

import pytest

from registry.errors import AlreadyExistsError, ChangedError, NotFoundError, UnavailableError
from registry.records.codec import decode
from registry.stores import changing
from registry.stores.changing import change
from registry.stores.cluster_records.store import ClusterRecords
from registry.stores.folder_records.store import FolderRecords
from tests.fakes.in_process_api import FakeCluster
from tests.fakes.memory_records import MemoryRecords
from webhook.cli.extension.dry_run import DryRun

RECORD = decode(
    {
        "id": "a",
        "product": "p",
        "services": [{"id": "s", "credentials": [{"id": "c", "configuration": {"P": "CANARY"}}]}],
    }
)
OTHER = decode({"id": "b", "version": "1.10"})


def cluster_records():
    cluster = FakeCluster()
    for path in ("/api/v1/namespaces/fuseml", "/apis/fuseml.org/v1alpha1/namespaces/fuseml"):
        cluster.put(path, {})
    return ClusterRecords(cluster.client(), namespace="fuseml")


def rehearsal():
    """A store of which nothing reaches the one that it reads."""
    return DryRun(MemoryRecords(), lambda record: None)


@pytest.fixture(params=["memory", "folder", "cluster", "rehearsal"])
def store(request, tmp_path):
    makers = {
        "memory": MemoryRecords,
        "folder": lambda: FolderRecords(tmp_path),
        "cluster": cluster_records,
        "rehearsal": rehearsal,
    }
    return makers[request.param]()


def test_what_is_put_is_got_and_listed_by_id(store):
    other, record = store.put(OTHER, None), store.put(RECORD, None)

    assert store.get("a") == record
    assert (record.record, other.record) == (RECORD, OTHER)
    assert store.list() == ((record, other), ())


def test_revision_tells_states_apart_and_no_values(store):
    first = store.put(RECORD, None)
    second = store.put(replace(RECORD, product="q"), first.revision)

    assert first.revision != second.revision
    assert store.get("a") == second
    assert "CANARY" not in first.revision


def test_what_is_there_is_not_registered_again(store):
    store.put(RECORD, None)

    with pytest.raises(AlreadyExistsError) as refusal:
        store.put(replace(RECORD, product="q"), None)

    assert str(refusal.value) == "an extension with the same ID already exists: a"
    assert store.get("a").record == RECORD


def test_what_is_not_there_is_not_found(store):
    for act in (lambda: store.get("a"), lambda: store.put(RECORD, "1"), lambda: store.delete("a", "1")):
        with pytest.raises(NotFoundError) as refusal:
            act()
        assert str(refusal.value) == "an extension with the given ID could not be found: a"


def test_change_of_another_is_not_overwritten(store):
    first = store.put(RECORD, None)
    second = store.put(replace(RECORD, product="q"), first.revision)

    for act in (lambda: store.put(RECORD, first.revision), lambda: store.delete("a", first.revision)):
        with pytest.raises(ChangedError) as refusal:
            act()
        assert str(refusal.value) == "extension 'a' has been changed since it was read; read it again"
    assert store.get("a") == second


def test_what_is_deleted_is_gone_and_may_come_again(store):
    store.put(OTHER, None)
    store.delete("a", store.put(RECORD, None).revision)

    assert [stored.record for stored in store.list().records] == [OTHER]
    assert store.put(RECORD, None).record == RECORD


def test_change_is_made_again_if_somebody_was_faster(store):
    store.put(RECORD, None)
    calls = []

    def edit(record):
        calls.append(record.product)
        if len(calls) == 1:
            store.put(replace(record, zone="z"), store.get("a").revision)
        return replace(record, product="q")

    changed = change(store, "a", edit)

    assert changed.record == replace(RECORD, product="q", zone="z")
    assert calls == ["p", "p"]


def test_change_that_changes_nothing_writes_nothing(store):
    before = store.put(RECORD, None)

    assert change(store, "a", lambda record: record) == before


def test_change_does_not_go_on_for_ever(monkeypatch):
    monkeypatch.setattr(changing, "PATIENCE", 0.1)

    class Busy(MemoryRecords):
        def put(self, record, expected):
            if expected is None:
                return super().put(record, None)
            raise ChangedError("busy")

    store = Busy()
    store.put(RECORD, None)

    with pytest.raises(UnavailableError, match=r"^a: others change it all the time; try again$"):
        change(store, "a", lambda record: replace(record, product="q"))
