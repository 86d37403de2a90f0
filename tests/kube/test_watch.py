"""Keeping up with a collection, whatever the API server does."""

import logging
import threading
import time
from contextlib import suppress
from operator import itemgetter
from queue import Queue

import pytest

from registry.errors import NotServedError, UnreadableError
from registry.kube import watch
from registry.kube.watch import Collection, Listed
from tests.fakes.watched_api import FakeApi, serving

PATH = "/apis/fuseml.org/v1alpha1/extensions"
PATIENCE = 10


def obj(name, **spec):
    return {"metadata": {"namespace": "fuseml", "name": name}, "spec": spec}


class _EndedError(Exception):
    pass


class Follower:
    """What a thread that follows the collection has been given."""

    def __init__(self, client):
        self.news = Queue()
        self._collection = Collection(client, PATH, itemgetter("spec"))
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        with suppress(_EndedError):
            for news in self._collection.follow():
                self.news.put(news)

    def end(self):
        """The thread would try for ever; at the next failure it ends."""

        def _end(error):
            raise _EndedError

        self._collection._pause = _end

    def next(self):
        news = self.news.get(timeout=PATIENCE)
        if isinstance(news, Listed):
            return [name for _, name in news.found]
        return news.key[1], "gone" if news.value is None else news.value


@pytest.fixture
def api():
    return FakeApi()


@pytest.fixture
def client(api):
    with serving(api) as client:
        yield client


@pytest.fixture
def follow(api, client):
    followers = []

    def start():
        followers.append(Follower(client))
        return followers[-1]

    yield start
    api.refuse = 500
    for follower in followers:
        follower.end()


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch):
    monkeypatch.setattr(watch, "_LONGEST_PAUSE", 0.2)


def eventually(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_all_objects_come_first_and_then_every_change(api, follow):
    api.put(PATH, obj("a"))
    follower = follow()

    assert follower.next() == ["a"]
    api.put(PATH, obj("b", x=1))
    assert follower.next() == ("b", {"x": 1})
    api.put(PATH, obj("b", x=2))
    assert follower.next() == ("b", {"x": 2})
    api.delete(PATH, obj("a"))
    assert follower.next() == ("a", "gone")


def test_a_list_is_read_in_pages(api, follow, monkeypatch):
    monkeypatch.setattr(watch, "PAGE", 2)
    for name in "abcde":
        api.put(PATH, obj(name))

    assert follow().next() == list("abcde")
    assert [query.get("continue", "").partition(":")[0] for query in api.lists(PATH)] == ["", "2", "4"]


def test_a_list_whose_pages_expire_is_started_again(api, follow, monkeypatch):
    monkeypatch.setattr(watch, "PAGE", 1)
    api.put(PATH, obj("a"))
    api.put(PATH, obj("b"))
    whole = api.page

    def expiring(path, query):
        if "continue" in query and not api.watches("expired"):
            api.requests.append(("expired", {"watch": ""}))
            api.compact()
        return whole(path, query)

    api.page = expiring

    assert follow().next() == ["a", "b"]
    assert len(api.lists(PATH)) == 4


def test_a_dropped_connection_resumes_where_it_was(api, follow):
    follower = follow()
    assert follower.next() == []
    api.put(PATH, obj("a"))
    assert follower.next() == ("a", {})

    api.drop()
    api.put(PATH, obj("b"))

    assert follower.next() == ("b", {})
    assert len(api.lists(PATH)) == 1, "nothing is listed again"


def test_a_watch_resumes_at_the_last_bookmark(api, follow):
    follower = follow()
    assert follower.next() == []
    eventually(lambda: api.watches(PATH))
    api.bookmark(PATH)
    api.drop()
    eventually(lambda: len(api.watches(PATH)) > 1)
    api.put(PATH, obj("a"))

    assert follower.next() == ("a", {}), "a bookmark is no change"
    assert [query["resourceVersion"] for query in api.watches(PATH)][:2] == ["10", "11"]
    assert all(query["allowWatchBookmarks"] == "true" for query in api.watches(PATH))


def test_everything_is_listed_again_if_changes_were_missed_for_good(api, follow, caplog):
    caplog.set_level(logging.INFO)
    api.put(PATH, obj("a"))
    follower = follow()
    assert follower.next() == ["a"]
    eventually(lambda: api.watches(PATH))

    api.is_silent = True
    api.delete(PATH, obj("a"))
    api.put(PATH, obj("b"))
    api.compact()
    api.drop()

    assert follower.next() == ["b"]
    assert "too old" in caplog.text


def test_a_server_that_is_away_is_tried_until_it_is_back(api, follow, caplog):
    caplog.set_level(logging.INFO)
    api.put(PATH, obj("a"))
    follower = follow()
    assert follower.next() == ["a"]
    eventually(lambda: api.watches(PATH))

    api.refuse = 500
    api.drop()
    eventually(lambda: len(api.watches(PATH)) > 4)
    api.put(PATH, obj("b"))
    api.refuse = 0

    assert follower.next() == ("b", {})
    eventually(lambda: "followed again" in caplog.text)
    assert caplog.text.count("cannot be followed, what is known stays: 500 refused with 500") == 1


def test_denied_access_is_logged_and_tried_again(api, follow, caplog):
    api.refuse = 403
    follower = follow()
    eventually(lambda: "403 refused with 403" in caplog.text)

    api.put(PATH, obj("a"))
    api.refuse = 0

    assert follower.next() == ["a"]


def test_a_dead_connection_is_noticed(api, follow, monkeypatch):
    monkeypatch.setattr(watch, "SILENCE", 0.2)
    follower = follow()
    assert follower.next() == []
    api.is_silent = True
    api.put(PATH, obj("a"))
    eventually(lambda: len(api.watches(PATH)) > 1)

    api.is_silent = False
    api.drop()

    assert follower.next() == ("a", {})


def test_everything_is_listed_again_from_time_to_time(api, follow, monkeypatch):
    monkeypatch.setattr(watch, "RESYNC", 0.0)
    api.put(PATH, obj("a"))
    follower = follow()

    assert [follower.next() for _ in range(3)] == [["a"]] * 3


def test_listing_once_says_why_it_fails(api, client):
    api.put(PATH, obj("a"))
    assert Collection(client, PATH, itemgetter("spec")).list().found == {("fuseml", "a"): {}}
    api.refuse = 403

    with pytest.raises(UnreadableError, match=f"^{PATH}: refused with 403$"):
        Collection(client, PATH, itemgetter("spec")).list()


def test_listing_once_says_that_no_server_answers():
    with serving(FakeApi()) as client:
        pass

    with pytest.raises(UnreadableError, match=r"^http://127.0.0.1:\d+: the API server does not answer$"):
        Collection(client, PATH, itemgetter("spec")).list()


def test_a_malformed_answer_does_not_end_the_watch(api, follow, monkeypatch):
    api.put(PATH, {"metadata": {"namespace": "fuseml", "name": "odd"}})
    follower = follow()
    eventually(lambda: len(api.lists(PATH)) > 2)

    api.put(PATH, obj("odd"))

    assert follower.next() == ["odd"]


def test_objects_are_read_one_after_the_other_a_page_at_a_time(api, client):
    for name in "abcde":
        api.put(PATH, obj(name, n=name))

    each = Collection(client, PATH, itemgetter("spec")).each(2)
    first = next(each)
    pages_before = len(api.lists(PATH))

    assert (first, [spec["n"] for spec in each]) == ({"n": "a"}, list("bcde"))
    assert (pages_before, [query["limit"] for query in api.lists(PATH)]) == (1, ["2", "2", "2"])


def test_pages_that_expire_while_they_are_read_are_said_to_have(api, client):
    for name in "abc":
        api.put(PATH, obj(name))

    each = Collection(client, PATH, itemgetter("spec")).each(2)
    next(each)
    api.compact()

    with pytest.raises(UnreadableError, match="the list changed while it was read; try again"):
        list(each)


def test_kind_that_is_not_there_is_told_from_one_that_cannot_be_read(api, client):
    api.refuse = 404

    with pytest.raises(NotServedError):
        list(Collection(client, PATH, itemgetter("spec")).each(2))
