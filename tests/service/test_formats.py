"""Bodies: which type is read and written how, and what is refused."""

import json
from io import BytesIO

import pytest
import yaml

from registry.service import formats
from tests.fakes.memory_records import MemoryRecords
from tests.service.client import BASE, Client

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 10)}]\n" for i in range(8)
)
LIMIT = formats.MAX_BODY_BYTES


@pytest.fixture
def client():
    return Client(MemoryRecords())


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (None, "application/x-yaml"),
        ("*/*", "application/x-yaml"),
        ("", "application/x-yaml"),
        ("text/html", "application/x-yaml"),
        ("application/x-yaml", "application/x-yaml"),
        ("application/yaml", "application/yaml"),
        ("text/x-yaml", "text/x-yaml"),
        ("application/json", "application/json"),
        ("application/json, */*;q=0.1", "application/json"),
        ("application/x-yaml;q=0.1, application/json", "application/json"),
    ],
)
def test_answer_has_the_type_that_is_accepted(client, accept, content_type):
    for path in ("/extensions", "/nope"):
        answer = client.answer("GET", path, Accept=accept)
        read = json.loads if content_type == "application/json" else yaml.safe_load

        assert answer.content_type == content_type
        assert isinstance(read(answer.data), list if path == "/extensions" else dict)


@pytest.mark.parametrize("kind", ["application/x-yaml", "application/yaml", "text/yaml; charset=utf-8", "", None])
def test_yaml_is_read_as_it_was_typed(client, kind):
    body = b"id: a\nversion: 1.10\nconfiguration: {PORT: 09000, INSECURE: False, EMPTY: ~}\n"

    assert client.answer("POST", "/extensions", body, Content_Type=kind).status_code == 201
    record = client.store.get("a").record
    assert (record.version, dict(record.configuration)) == (
        "1.10", {"PORT": "09000", "INSECURE": "False", "EMPTY": "~"}
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "body", "status", "message"),
    [
        ("text/plain", b"{}", 415, "expected the Content-Type application/json or application/x-yaml"),
        ("application/x-www-form-urlencoded", b"id=a", 415,
         "expected the Content-Type application/json or application/x-yaml"),
        ("application/json", b"{", 400,
         "the body is no JSON: expecting property name enclosed in double quotes, line 1"),
        ("application/json", b"id: a", 400, "the body is no JSON: expecting value, line 1"),
        ("application/json", b'{"id": "a", "id": "b"}', 400,
         "the body cannot be read: 'id' occurs twice in one object"),
        ("application/json", b'{"version": NaN}', 400, "the body is no JSON: NaN is no number"),
        ("application/json", b'{"version": 1.10}', 400, "version: expected text, got a number; put it in quotes"),
        ("application/json", b'{"version": ' + b"9" * 5000 + b"}", 400, "the body holds a number that is too large"),
        ("application/json", b"[" * 70 + b"]" * 70, 400, "the body is nested deeper than 64 levels"),
        ("application/json", b"[" * 200000, 400, "the body is nested deeper than 64 levels"),
        ("application/json", b"\xff", 400, "the body is not UTF-8: byte 0, line 1; save it as UTF-8"),
        ("application/json", b'{"product": "\\ud800"}', 400,
         "product: holds a lone surrogate, which is half a character"),
        ("application/json", b'{"\\ud800": "x"}', 400, None),
        ("application/x-yaml", b"a: [", 400,
         "the body cannot be read: line 1: invalid YAML: did not find expected node content"),
        ("application/x-yaml", b"id: a\nid: b\n", 400,
         "the body cannot be read: line 2: 'id' occurs twice in this map"),
        ("application/x-yaml", BOMB.encode(), 400, "the body cannot be read: line 6: aliases make it too large"),
        ("application/x-yaml", b"[" * 70, 400, "the body cannot be read: line 1: nested deeper than 64 levels"),
        ("application/x-yaml", b"---\nid: a\n---\nid: b\n", 400,
         "the body holds several documents; send one after the other"),
        ("application/x-yaml", b"# nothing\n", 400, "the body holds no document, and needs one"),
        ("application/json", b"[" + b"0," * 50000 + b"0]", 413, "the body holds more than 50000 values"),
        ("application/x-yaml", b"[" + b"0," * 50000 + b"0]", 413, "the body holds more than 50000 values"),
        ("application/json", b"x" * (LIMIT + 1), 413, "the body is larger than 1 MiB"),
    ],
)  # fmt: skip
def test_body_that_cannot_be_read_is_refused(client, kind, body, status, message):
    answer = client.answer("POST", "/extensions", body, Content_Type=kind)

    assert answer.status_code == status
    assert message in (None, answer.json["message"])
    assert client.store.list().records == ()


class Endless:
    """A body that nobody may read to its end."""

    def __init__(self):
        self.taken = 0

    def read(self, size):
        self.taken += size
        assert self.taken <= LIMIT + 1
        return b"x" * size


def test_body_without_a_length_is_read_up_to_the_limit(client):
    ask = client.app.test_client()
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "HTTP_ACCEPT": "application/json", "wsgi.input_terminated": True}

    good, bad = (
        ask.post("/extensions", base_url=BASE, environ_overrides={**chunked, "wsgi.input": stream})
        for stream in (BytesIO(b'{"id": "a"}'), Endless())
    )

    assert (good.status_code, good.json["id"]) == (201, "a")
    assert bad.status_code == 413


def test_body_that_is_announced_as_too_large_is_not_read(client):
    answer = client.app.test_client().post(
        "/extensions",
        base_url=BASE,
        environ_overrides={"CONTENT_LENGTH": str(100 * LIMIT), "wsgi.input": Endless()},
    )

    assert answer.status_code == 413


def test_client_of_fuseml_is_shown_fuseml_s_fields_only(client):
    login = {"id": "c", "secretRef": {"name": "s"}, "configuration": {"P": "k"}}
    client.ask("POST", "/extensions", {"id": "a", "services": [{"id": "s", "default": True, "credentials": [login]}]})

    ours = client.ask("GET", "/extensions/a")[1]["services"][0]
    answer = client.answer("GET", "/extensions/a", Accept=None, User_Agent="Go-http-client/1.1")
    theirs = yaml.safe_load(answer.data)["services"][0]

    assert (ours.pop("default"), ours["credentials"][0].pop("secretRef")) == (True, {"name": "s"})
    assert ours["credentials"][0].pop("configuration") == {"P": "k"}
    assert theirs["credentials"][0].pop("configuration") == {"P": "<hidden>"}
    assert theirs == ours
