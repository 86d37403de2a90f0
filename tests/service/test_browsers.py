"""What a web page of somebody else can have a browser send to a service on this machine."""

import pytest

from tests.fakes.memory_records import MemoryRecords
from tests.service.client import Client

LOCAL = ["localhost", "localhost:8000", "LOCALHOST.", "127.0.0.1:8000", "127.9.9.9", "[::1]:8000", "[::1]"]
FOREIGN = ["evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.nip.io", "10.0.0.1", "[::2]", "",
           "localhost@evil.example", "[", "0.0.0.0", "127.1:x"]  # fmt: skip


@pytest.mark.parametrize("host", LOCAL)
def test_name_of_this_machine_is_served(host):
    assert Client(MemoryRecords()).ask("GET", "/extensions", Host=host)[0] == 200


@pytest.mark.parametrize("host", FOREIGN)
def test_name_that_was_bound_to_this_machine_is_not(host):
    client = Client(MemoryRecords())

    for method, path in (("GET", "/extensions"), ("POST", "/extensions"), ("GET", "/healthz"), ("GET", "/nope")):
        assert client.ask(method, path, {} if method == "POST" else None, Host=host)[0] in (400, 421)
    assert client.store.list().records == ()


def test_any_name_is_served_where_callers_must_prove_who_they_are():
    assert Client(MemoryRecords(), is_local=False).ask("GET", "/extensions", Host="registry.example")[0] == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"Origin": "http://localhost:8000", "Sec_Fetch_Site": "same-origin"}, 201),
        ({"Origin": "http://localhost:8000"}, 201),
        ({"Sec_Fetch_Site": "none"}, 201),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://localhost:9000"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": "http://["}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Origin": "http://localhost:8000", "Sec_Fetch_Site": "cross-site"}, 403),
    ],
)
@pytest.mark.parametrize("kind", ["application/json", None])
def test_page_of_another_origin_changes_nothing(headers, status, kind):
    client = Client(MemoryRecords())
    headers = {"Host": "localhost:8000", "Content_Type": kind, **headers}

    assert client.ask("POST", "/extensions", b"{}", **headers)[0] == status
    assert len(client.store.list().records) == (status == 201)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_form_is_no_body(kind):
    """Browsers send these without asking the service whether they may."""
    assert Client(MemoryRecords()).ask("POST", "/extensions", b"{}", Content_Type=kind)[0] == 415


def test_answers_may_be_read_by_no_page_and_kept_by_no_cache():
    answer = Client(MemoryRecords()).answer("GET", "/extensions", Origin="http://evil.example")

    assert "Access-Control-Allow-Origin" not in answer.headers
    assert (answer.headers["Cache-Control"], answer.headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
