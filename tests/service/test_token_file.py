"""Tokens in a file."""

import os

import pytest

from registry.errors import UnreadableError
from registry.service.token_file import TokenFile
from tests.fakes.memory_records import MemoryRecords
from tests.service.client import Client

GOOD, OTHER = "0123456789abcdef", "fedcba9876543210"


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "tokens"
    file.write_text(f"# ours\n\n{GOOD}\n  {OTHER}  \n")
    return file


@pytest.mark.parametrize("authorization", [f"Bearer {GOOD}", f"bearer  {OTHER} "])
def test_whoever_has_a_token_is_served(file, authorization):
    client = Client(MemoryRecords(), access=TokenFile(file), is_local=False)

    assert client.ask("POST", "/extensions", {"id": "a"}, Authorization=authorization)[0] == 201


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer ", f"Basic {GOOD}", f"Bearer {GOOD}0", "Bearer # ours", "Bearer ÿ"]
)
@pytest.mark.parametrize("path", ["/extensions", "/extensions/a", "/extensions/b", "/extensions/a/services"])
def test_whoever_has_none_is_not(file, authorization, path):
    client = Client(MemoryRecords(), access=TokenFile(file), is_local=False)
    client.ask("POST", "/extensions", {"id": "a"}, **bearer(GOOD))

    answer = client.answer("GET", path, Authorization=authorization)

    assert (answer.status_code, answer.json["name"]) == (401, "Unauthorized")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="fuseml registry"'


def test_changed_file_is_read_again(file):
    client = Client(MemoryRecords(), access=TokenFile(file))
    file.write_text("a-newer-and-longer-token\n")

    assert client.ask("GET", "/extensions", **bearer(GOOD))[0] == 401
    assert client.ask("GET", "/extensions", **bearer("a-newer-and-longer-token"))[0] == 200


def test_nobody_is_served_while_there_is_no_file(file):
    client = Client(MemoryRecords(), access=TokenFile(file))
    os.unlink(file)

    assert client.ask("GET", "/extensions", **bearer(GOOD))[0] == 401


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "holds no token; write one in a line of its own"),
        ("# x\n", "holds no token; write one in a line of its own"),
        ("short\n", "holds a token of fewer than 16 characters, which can be guessed"),
        (None, "no such file or directory"),
    ],
)
def test_file_that_will_not_do_is_refused(tmp_path, content, message):
    file = tmp_path / "tokens"
    if content is not None:
        file.write_text(content)

    with pytest.raises(UnreadableError) as refusal:
        TokenFile(file)

    assert str(refusal.value) == f"{file}: {message}"
