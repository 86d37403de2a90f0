"""ETag, If-Match, If-None-Match."""

import pytest

from registry.errors import ChangedError
from tests.fakes.memory_records import MemoryRecords
from tests.service.client import EXTENSION, STORE, URL, Client

CHANGES = [
    ("PUT", "/extensions/mlflow", {"zone": "z"}),
    ("DELETE", "/extensions/mlflow", None),
    ("POST", "/extensions/mlflow/services", {}),
    ("PUT", STORE, {"description": "d"}),
    ("DELETE", STORE, None),
    ("PUT", f"{STORE}/endpoints/{URL}", {"type": "external"}),
    ("DELETE", f"{STORE}/credentials/all", None),
]


@pytest.fixture
def client():
    client = Client(MemoryRecords())
    client.ask("POST", "/extensions", EXTENSION)
    return client


def tag(client, path="/extensions/mlflow"):
    return client.answer("GET", path).headers["ETag"]


def test_every_answer_about_an_extension_says_its_revision(client):
    revision = client.store.get("mlflow").revision

    for path in ("/extensions/mlflow", STORE, f"{STORE}/endpoints", f"{STORE}/endpoints/{URL}"):
        assert tag(client, path) == f'"{revision}"'
    answer = client.answer("PUT", STORE, {"description": "d"})
    assert answer.headers["ETag"] == tag(client) != f'"{revision}"'
    assert client.answer("POST", "/extensions", {"id": "b"}).headers["ETag"] == tag(client, "/extensions/b")


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
def test_change_is_made_if_the_revision_is_the_one_that_was_seen(client, method, path, body):
    seen = tag(client)

    for wrong in ('"x"', f"W/{seen}", '"x", "y"'):
        code, shown = client.ask(method, path, body, If_Match=wrong)
        assert (code, shown["name"]) == (412, "PreconditionFailed")
    assert client.answer(method, path, body, If_Match=f'"x", {seen}').status_code < 300


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
def test_change_in_between_is_noticed(client, method, path, body):
    seen = tag(client)

    def faster(*args):
        raise ChangedError("somebody was faster")

    client.store.put = client.store.delete = faster

    assert client.ask(method, path, body, If_Match=seen)[0] == 412


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
def test_any_revision_will_do(client, method, path, body):
    assert client.answer(method, path, body, If_Match="*").status_code < 300


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
def test_change_of_what_must_not_be_there_is_refused(client, method, path, body):
    assert client.ask(method, path, body, If_None_Match="*")[0] == 412
    assert client.ask(method, path, body, If_None_Match=tag(client))[0] == 412


def test_extension_is_registered_only_if_there_is_none(client):
    assert client.ask("POST", "/extensions", {"id": "b"}, If_None_Match="*")[0] == 201
    assert client.ask("POST", "/extensions", {"id": "b"}, If_None_Match="*")[0] == 412
    assert client.ask("POST", "/extensions", {"id": "b"})[0] == 409
    assert client.ask("POST", "/extensions", {"id": "c"}, If_Match="*")[0] == 412


@pytest.mark.parametrize("path", ["/extensions/mlflow", STORE])
def test_what_is_known_is_not_sent_again(client, path):
    answer = client.answer("GET", path, If_None_Match=f'"x", W/{tag(client)}')

    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", tag(client))
    assert client.answer("GET", path, If_None_Match='"x"').status_code == 200


@pytest.mark.parametrize(
    "value", ["", ",", " ", "a", "{}", '"a" "b"', '"a', 'w/"a"', '*, "a"', "**", '"a", *', 'W/"a",']
)
@pytest.mark.parametrize("name", ["If_Match", "If_None_Match"])
def test_condition_that_cannot_be_read_is_not_passed_over(client, name, value):
    assert client.ask("PUT", "/extensions/mlflow", {"zone": "z"}, **{name: value})[0] == 400
    assert client.store.get("mlflow").record.zone == "z1"
