"""The OpenAPI document, the page that shows it, and requests of all kinds made from it."""

import json
import logging
import re
from base64 import b64encode
from hashlib import sha256

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import ignored_auth

from registry.records import codec
from registry.records.model import Credentials, Endpoint, Extension, Service
from registry.service.app import create_app
from registry.service.cluster_access import ClusterAccess
from tests.fakes.memory_records import MemoryRecords
from tests.service.client import BASE, EXTENSION, Client
from tests.service.reviews import TOKEN, Reviews

# No JSON schema says that ids differ, or that a scope fits its lists; and a body may be too large.
CHECKS = {
    "positive_data_acceptance": {"expected-statuses": ["2xx", "304", "400", "401", "403", "404", "409", "412", "421"]},
    "negative_data_rejection": {"expected-statuses": ["400", "401", "403", "404", "405", "409", "412", "413", "421"]},
}
# The same requests each time, and others wherever a server of its own is tried: tests/e2e/registry.
MANY = settings(max_examples=20, suppress_health_check=list(HealthCheck), deadline=None, derandomize=True)
FEW = settings(MANY, max_examples=5)
DEFECTS = []


def application(**options):
    store = MemoryRecords()
    store.put(codec.decode(EXTENSION), None)
    return create_app(store, on_defect=DEFECTS.append, **options)


def reviewed(rights):
    api = Reviews()
    api.rights = rights
    return application(access=ClusterAccess(api.client(), namespace="fuseml"), is_local=False)


def schema_of(app, *, thoroughly):
    config = {"checks": CHECKS, "phases": {"coverage": {"enabled": thoroughly}}}
    return schemathesis.openapi.from_wsgi("/openapi.json", app, config=schemathesis.Config.from_dict(config))


LOCAL = schema_of(application(), thoroughly=True)
# Only who may do what is different here.
TRUSTED = schema_of(reviewed({"list", "create", "get", "update", "delete"}), thoroughly=False)
POOR = schema_of(reviewed(set()), thoroughly=False)


def check(case, **options):
    response = case.call_and_validate(**options)

    assert "CANARY" not in response.text.replace(TOKEN, "") + str(response.headers)
    assert DEFECTS == []
    return response


@LOCAL.parametrize()
@MANY
def test_any_request_is_answered_as_the_document_says(case):
    check(case)


@TRUSTED.parametrize()
@FEW
def test_in_a_cluster_too_for_whoever_has_the_rights(case):
    check(case, headers={"Authorization": f"Bearer {TOKEN}"}, excluded_checks=[ignored_auth])


@POOR.parametrize()
@FEW
def test_in_a_cluster_whoever_has_no_rights_gets_nothing(case):
    # Their tokens have no rights, so it makes no difference whether they are sent: that is not what is tried here.
    response = check(case, headers={"Authorization": f"Bearer {TOKEN}"}, excluded_checks=[ignored_auth])

    if case.path.startswith("/extensions"):
        assert response.status_code >= 400


@TRUSTED.parametrize()
@FEW
def test_nobody_is_served_without_a_token(case):
    response = case.call()

    if case.path.startswith("/extensions"):
        assert response.status_code in (400, 401, 404, 405)
        assert "CANARY" not in response.text


def test_sequences_of_requests_are_answered_as_the_document_says():
    LOCAL.as_state_machine().run(settings=settings(MANY, max_examples=8, stateful_step_count=15))

    assert DEFECTS == []


@pytest.fixture
def client():
    return Client(MemoryRecords())


@pytest.fixture
def document(client):
    return client.ask("GET", "/openapi.json")[1]


def test_document_has_every_route(client, document):
    routes = {
        (re.sub(r"<(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in client.app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule not in ("/", "/openapi.json")
    }

    assert {(path, method) for path, operations in document["paths"].items() for method in operations} == routes


@pytest.mark.parametrize("model", [Extension, Service, Endpoint, Credentials], ids=lambda model: model.__name__)
def test_document_has_the_fields_of_the_models(document, model):
    names = {"secretRef" if name == "secret_ref" else name for name in model.__dataclass_fields__}
    schemas = document["components"]["schemas"]

    for kind in ("ToAdd", "ToChange"):
        assert schemas[model.__name__ + kind]["properties"].keys() == names
    assert schemas[model.__name__]["properties"].keys() - names <= {"extension_id", "service_id", "status"}


def test_every_reference_leads_to_something(document):
    for reference in set(re.findall(r'"\$ref": "#/([^"]*)"', json.dumps(document))):
        found = document
        for part in reference.split("/"):
            found = found[part]


def test_token_is_asked_for_only_where_it_is_needed():
    def document(**options):
        return Client(MemoryRecords(), **options).ask("GET", "/openapi.json")[1]

    with_token = document(access=ClusterAccess(Reviews().client(), namespace="fuseml"))["paths"]

    assert "securitySchemes" not in document()["components"]
    assert [path for path, operations in with_token.items() if "security" not in operations["get"]] == [
        "/healthz", "/readyz"
    ]  # fmt: skip


@pytest.fixture
def page(client):
    return client.app.test_client().get("/", base_url=BASE)


def test_page_shows_every_operation_and_body(document, page):
    for path, operations in document["paths"].items():
        assert f"<code>{path}</code>" in page.text
        for operation in operations.values():
            assert f'id="{operation["operationId"]}"' in page.text
    for name in document["components"]["schemas"]:
        assert f'id="{name}"' in page.text
    assert set(re.findall(r'href="#(\w+)"', page.text)) <= set(re.findall(r'id="(\w+)"', page.text))


def test_page_needs_nothing_from_elsewhere_and_runs_nothing(page):
    policy = page.headers["Content-Security-Policy"]

    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[\w+/=]+'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        policy,
    )
    assert not re.search(r"<script|\bon\w+=|https?://|<form|<iframe|style=", page.text)
    assert set(re.findall(r'href="([^#"]*)', page.text)) == {"", "/openapi.json"}


def test_style_of_the_page_is_the_one_that_its_policy_allows(page):
    style = re.search(r"<style>(.*?)</style>", page.text, re.DOTALL)[1]

    assert b64encode(sha256(style.encode()).digest()).decode() in page.headers["Content-Security-Policy"]


def test_nothing_of_a_request_is_logged_but_who_and_which(caplog):
    client = Client(MemoryRecords())
    with caplog.at_level(logging.DEBUG):
        client.ask("POST", "/extensions", EXTENSION)
        client.ask(
            "POST", "/extensions", {"services": [{"credentials": [{"configuration": {"A B": 1, "P": "CANARY"}}]}]}
        )

    assert "CANARY" not in caplog.text
