"""Which Extensions there are now, and what each of them holds."""

import pytest

from registry.errors import Problem
from registry.records import extension_objects
from registry.records.model import Extension
from tests.fakes.watched_api import FakeApi, serving
from webhook.controller.followed_extensions import PATH, FollowedExtensions


def extension(name, namespace="ml", **spec):
    return {"metadata": {"namespace": namespace, "name": name}, "spec": {"product": "p", **spec}}


class Bench:
    def __init__(self, api, client, **options):
        self.api = api
        self.extensions = FollowedExtensions(client, **options)
        self._news = self.extensions._collection.follow()

    def receive(self):
        """Take up the list, or one change."""
        self.extensions._take(next(self._news))
        return self.extensions.current()


@pytest.fixture
def api():
    return FakeApi()


@pytest.fixture
def bench(api):
    with serving(api) as client:
        yield Bench(api, client)


def test_nothing_is_known_until_it_is_listed(api, bench):
    api.put(PATH, extension("a"))
    assert bench.extensions.current() is None

    (key,) = bench.receive()

    assert key == ("ml", "a")


def test_changes_are_followed(api, bench):
    bench.receive()
    api.put(PATH, extension("a"))
    (first,) = bench.receive().values()
    api.put(PATH, extension("a", product="q"))
    (second,) = bench.receive().values()
    api.delete(PATH, extension("a"))

    assert bench.receive() == {}
    assert (first.record.product, second.record.product) == ("p", "q")
    assert (first.generation, second.generation) == (1, 2)
    assert first.uid == second.uid


def test_what_is_current_does_not_change_while_it_is_read(api, bench):
    api.put(PATH, extension("a"))
    before = bench.receive()
    api.put(PATH, extension("b"))
    bench.receive()

    assert set(before) == {("ml", "a")}


def test_record_is_not_read_again_if_only_the_status_changes(api, bench):
    api.put(PATH, extension("a"))
    (before,) = bench.receive().values()
    assert before.status == {}
    api.put(PATH, extension("a") | {"status": {"services": 0}})
    (after,) = bench.receive().values()

    assert after is not before
    assert after.record is before.record
    assert after.status == {"services": 0}


def test_record_of_another_object_of_the_same_name_is_read(api, bench):
    api.put(PATH, extension("a"))
    (before,) = bench.receive().values()
    api.delete(PATH, extension("a"))
    bench.receive()
    api.put(PATH, extension("a", product="q"))
    (after,) = bench.receive().values()

    assert (after.generation, after.record.product) == (before.generation, "q")


def test_list_that_is_repeated_keeps_what_has_not_changed(api, bench):
    api.put(PATH, extension("a"))
    before = bench.receive()

    bench.extensions._take(bench.extensions._collection.list())

    assert bench.extensions.current() == before


def test_broken_record_is_its_problems(api, bench):
    api.put(PATH, extension("a", configuration={"PATH": "/opt"}, services=[{}, 7]))
    api.put(PATH, extension("good"))

    records = [observed.record for observed in bench.receive().values()]

    assert [str(problem).partition(": ")[0] for problem in records[0]] == [
        "spec.services[1]", "spec.configuration.PATH",
    ]  # fmt: skip
    assert isinstance(records[1], Extension)


def test_variables_that_the_operator_allows_are_read(api):
    api.put(PATH, extension("a", configuration={"PATH": "/opt"}))
    with serving(api) as client:
        (observed,) = Bench(api, client, allowed=frozenset({"PATH"})).receive().values()

    assert isinstance(observed.record, Extension)


def test_defect_in_reading_one_object_leaves_the_others(api, bench, monkeypatch, caplog):
    api.put(PATH, extension("a"))
    api.put(PATH, extension("poison"))
    decode = extension_objects.decode

    def failing(obj, **options):
        if obj["metadata"]["name"] == "poison":
            raise RecursionError("CANARY")
        return decode(obj, **options)

    monkeypatch.setattr(extension_objects, "decode", failing)
    records = [observed.record for observed in bench.receive().values()]

    assert records[1] == (Problem("defect in reading it: RecursionError"),)
    assert isinstance(records[0], Extension)
    assert caplog.messages == ["extension ml/poison cannot be read: defect: RecursionError"]


def test_status_that_is_no_map_counts_as_none(api, bench):
    api.put(PATH, extension("a") | {"status": "x"})

    assert [observed.status for observed in bench.receive().values()] == [{}]
