"""The list: criteria by body or URL, matching services only, pages."""

import json
import re

import pytest

from registry.records import codec
from tests.fakes.memory_records import MemoryRecords
from tests.service.client import BASE, EXTENSION, Client

OTHERS = [
    {"id": "minio", "product": "minio", "version": "2.1", "services": [{"id": "store", "resource": "s3"}]},
    {"id": "empty", "product": "mlflow", "version": "1.20.2", "zone": "z2"},
]
CASES = [
    ({}, {"empty": [], "minio": ["store"], "mlflow": ["tracking", "store"]}),
    ({"extension_id": "minio"}, {"minio": ["store"]}),
    ({"product": "mlflow"}, {"empty": [], "mlflow": ["tracking", "store"]}),
    ({"product": "mlflow", "zone": "", "service_id": ""}, {"empty": [], "mlflow": ["tracking", "store"]}),
    ({"zone": "z1"}, {"mlflow": ["tracking", "store"]}),
    ({"version": "1.19.0"}, {"mlflow": ["tracking", "store"]}),
    ({"version": "^1.19"}, {"empty": [], "mlflow": ["tracking", "store"]}),
    ({"version": ">=1.20, <3"}, {"empty": [], "minio": ["store"]}),
    ({"service_id": "tracking"}, {"mlflow": ["tracking"]}),
    ({"service_resource": "s3"}, {"minio": ["store"], "mlflow": ["store"]}),
    ({"service_category": "model-store"}, {"mlflow": ["store"]}),
    ({"service_resource": "s3", "service_category": "model-store", "product": "mlflow"}, {"mlflow": ["store"]}),
    ({"product": "nope"}, {}),
    ({"product": "mlflow", "service_resource": "nope"}, {}),
]


@pytest.fixture
def client():
    store = MemoryRecords()
    for record in (EXTENSION, *OTHERS):
        store.put(codec.decode(record), None)
    return Client(store)


def summary(shown):
    return {e["id"]: [s["id"] for s in e.get("services", ())] for e in shown}


@pytest.mark.parametrize("how", ["body", "yaml", "untyped", "url"])
@pytest.mark.parametrize(("query", "expected"), CASES, ids=lambda value: json.dumps(value)[:60])
def test_extensions_are_listed_with_their_fitting_services(client, query, expected, how):
    ask = client.app.test_client().get
    accept = {"Accept": "application/json"}
    if how == "url":
        answer = ask("/extensions", base_url=BASE, query_string=query, headers=accept)
    elif how == "untyped":
        answer = ask("/extensions", base_url=BASE, data=json.dumps(query), headers=accept)
    else:
        kind = "application/json" if how == "body" else "application/x-yaml"
        answer = ask("/extensions", base_url=BASE, data=json.dumps(query), headers=accept, content_type=kind)

    assert summary(answer.json) == expected


def test_body_counts_before_the_url(client):
    assert summary(client.ask("GET", "/extensions?product=minio&version=2.1", {"product": "mlflow"})[1]) == {}
    assert [*summary(client.ask("GET", "/extensions?product=minio", {"zone": "z1"})[1])] == []


@pytest.mark.parametrize(
    ("path", "body", "name", "message"),
    [
        ("?prodct=x", None, "decode_payload", "unknown criterion 'prodct'; did you mean 'product'?"),
        ("?product=x&product=y", None, "decode_payload", "'product' is given twice"),
        ("?product=%FF", None, "decode_payload", "the query of the URL is no UTF-8, or has more than 20 fields"),
        ("?" + "&".join("a" * 30), None, "decode_payload",
         "the query of the URL is no UTF-8, or has more than 20 fields"),
        ("", {"product": 1}, "decode_payload", "product: expected text"),
        ("", [], "decode_payload", "expected a map of extension_id, service_id, zone, product, version, "
         "service_category, service_resource"),
        ("", {"product": "x" * 101}, "invalid_length",
         "product: is longer than 100 characters, and so is no value in a record"),
        ("?version=%3E%3E1", None, "BadRequest", None),
        ("?limit=", None, "decode_payload", "limit: expected a number from 1 to 1000"),
        ("?limit=0", None, "decode_payload", "limit: expected a number from 1 to 1000"),
        ("?limit=1001", None, "decode_payload", "limit: expected a number from 1 to 1000"),
        ("?limit=" + "9" * 5000, None, "decode_payload", "limit: expected a number from 1 to 1000"),
    ],
)  # fmt: skip
def test_query_that_cannot_be_read_is_refused(client, path, body, name, message):
    code, shown = client.ask("GET", f"/extensions{path}", body)

    assert (code, shown["name"]) == (400, name)
    assert message in (None, shown["message"])


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 1000])
@pytest.mark.parametrize("query", ["", "&product=mlflow", "&service_resource=s3"])
def test_pages_together_are_the_list(client, limit, query):
    path, found = f"/extensions?limit={limit}{query}", []
    while path:
        answer = client.answer("GET", path)
        assert len(answer.json) <= limit
        found += answer.json
        link = answer.headers.get("Link", "")
        path = re.fullmatch(r'<(.*)>; rel="next"', link)[1] if link else ""

    assert found == client.ask("GET", f"/extensions?{query}")[1]


def test_whoever_asks_for_no_pages_gets_none(client):
    assert "Link" not in client.answer("GET", "/extensions").headers
