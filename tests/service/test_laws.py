"""What holds for all requests."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.records import codec
from registry.service.paths import raw_path
from registry.stores.folder_records.store import FolderRecords
from tests.fakes.memory_records import MemoryRecords
from tests.service.client import EXTENSION, STORE, URL, Client

PATHS = ["/extensions", "/extensions/mlflow", "/extensions/mlflow/services", STORE, f"{STORE}/endpoints",
         f"{STORE}/endpoints/{URL}", f"{STORE}/credentials", f"{STORE}/credentials/all"]  # fmt: skip
FIELDS = st.sampled_from(
    ["id", "url", "product", "version", "services", "endpoints", "credentials", "configuration", "scope", "users",
     "projects", "type", "default", "auth_required", "secretRef", "name", "status", "PASSWORD", "extension_id"]
)  # fmt: skip
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["<hidden>", "global", "store", "all"])
)
DATA = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS | st.text(max_size=5), inner, max_size=5),
    max_leaves=12,
)


# An application is made once: that takes longer than most requests.
CLIENTS = {form: Client(MemoryRecords(), form) for form in ("json", "yaml")}


def client_of(record, form="json"):
    """A client of a service that has this record only."""
    client = CLIENTS[form]
    client.store.clear()
    client.store.put(record, None)
    return client


@settings(max_examples=200)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    path=st.sampled_from(PATHS),
    body=DATA | st.binary(max_size=40),
    kind=st.sampled_from(["application/json", "application/x-yaml", None]),
)
def test_no_body_breaks_the_service_or_shows_a_value(method, path, body, kind):
    client = client_of(codec.decode(EXTENSION))
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    # The client itself looks for values of credentials.
    answer = client.answer(method, path, content, Content_Type=kind)

    assert answer.status_code < 500
    assert client.answer("GET", "/extensions").status_code == 200


@given(path=st.text(max_size=30) | st.lists(st.text(max_size=5), max_size=6).map("/extensions/".join))
def test_no_path_breaks_the_service(path):
    environ = {"RAW_URI": "/" + path.encode("utf-8", "backslashreplace").decode("latin-1")}

    answer = (
        client_of(codec.decode(EXTENSION))
        .app.test_client()
        .get("/x", base_url="http://localhost", environ_overrides=environ)
    )

    assert answer.status_code < 500


TEXTS = st.text(max_size=20).filter(str.isprintable)
VALUES = st.text(max_size=20).filter(lambda text: "\0" not in text and text.isprintable())
CONFIGURATIONS = st.dictionaries(st.sampled_from(["A", "B", "a key", "<<", "1.10"]), VALUES, max_size=3)
IDS = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,8}", fullmatch=True)
LOGINS = st.fixed_dictionaries(
    {"id": IDS, "configuration": CONFIGURATIONS}, optional={"default": st.just("true")}
) | st.fixed_dictionaries({"id": IDS, "scope": st.just("user"), "users": st.lists(IDS, min_size=1, max_size=2)})
SERVICES = st.fixed_dictionaries(
    {"id": IDS},
    optional={
        "resource": TEXTS,
        "default": st.just("true"),
        "auth_required": st.just("true"),
        "configuration": CONFIGURATIONS,
        "endpoints": st.lists(
            st.fixed_dictionaries({"url": TEXTS.filter(bool)}, optional={"configuration": CONFIGURATIONS}),
            max_size=3,
            unique_by=lambda e: e["url"],
        ),
        "credentials": st.lists(LOGINS, max_size=3, unique_by=lambda c: c["id"]),
    },
)
RECORDS = st.fixed_dictionaries(
    {"id": IDS},
    optional={
        "product": TEXTS,
        "version": TEXTS,
        "description": VALUES,
        "configuration": CONFIGURATIONS,
        "services": st.lists(SERVICES, max_size=3, unique_by=lambda s: s["id"]),
    },
)


@given(record=RECORDS, form=st.sampled_from(["json", "yaml"]))
def test_what_was_got_and_is_put_is_the_same_record(record, form):
    try:
        wanted = codec.decode(record)
    except codec.InvalidRecordsError:
        return
    client = client_of(wanted, form)
    before = client.store.get(wanted.id)

    code, shown = client.ask("PUT", f"/extensions/{wanted.id}", client.ask("GET", f"/extensions/{wanted.id}")[1])

    assert code == 200
    assert client.store.get(wanted.id) == before
    assert client.ask("GET", f"/extensions/{wanted.id}") == (200, shown)


def test_sixteen_writers_lose_nothing(tmp_path):
    client = Client(FolderRecords(tmp_path))
    client.ask("POST", "/extensions", {"id": "a", "services": [{"id": "s"}]})

    def write(number):
        for turn in range(5):
            assert client.ask("POST", "/extensions", {"id": f"e{number}-{turn}"})[0] == 201
            path = "/extensions/a/services/s/endpoints"
            assert client.ask("POST", path, {"url": f"http://{number}-{turn}"})[0] == 201
            assert len(client.ask("GET", "/extensions")[1]) > turn

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(write, range(16)))

    assert len(client.store.list().records) == 81
    assert len(client.store.get("a").record.services[0].endpoints) == 80


@pytest.mark.parametrize(
    ("target", "decoded", "path"),
    [
        ("/a%2Fb?c=d", "", "/a%2Fb"),
        ("//a/../b", "", "//a/../b"),
        ("http://host/a%20b?x", "", "/a%20b"),
        ("http://[", "", "/"),
        ("*", "", "*"),
        ("", "/a b", "/a%20b"),
        ("/a#b", "", "/a"),
    ],
)
def test_path_is_the_one_that_was_sent(target, decoded, path):
    assert raw_path(target, decoded) == path
