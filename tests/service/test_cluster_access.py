"""Who may do what, as an API server says."""

import logging

import pytest

from registry.records import codec
from registry.service.cluster_access import KEPT, ClusterAccess
from tests.fakes.memory_records import MemoryRecords
from tests.service.client import EXTENSION, STORE, URL, Client
from tests.service.reviews import RIGHTS, TOKEN, TOKENS, Reviews

REQUESTS = [
    ("GET", "/extensions", None, "list", ""),
    ("POST", "/extensions", {"id": "new"}, "create", ""),
    ("GET", "/extensions/mlflow", None, "get", "mlflow"),
    ("PUT", "/extensions/mlflow", {"zone": "z"}, "update", "mlflow"),
    ("DELETE", "/extensions/mlflow", None, "delete", "mlflow"),
    ("GET", "/extensions/mlflow/services", None, "get", "mlflow"),
    ("POST", "/extensions/mlflow/services", {}, "update", "mlflow"),
    ("GET", STORE, None, "get", "mlflow"),
    ("PUT", STORE, {}, "update", "mlflow"),
    ("DELETE", STORE, None, "update", "mlflow"),
    ("POST", f"{STORE}/endpoints", {"url": "u"}, "update", "mlflow"),
    ("DELETE", f"{STORE}/endpoints/{URL}", None, "update", "mlflow"),
    ("GET", f"{STORE}/credentials", None, "get", "mlflow"),
    ("PUT", f"{STORE}/credentials/all", {}, "update", "mlflow"),
]


class Setup:
    def __init__(self, **options):
        self.api = Reviews()
        self.now = 0.0
        store = MemoryRecords()
        store.put(codec.decode(EXTENSION), None)
        access = ClusterAccess(self.api.client(), namespace="fuseml", clock=lambda: self.now, **options)
        self.client = Client(store, access=access, is_local=False)

    def ask(self, method, path, body=None, token=TOKEN):
        return self.client.ask(method, path, body, Authorization=f"Bearer {token}")


@pytest.mark.parametrize(("method", "path", "body", "verb", "name"), REQUESTS)
def test_api_server_is_asked_for_the_right(method, path, body, verb, name):
    setup = Setup()

    assert setup.ask(method, path, body)[0] < 300
    attributes = {
        "namespace": "fuseml", "verb": verb, "group": "fuseml.org", "version": "v1alpha1", "resource": "extensions",
        **({"name": name} if name else {}),
    }  # fmt: skip
    assert setup.api.asked == [
        (TOKENS, {"token": TOKEN}),
        (RIGHTS, {
            "user": "ada", "groups": ["g1", "g2"], "uid": "u-1", "extra": {"scopes": ["a", "b"]},
            "resourceAttributes": attributes,
        }),
    ]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "verb", "name"), REQUESTS)
def test_without_the_right_nothing_is_done_or_said(method, path, body, verb, name):
    setup = Setup()
    setup.api.rights.remove(verb)
    before = setup.client.store.list()

    there = setup.ask(method, path, body)[1]
    absent = setup.ask(method, path.replace("mlflow", "absent"), body)[1]

    assert there["name"] == "Forbidden"
    assert (there["message"], absent["message"]) == (
        f"you may not {verb} " + ("the extension 'mlflow'" if name else "extensions"),
        f"you may not {verb} " + ("the extension 'absent'" if name else "extensions"),
    )
    assert setup.client.store.list() == before


def test_body_of_whoever_may_not_is_not_read():
    setup = Setup()
    setup.api.rights.clear()

    assert setup.ask("POST", "/extensions", b"{ no JSON")[0] == 403


@pytest.mark.parametrize("token", ["unknown", "x" * 9000, "a b"])
def test_unknown_token_is_nobody(token):
    setup = Setup()

    for path in ("/extensions", "/extensions/mlflow", "/extensions/absent"):
        assert setup.ask("GET", path, token=token)[0] == 401
    assert RIGHTS not in dict(setup.api.asked)


def test_user_without_a_name_is_nobody():
    setup = Setup()
    setup.api.user = {"groups": ["system:masters"]}

    assert setup.ask("GET", "/extensions")[0] == 401


@pytest.mark.parametrize(("audiences", "code"), [([], 401), (["other"], 401), (["registry", "other"], 200)])
def test_token_must_be_for_this_audience(audiences, code):
    setup = Setup(audiences=("registry",))
    setup.api.audiences = audiences

    assert setup.ask("GET", "/extensions")[0] == code
    assert setup.api.asked[0] == (TOKENS, {"token": TOKEN, "audiences": ["registry"]})


def test_answers_are_kept_for_seconds():
    setup = Setup()
    for _ in range(3):
        assert setup.ask("GET", "/extensions")[0] == 200
    assert len(setup.api.asked) == 2
    setup.api.rights.clear()
    setup.now = KEPT - 0.1
    assert setup.ask("GET", "/extensions")[0] == 200
    setup.now = KEPT
    assert setup.ask("GET", "/extensions")[0] == 403
    setup.api.user = None
    setup.now = 2 * KEPT
    assert setup.ask("GET", "/extensions")[0] == 401


def test_rights_of_one_are_not_those_of_another():
    setup = Setup()
    assert setup.ask("GET", "/extensions/mlflow")[0] == 200
    setup.api.rights = {"list"}

    assert setup.ask("PUT", "/extensions/mlflow", {})[0] == 403
    assert setup.ask("GET", "/extensions/other")[0] == 403


@pytest.mark.parametrize("path", [TOKENS, RIGHTS])
@pytest.mark.parametrize("status", [403, 500])
def test_api_server_that_cannot_say_is_no_permission(path, status, caplog):
    setup = Setup()
    setup.api.fails = {path: status}

    with caplog.at_level(logging.INFO):
        code, shown = setup.ask("GET", "/extensions")

    assert (code, shown["temporary"]) == (503, True)
    assert f"status {status}" in caplog.text
    assert "CANARY" not in caplog.text
    setup.api.fails = {}
    assert setup.ask("GET", "/extensions")[0] == 200


def test_api_server_that_is_away_is_no_permission():
    setup = Setup()

    def away(method, path, body):
        raise OSError("CANARY")

    setup.api.before = away

    assert setup.ask("GET", "/extensions")[0] == 503


def test_change_is_logged_with_its_user_and_without_values(caplog):
    setup = Setup()

    with caplog.at_level(logging.INFO):
        setup.ask("PUT", f"{STORE}/credentials/all", {"configuration": {"PASSWORD": "CANARY"}})

    assert caplog.records[-1].msg == {"message": "updated credentials", "extension": "mlflow", "user": "ada"}
    assert "CANARY" not in caplog.text


def test_health_needs_no_token():
    setup = Setup()

    assert setup.client.ask("GET", "/healthz")[0] == 200
    assert setup.client.ask("GET", "/readyz")[0] == 200
