"""A server behind FuseML's REST API as a store of records: ours, and FuseML's original one."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.client import bodies
from registry.client.http import Answer, Api
from registry.client.store import RestRecords
from registry.errors import (
    AlreadyExistsError,
    ChangedError,
    InvalidRecordsError,
    NotFoundError,
    UnavailableError,
)
from registry.records import editing
from registry.records.codec import decode
from registry.records.editing import Place
from registry.stores.changing import change
from tests.fakes.rest_server import OriginalServer, OurServer, RefusalError
from tests.records.test_laws import extensions

LOGIN = {
    "id": "c",
    "scope": "project",
    "projects": ["p", "q"],
    "configuration": {"KEY": "CANARY", "PASSWORD": "secret"},
}
RECORD = decode(
    {
        "id": "mlflow-0001",
        "product": "mlflow",
        "version": "1.10",
        "services": [
            {"id": "ui", "resource": "http"},
            {
                "id": "store",
                "auth_required": "true",
                "configuration": {"INSECURE": "False", "PORT": "09000"},
                "endpoints": [
                    {"url": "http://e:80/a b", "type": "internal", "configuration": {"URL": "http://e:80/a b"}},
                    {"url": "https://é.example/?x=1"},
                ],
                "credentials": [LOGIN, {"id": "a", "default": "true"}],
            },
        ],
    }
)
OTHER = decode({"id": "b", "version": "1.10"})


@pytest.fixture(params=[OriginalServer, OurServer], ids=["original", "ours"])
def server(request):
    with request.param().running() as running:
        yield running


@pytest.fixture
def store(server):
    return RestRecords(Api(server.url))


@pytest.fixture
def original():
    with OriginalServer().running() as running:
        yield running


def values_of(original):
    return original.records["mlflow-0001"]["services"]["store"]["credentials"]["c"]["configuration"]


def test_what_is_put_is_got_and_listed_without_values(store):
    record, other = store.put(RECORD, None), store.put(OTHER, None)

    assert store.get("mlflow-0001") == record
    assert bodies.ordered(record.record) == bodies.ordered(editing.hide(RECORD))
    listing = store.list()
    assert [(s.record.id, s.record.version) for s in listing.records] == [("b", "1.10"), ("mlflow-0001", "1.10")]
    assert listing.records[0].record == other.record
    assert listing.problems == ()
    assert "CANARY" not in repr(listing)


def test_server_says_when_an_extension_was_registered(store):
    moment = datetime(2021, 11, 24, 10, tzinfo=UTC)

    assert store.put(RECORD, None).registered == moment
    assert store.get(RECORD.id).registered == moment
    assert [stored.registered for stored in store.list().records] == [moment]


def test_order_is_kept_where_there_is_one_and_the_same_each_time_where_there_is_none(store, server):
    store.put(RECORD, None)

    orders = {tuple(s.id for s in store.get("mlflow-0001").record.services) for _ in range(8)}

    assert orders == {("store", "ui")} if isinstance(server, OriginalServer) else {("ui", "store")}


def test_what_is_there_is_not_registered_again(store):
    store.put(RECORD, None)

    with pytest.raises(AlreadyExistsError, match=r"^an extension with the same ID already exists: mlflow-0001$"):
        store.put(RECORD, None)


def test_what_is_not_there_is_not_found(store):
    for act in (lambda: store.get("a"), lambda: store.put(replace(OTHER, id="a"), "1"), lambda: store.delete("a", "1")):
        with pytest.raises(NotFoundError, match=r"^an extension with the given ID could not be found: a$"):
            act()


def test_change_of_another_is_not_overwritten(store):
    first = store.put(RECORD, None)
    second = store.put(replace(first.record, product="q"), first.revision)

    for act in (lambda: store.put(RECORD, first.revision), lambda: store.delete("mlflow-0001", first.revision)):
        with pytest.raises(ChangedError, match=r"^extension 'mlflow-0001' has been changed since it was read"):
            act()
    assert store.get("mlflow-0001") == second


def test_revision_of_a_list_is_as_good_as_that_of_the_record(store):
    store.put(OTHER, None)
    (listed,) = store.list().records

    changed = store.put(replace(listed.record, product="q"), listed.revision)

    assert changed.record.product == "q"
    store.delete("b", changed.revision)
    assert store.list().records == ()


def test_change_between_reading_and_writing_is_noticed_where_there_are_etags():
    with OurServer().running() as server:
        store = RestRecords(Api(server.url))
        first = store.put(OTHER, None)

        def write(method, path):
            if method == "PUT":
                server.before = lambda *_: None
                RestRecords(Api(server.url)).put(replace(OTHER, zone="z"), first.revision)

        server.before = write

        changed = change(store, "b", lambda record: replace(record, product="q"))

    assert (changed.record.product, changed.record.zone) == ("q", "z")


EDITS = {
    "a field": lambda e: replace(e, product="other", version="", configuration={"A": "x"}),
    "a configuration that is cleared": lambda e: editing.update_part(
        e, Place("services", "store"), {"configuration": {}}, suffix=str
    ),
    "an endpoint": lambda e: editing.update_part(
        e, Place("endpoints", "http://e:80/a b", "store"), {"type": "external"}, suffix=str
    ),
    "scope": lambda e: editing.update_part(
        e, Place("credentials", "c", "store"), {"scope": "global", "projects": []}, suffix=str
    ),
    "a new login": lambda e: (
        editing.add(e, "credentials", {"id": "n", "configuration": {"N": "new"}}, service_id="ui", suffix=str).extension
    ),
    "a deleted endpoint": lambda e: editing.delete_part(e, Place("endpoints", "https://é.example/?x=1", "store")),
    "a deleted service": lambda e: editing.delete_part(e, Place("services", "ui")),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_edit_changes_what_it_says_and_keeps_all_values(store, server, edit):
    store.put(RECORD, None)

    changed = change(store, "mlflow-0001", edit)

    assert bodies.ordered(changed.record) == bodies.ordered(editing.hide(edit(RECORD)))
    if isinstance(server, OriginalServer):
        assert values_of(server) == LOGIN["configuration"]
        assert len(server.written()) == 2  # the registration and one change
        assert "<hidden>" not in str([body for _, _, body, _ in server.requests])
    else:
        assert server.records.get("mlflow-0001").record == edit(RECORD)


def test_url_of_an_endpoint_is_one_segment(original):
    store = RestRecords(Api(original.url))
    store.put(RECORD, None)

    change(store, "mlflow-0001", EDITS["an endpoint"])

    path = "/extensions/mlflow-0001/services/store/endpoints/http:%2F%2Fe:80%2Fa%20b"
    assert original.written()[-1] == ("PUT", path)


def test_values_that_are_all_given_replace_the_old_ones(store, server):
    store.put(RECORD, None)
    place = Place("credentials", "c", "store")

    change(store, "mlflow-0001", lambda e: editing.update_part(e, place, {"configuration": {"KEY": "new"}}, suffix=str))

    kept = values_of(server) if isinstance(server, OriginalServer) else None
    assert kept in (None, {"KEY": "new"})


def test_one_of_several_hidden_values_cannot_be_changed_on_the_original(original):
    store = RestRecords(Api(original.url))
    store.put(RECORD, None)
    place, given = Place("credentials", "c", "store"), {"configuration": {"KEY": "new", "PASSWORD": "<hidden>"}}

    with pytest.raises(InvalidRecordsError) as refusal:
        change(store, "mlflow-0001", lambda e: editing.update_part(e, place, given, suffix=str))

    assert str(refusal.value) == (
        "services[0].credentials[1].configuration: the server would replace all values, and does not show those of "
        "'PASSWORD'; give them, too"
    )
    assert values_of(original) == LOGIN["configuration"]


def test_hidden_value_is_not_registered(store, server):
    with pytest.raises(InvalidRecordsError) as refusal:
        store.put(editing.hide(RECORD), None)

    assert [p.path[-2:] for p in refusal.value.problems] == [("configuration", "KEY"), ("configuration", "PASSWORD")]
    assert "<hidden> stands for a value that a server does not show; give the value" in str(refusal.value)
    assert server.requests == []


OURS_ONLY = decode({"id": "x", "services": [{"id": "s", "default": "true", "credentials": [
    {"id": "c", "secretRef": {"name": "minio"}, "configuration": {"KEY": "key"}}]}]})  # fmt: skip


def test_what_the_original_would_drop_is_not_left_there(original):
    store = RestRecords(Api(original.url))

    with pytest.raises(InvalidRecordsError) as refusal:
        store.put(OURS_ONLY, None)

    assert str(refusal.value) == (
        "services[0].default: FuseML's own server does not keep it: only of credentials\n"
        "services[0].credentials[0].secretRef: FuseML's own server does not keep it: the names of keys would become "
        "values"
    )
    assert original.records == {}
    plain = store.put(decode({"id": "x"}), None)
    with pytest.raises(InvalidRecordsError, match="secretRef"):
        store.put(OURS_ONLY, plain.revision)
    assert store.get("x") == plain


@pytest.mark.parametrize("shows_keys", [True, False], ids=["shown", "hidden"])
def test_what_ours_adds_to_fuseml_is_kept_by_our_server(shows_keys):
    with OurServer().running() as server:
        server.shows_keys = shows_keys
        store = RestRecords(Api(server.url))

        read = store.put(OURS_ONLY, None).record
        place = Place("credentials", "c", "s")
        change(store, "x", lambda e: editing.update_part(replace(e, zone="z"), place, {"default": True}, suffix=str))

        assert (read == OURS_ONLY) is shows_keys
        assert store.list().problems == ()
        kept = server.records.get("x").record
        login = replace(OURS_ONLY.services[0].credentials[0], default=True)
        assert kept == replace(OURS_ONLY, zone="z", services=(replace(OURS_ONLY.services[0], credentials=(login,)),))


def test_change_that_fails_half_way_says_how_far_it_came(original):
    store = RestRecords(Api(original.url))
    store.put(RECORD, None)

    def fail(method, path):
        if method == "PUT" and path.endswith("/services/store"):
            raise RefusalError(500, "fault", "disk full")

    original.before = fail

    with pytest.raises(UnavailableError) as refusal:
        change(store, "mlflow-0001", lambda e: EDITS["a configuration that is cleared"](EDITS["a field"](e)))

    assert str(refusal.value) == "extension 'mlflow-0001': 1 of 2 changes have been made; then: disk full"


def test_record_that_cannot_be_read_is_a_problem_beside_the_others(original):
    original.records["bad"] = {"id": "bad", "zone": 7, "services": {}}
    original.records["good"] = {"id": "good", "configuration": {"LD_PRELOAD": "allowed there", "A": "<your-host>"}}

    listing = RestRecords(Api(original.url)).list()

    assert [s.record.id for s in listing.records] == ["good"]
    assert [str(p) for p in listing.problems] == [
        "extension 'bad': zone: expected text, got a number; put it in quotes"
    ]


@pytest.fixture
def forgetful(original):
    """A server that loses the zone of what it is sent."""
    kept = original._kept
    original._kept = lambda body, kind: {k: v for k, v in kept(body, kind).items() if k != "zone"}
    return original


def test_what_a_server_keeps_otherwise_is_taken_back(forgetful):
    with pytest.raises(InvalidRecordsError) as refusal:
        RestRecords(Api(forgetful.url)).put(decode({"id": "x", "zone": "z"}), None)

    assert str(refusal.value) == "the server would keep something else than was sent (x); it has not been registered"
    assert forgetful.records == {}


def test_change_that_a_server_keeps_otherwise_is_said(original):
    store = RestRecords(Api(original.url))
    first = store.put(RECORD, None)

    def overwrite(method, path):
        if method == "PUT":
            original.records["mlflow-0001"]["services"]["ui"]["resource"] = "other"

    original.before = overwrite

    with pytest.raises(UnavailableError) as refusal:
        store.put(replace(first.record, zone="z"), first.revision)

    assert str(refusal.value) == (
        "the server keeps something else than was sent, or somebody else wrote: mlflow-0001/ui"
    )


@pytest.mark.parametrize(
    ("content", "expected"), [pytest.param(None, (), id="null"), pytest.param({"a": 1}, None, id="no list")]
)
def test_list_may_be_null_and_nothing_else_but_a_list(content, expected):
    class Answering:
        url = "http://server"

        def send(self, request, *, if_match=""):
            return Answer(content, "", is_original=True)

    if expected is None:
        with pytest.raises(UnavailableError, match=r"^http://server: the answer is no list of extensions$"):
            RestRecords(Answering()).list()
    else:
        assert RestRecords(Answering()).list().records == expected


def test_item_of_a_list_that_says_nothing_of_itself_is_named_by_its_place():
    class Answering:
        url = "http://server"

        def send(self, request, *, if_match=""):
            return Answer([7], "", is_original=False)

    (problem,) = RestRecords(Answering()).list().problems

    assert str(problem) == "extension 1 of the answer: expected an extension's record, got a number"


class InProcess:
    """The API of a server that is called directly."""

    url = "http://server"

    def __init__(self, server):
        self._server = server

    def send(self, request, *, if_match=""):
        _, content, headers = self._server.act(request.method, "/".join(map(quoted, request.path)), request.body, {})
        return Answer(content, headers.get("ETag", ""), is_original=isinstance(self._server, OriginalServer))


def quoted(segment):
    return segment.replace("%", "%25").replace("/", "%2F")


def for_the_original(extension):
    """*extension* without what FuseML's original server does not keep."""
    services = (
        replace(s, default=False, credentials=tuple(c for c in s.credentials if c.secret_ref is None))
        for s in extension.services
    )
    return replace(extension, id="x", services=tuple(services))


@settings(max_examples=50)
@given(extensions, extensions, st.booleans())
def test_any_record_becomes_any_other(before, after, is_original):
    server = OriginalServer() if is_original else OurServer()
    if is_original:
        before, after = for_the_original(before), for_the_original(after)
    before, after = replace(before, id="x"), replace(after, id="x")
    store = RestRecords(InProcess(server))

    first = store.put(before, None)
    second = store.put(after, first.revision)

    assert bodies.ordered(second.record) == bodies.ordered(editing.hide(after))
    assert store.put(after, second.revision).record == second.record
