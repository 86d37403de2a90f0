"""The webhook's routes: status, headers and whole body of every kind of answer."""

import base64
import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from registry.delivery.ledger import Ledger
from registry.resolving.index import Index
from registry.resolving.selectors import Consumer
from registry.stores.namespaces import NamespaceFacts
from registry.stores.store import Known
from tests.fakes.known import FixedRegistry, Unasked
from webhook.errors import Reason, RefusedError
from webhook.mutation.mutate import Mutation
from webhook.mutation.settings import Settings
from webhook.serving.app import BODY_LIMIT, create_app
from webhook.serving.reviewer import DELIVERY_PATIENCE, PATIENCE, Unobserved

ASKING = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "extensions": [{"name": "CANARY"}]}
OPS = ({"op": "add", "path": "/a", "value": 1},)
INDEX = Index((), "r1")


def review(obj: Any = ASKING, **request: Any) -> bytes:
    return json.dumps(
        {
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "request": {
                "uid": "u-1",
                "kind": {"group": "", "version": "v1", "kind": "Pod"},
                "name": "p",
                "namespace": "ml",
                "operation": "CREATE",
                "userInfo": {"username": "alice"},
                "object": obj,
                "oldObject": None,
                **request,
            },
        }
    ).encode()


def client(
    mutate: Callable[..., Mutation] = lambda *_, **__: Mutation(),
    registry: FixedRegistry | None = None,
    **options: Any,
) -> FlaskClient:
    registry = registry or FixedRegistry(INDEX)
    return create_app(registry, settings=Settings(zone="eu"), mutate=mutate, **options).test_client()


def ask(client: FlaskClient, body: bytes, content_type: str = "application/json") -> TestResponse:
    return client.post("/mutate?timeout=10s", data=body, content_type=content_type)


def answer(response: TestResponse) -> Any:
    assert response.status_code == 200
    assert response.content_type == "application/json"
    parsed = json.loads(response.data)
    assert parsed.pop("apiVersion") == "admission.k8s.io/v1"
    assert parsed.pop("kind") == "AdmissionReview"
    return parsed["response"]


def never(*_: Any, **__: Any) -> Mutation:
    raise AssertionError("this must not be called")


def refuse(*_: Any, **__: Any) -> Mutation:
    raise RefusedError(["steps[a]: no", "steps[b]: no"], [Reason.NO_MATCH])


def fail(*_: Any, **__: Any) -> Mutation:
    raise KeyError("CANARY")


def overflow(*_: Any, **__: Any) -> Mutation:
    return overflow()


def test_an_object_that_asks_is_changed() -> None:
    seen: list[Any] = []

    def mutate(*given: Any, **named: Any) -> Mutation:
        seen.append((given, named))
        return Mutation(OPS, ("look out",), {"ids": "a/b"})

    got = answer(ask(client(mutate), review(operation="UPDATE", oldObject={"old": 1})))

    patch = base64.b64encode(b'[{"op":"add","path":"/a","value":1}]').decode()
    assert got == {
        "uid": "u-1",
        "allowed": True,
        "patchType": "JSONPatch",
        "patch": patch,
        "warnings": ["look out"],
        "auditAnnotations": {"ids": "a/b"},
    }
    consumer = Consumer(zone="eu", namespace="ml", project="ml", user="alice")
    assert seen == [
        ((ASKING, INDEX, consumer), {"settings": Settings(zone="eu"), "old": {"old": 1}, "delivered": None})
    ]


def test_an_object_that_gets_nothing_is_answered_without_patch() -> None:
    assert answer(ask(client(), review())) == {"uid": "u-1", "allowed": True}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(review({"kind": "Pod"}), id="does-not-ask"),
        pytest.param(review([1, 2]), id="no-object-of-ours"),
        pytest.param(review(None, operation="DELETE", oldObject=ASKING), id="delete"),
        pytest.param(review(operation="CONNECT"), id="connect"),
        pytest.param(review(operation="UPDATE", subResource="status"), id="status"),
        pytest.param(review(subResource="ephemeralcontainers"), id="subresource"),
    ],
)
def test_a_review_that_does_not_concern_us_is_allowed_unchanged(body: bytes) -> None:
    assert answer(ask(client(never), body)) == {"uid": "u-1", "allowed": True}


def test_a_refusal_is_an_answer() -> None:
    status = {"code": 422, "reason": "Invalid", "message": "steps[a]: no\nsteps[b]: no"}

    assert answer(ask(client(refuse), review())) == {"uid": "u-1", "allowed": False, "status": status}


def test_a_patch_that_is_too_large_is_a_refusal() -> None:
    big = Mutation(({"op": "add", "path": "/a", "value": "x" * 3_000_000},))

    assert answer(ask(client(lambda *_, **__: big), review())) == {
        "uid": "u-1",
        "allowed": False,
        "status": {
            "code": 422,
            "reason": "Invalid",
            "message": "the patch is larger than 2 MiB: ask for less in one object, or split it",
        },
    }


@pytest.mark.parametrize("mutate", [fail, overflow], ids=["error", "endless-recursion"])
def test_an_internal_error_is_answered_without_details(
    mutate: Callable[..., Mutation], caplog: pytest.LogCaptureFixture
) -> None:
    got = ask(client(mutate), review())

    assert (got.status_code, got.data) == (500, b"internal error, request u-1\n")
    assert got.content_type == "text/plain; charset=utf-8"
    assert "CANARY" not in caplog.text
    assert "webhook/serving/reviewer.py:" in caplog.text


def test_an_error_outside_of_a_review_is_answered_without_details(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(FixedRegistry):
        @property
        def snapshot(self) -> Index:
            raise ValueError("CANARY")

        @snapshot.setter
        def snapshot(self, index: Index | None) -> None:
            pass

    got = client(registry=Broken()).get("/readyz")

    assert (got.status_code, got.data) == (500, b"internal error\n")
    assert "ValueError at webhook/serving/app.py:" in caplog.text
    assert "CANARY" not in caplog.text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        pytest.param(b"hello", b"bad request: body: not JSON\n", id="no-json"),
        pytest.param(
            review().replace(b"admission.k8s.io/v1", b"admission.k8s.io/v1beta1"),
            b"bad request: expected an AdmissionReview of admission.k8s.io/v1\n",
            id="v1beta1",
        ),
        pytest.param(
            review([{"extensions": []}]),
            b"bad request: request.object: expected an object\n",
            id="list-that-asks",
        ),
        pytest.param(b" ", b"bad request: body: not JSON\n", id="blank"),
    ],
)
def test_a_body_that_is_no_review_is_a_bad_request(body: bytes, text: bytes) -> None:
    got = ask(client(never), body)

    assert (got.status_code, got.data, got.content_type) == (400, text, "text/plain; charset=utf-8")


def test_without_a_registry_clients_are_asked_to_come_later() -> None:
    got = ask(client(never, registry=FixedRegistry()), review())

    assert (got.status_code, got.data) == (503, b"registry not loaded\n")
    assert got.headers["Retry-After"] == "1"


def test_too_many_reviews_at_once_are_put_off() -> None:
    inside, go_on = threading.Event(), threading.Event()

    def wait(*_: Any, **__: Any) -> Mutation:
        inside.set()
        assert go_on.wait(10)
        return Mutation()

    app = create_app(FixedRegistry(INDEX), settings=Settings(), mutate=wait, reviews_at_once=1)
    first: list[TestResponse] = []
    thread = threading.Thread(target=lambda: first.append(ask(app.test_client(), review())))
    thread.start()
    assert inside.wait(10)

    second = ask(app.test_client(), review())
    go_on.set()
    thread.join(10)
    third = ask(app.test_client(), review())

    assert (second.status_code, second.data) == (503, b"overloaded\n")
    assert second.headers["Retry-After"] == "1"
    assert [first[0].status_code, third.status_code] == [200, 200]


class Unread(Unobserved):
    """Remembers how requests were sent back unread."""

    def __init__(self) -> None:
        self.outcomes: list[str] = []

    def unread(self, outcome: str) -> None:
        self.outcomes.append(outcome)


def test_what_is_sent_back_unread_is_observed() -> None:
    observer = Unread()

    ask(client(observer=observer), review(), "text/plain")
    ask(client(observer=observer), b"x" * (BODY_LIMIT + 1))
    ask(client(observer=observer, registry=FixedRegistry()), review())
    ask(client(observer=observer), review())

    assert observer.outcomes == ["bad", "bad", "later"]


class Unreadable:
    """A body that must not be read."""

    def read(self, *_: Any) -> bytes:
        raise AssertionError("read")

    readline = __iter__ = read


@pytest.mark.parametrize(
    ("environ", "status", "text"),
    [
        pytest.param({"CONTENT_LENGTH": str(BODY_LIMIT + 1)}, 413, b"body larger than 7 MiB\n", id="large"),
        pytest.param({"CONTENT_LENGTH": "9" * 5000}, 413, b"body larger than 7 MiB\n", id="endless"),
        pytest.param({}, 411, b"expected a content-length\n", id="no-length"),
        pytest.param({"CONTENT_LENGTH": "-1"}, 411, b"expected a content-length\n", id="negative"),
        pytest.param({"CONTENT_LENGTH": "²"}, 411, b"expected a content-length\n", id="no-digit"),
        pytest.param({"CONTENT_TYPE": "text/yaml"}, 415, b"expected application/json\n", id="yaml"),
        pytest.param({"CONTENT_TYPE": ""}, 415, b"expected application/json\n", id="no-type"),
    ],
)
def test_a_body_with_a_bad_header_is_refused_unread(environ: Mapping[str, str], status: int, text: bytes) -> None:
    base = {"CONTENT_TYPE": "application/json", "wsgi.input": Unreadable(), **environ}

    got = client(never).open("/mutate", method="POST", environ_overrides=base)

    assert (got.status_code, got.data) == (status, text)


def test_a_body_of_the_largest_size_is_read() -> None:
    body = review({"kind": "Pod"})

    assert ask(client(never), body + b" " * (BODY_LIMIT - len(body))).status_code == 200


def test_a_content_type_may_have_parameters() -> None:
    assert ask(client(never), review({}), "Application/JSON; charset=utf-8").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        pytest.param("GET", "/mutate", 405, b"method not allowed\n", id="get-mutate"),
        pytest.param("POST", "/healthz", 405, b"method not allowed\n", id="post-healthz"),
        pytest.param("GET", "/", 404, b"not found\n", id="root"),
        pytest.param("GET", "/static/x", 404, b"not found\n", id="static"),
        pytest.param("POST", "/mutate/", 404, b"not found\n", id="slash"),
    ],
)
def test_other_requests_are_refused_in_a_few_words(method: str, path: str, status: int, text: bytes) -> None:
    got = client(never).open(path, method=method)

    assert (got.status_code, got.data, got.content_type) == (status, text, "text/plain; charset=utf-8")


def test_health_needs_no_registry() -> None:
    got = client(registry=FixedRegistry()).get("/healthz")

    assert (got.status_code, got.data) == (200, b"ok\n")


def test_readiness_says_what_is_served() -> None:
    got = client().get("/readyz")

    assert (got.status_code, got.content_type) == (200, "application/json")
    assert json.loads(got.data) == {"ready": True, "revision": "r1", "extensions": 0}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        pytest.param({"registry": FixedRegistry()}, "registry not loaded", id="no-registry"),
        pytest.param({"draining": lambda: True}, "draining", id="draining"),
        pytest.param({"expires": lambda: 1059.0, "clock": lambda: 1000.0}, "certificate expired", id="expires"),
    ],
)
def test_unreadiness_says_why(options: dict[str, Any], reason: str) -> None:
    got = client(**options).get("/readyz")

    assert (got.status_code, got.headers["Retry-After"]) == (503, "1")
    assert json.loads(got.data) == {"ready": False, "reason": reason}


def test_readiness_allows_a_certificate_that_lasts_a_minute() -> None:
    assert client(expires=lambda: 1060.0, clock=lambda: 1000.0).get("/readyz").status_code == 200


def test_reviews_are_answered_while_draining() -> None:
    assert ask(client(draining=lambda: True), review()).status_code == 200


@pytest.mark.parametrize(
    ("mutate", "body", "line"),
    [
        pytest.param(
            lambda *_, **__: Mutation(OPS, ("w",)),
            review(),
            {"outcome": "patched", "ops": 1, "warnings": 1},
            id="patched",
        ),
        pytest.param(never, review({}), {"outcome": "allowed"}, id="allowed"),
        pytest.param(
            refuse,
            review(),
            {
                "outcome": "refused",
                "problems": 2,
                "user": "alice",
                "reasons": ["no_match"],
                "reason": "steps[a]: no\nsteps[b]: no",
            },
            id="refused",
        ),
        pytest.param(fail, review(), {"outcome": "error"}, id="error"),
    ],
)
def test_a_review_is_logged_in_one_line(
    mutate: Callable[..., Mutation], body: bytes, line: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "webhook.serving.reviewer")

    ask(client(mutate), body)

    (got,) = [r.msg for r in caplog.records if isinstance(r.msg, dict)]
    assert 0 <= got.pop("ms") < 10_000
    named = {"uid": "u-1", "kind": "Pod", "namespace": "ml", "name": "p", "operation": "CREATE"}
    assert got == {**named, **line}
    assert "CANARY" not in caplog.text


def test_a_body_that_is_no_review_is_logged_without_names(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "webhook.serving.reviewer")

    ask(client(never), b"CANARY")

    (got,) = [r.msg for r in caplog.records]
    assert isinstance(got, dict)
    assert set(got) == {"outcome", "ms"}
    assert got["outcome"] == "bad"


@pytest.mark.parametrize(
    ("metadata", "shown"),
    [
        pytest.param({"generateName": "train-"}, "train-…", id="generated"),
        pytest.param({"generateName": 7}, "", id="a-number"),
        pytest.param({"generateName": "g" * 1000}, "g" * 253, id="long"),
        pytest.param({}, "", id="none"),
        pytest.param([], "", id="no-metadata"),
    ],
)
def test_a_refusal_is_logged_with_what_its_name_would_begin_with(
    metadata: Any, shown: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "webhook.serving.reviewer")

    ask(client(refuse), review({**ASKING, "metadata": metadata}, name=""))

    (got,) = [r.msg for r in caplog.records if isinstance(r.msg, dict)]
    assert got["name"] == shown


@pytest.mark.parametrize(
    ("problem", "logged"),
    [
        pytest.param("steps[a]: no\x1b[31m", "steps[a]: no[31m", id="control-characters"),
        pytest.param("a\n\n \nb", "a\nb", id="empty-lines"),
        pytest.param("\n".join(["x" * 1000] * 5), "\n".join(["x" * 1000] * 2) + "\n…", id="long"),
    ],
)
def test_the_log_has_a_refusals_reason_as_it_is_answered(
    problem: str, logged: str, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: Any, **__: Any) -> Mutation:
        raise RefusedError([problem], [Reason.FORMAT])

    caplog.set_level(logging.INFO, "webhook.serving.reviewer")

    answer = json.loads(ask(client(refuse), review()).data)

    (got,) = [r.msg for r in caplog.records if isinstance(r.msg, dict)]
    assert got["reason"] == logged
    assert answer["response"]["status"]["message"].startswith(logged.removesuffix("\n…"))


@pytest.mark.parametrize("mutate", [lambda *_, **__: Mutation(), fail], ids=["allowed", "error"])
def test_who_asked_is_logged_of_refusals_only(
    mutate: Callable[..., Mutation], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "webhook.serving.reviewer")

    ask(client(mutate), review())

    assert "alice" not in caplog.text


def test_a_very_long_name_does_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "webhook.serving.reviewer")

    ask(client(never), review({}, name="n" * 100_000, namespace="s" * 100_000))

    assert len(caplog.text) < 1000


def later(revision: str, project: str = "ml", delivered: Ledger | None = None) -> Known:
    return Known(Index((), revision), NamespaceFacts(project=project), delivered)


def by_revision(obj: Any, index: Index, consumer: Consumer, **named: Any) -> Mutation:
    """Refuses what is decided by the first state of the registry."""
    return refuse() if index.revision == "r1" else Mutation(OPS)


def undelivered(*_: Any, **__: Any) -> Mutation:
    raise RefusedError(["steps[a]: not there yet"], [Reason.UNDELIVERED])


def test_a_refused_review_is_decided_again_by_a_newer_registry() -> None:
    got = answer(ask(client(by_revision, FixedRegistry(INDEX, later=[later("r2")])), review()))

    assert got["allowed"]
    assert "patch" in got


def test_so_it_is_by_what_a_namespace_says_now_and_by_what_was_delivered() -> None:
    ledger = Ledger()
    seen: list[tuple[str, Ledger | None]] = []

    def mutate(obj: Any, index: Index, consumer: Consumer, *, delivered: Ledger | None, **_: Any) -> Mutation:
        seen.append((consumer.project, delivered))
        return Mutation(OPS) if delivered is ledger else refuse()

    states = [later("r1", "alpha"), later("r1", "alpha", ledger)]
    got = answer(ask(client(mutate, FixedRegistry(INDEX, later=states)), review()))

    assert got["allowed"]
    assert seen == [("ml", None), ("alpha", None), ("alpha", ledger)]


def test_a_review_that_every_state_refuses_is_refused() -> None:
    registry = FixedRegistry(INDEX, later=[later("r2"), later("r3")])

    got = answer(ask(client(refuse, registry), review()))

    assert got["status"]["message"] == "steps[a]: no\nsteps[b]: no"
    assert len(registry.waits) == 3


def test_changes_that_cure_nothing_do_not_prolong_the_wait() -> None:
    registry = FixedRegistry(INDEX, later=[later(f"r{i}") for i in range(100)], after=PATIENCE / 4)

    started = time.monotonic()
    got = answer(ask(client(refuse, registry), review()))

    assert not got["allowed"]
    assert time.monotonic() - started < PATIENCE + 2
    assert len(registry.waits) <= 4
    assert registry.waits == sorted(registry.waits, reverse=True)


@pytest.mark.parametrize(
    ("mutate", "patience"),
    [
        pytest.param(refuse, PATIENCE, id="ordinary"),
        pytest.param(undelivered, DELIVERY_PATIENCE, id="nothing-missing-but-a-delivery"),
    ],
)
def test_a_refusal_waits_for_a_delivery_longer_than_for_anything_else(
    mutate: Callable[..., Mutation], patience: float
) -> None:
    registry = FixedRegistry(INDEX)

    ask(client(mutate, registry), review())

    (seconds,) = registry.waits
    assert patience - 0.2 < seconds <= patience


def test_a_dry_run_waits_as_well() -> None:
    registry = FixedRegistry(INDEX, later=[later("r2")])

    assert answer(ask(client(by_revision, registry), review(dryRun=True)))["allowed"]


def test_an_update_waits_for_nothing() -> None:
    registry = FixedRegistry(INDEX, later=[later("r2")])

    got = answer(ask(client(refuse, registry), review(operation="UPDATE")))

    assert not got["allowed"]
    assert registry.waits == []


def test_an_object_that_does_not_ask_waits_for_nothing() -> None:
    got = answer(ask(client(never, Unasked()), review({"kind": "Pod"})))

    assert got == {"uid": "u-1", "allowed": True}


def test_registry_changes_that_have_arrived_are_used() -> None:
    seen: list[str] = []

    class Arriving(FixedRegistry):
        def settle(self) -> None:
            self.snapshot = Index((), "new")

    def mutate(obj: Any, index: Index, *_: Any, **__: Any) -> Mutation:
        seen.append(index.revision)
        return Mutation()

    answer(ask(client(mutate, Arriving(INDEX)), review()))

    assert seen == ["new"]


def test_project_and_owner_are_what_the_namespace_says() -> None:
    seen: list[Consumer] = []

    def mutate(obj: Any, index: Index, consumer: Consumer, **_: Any) -> Mutation:
        seen.append(consumer)
        return Mutation()

    facts = {"ml": NamespaceFacts("alpha", "ann", "u-1")}
    answer(ask(client(mutate, FixedRegistry(INDEX, facts_of=facts.get)), review()))

    assert seen == [Consumer(zone="eu", namespace="ml", project="alpha", owner="ann", user="alice")]


def test_with_an_unknown_namespace_clients_are_asked_to_come_later() -> None:
    response = ask(client(never, FixedRegistry(INDEX, facts_of=lambda _: None)), review())

    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
    assert response.text == "namespace 'ml' is not known yet\n"


def test_a_namespace_that_becomes_known_within_moments_is_waited_for() -> None:
    registry = FixedRegistry(INDEX, facts_of=lambda _: None, later=[later("r1")])

    assert answer(ask(client(lambda *_, **__: Mutation(OPS), registry), review()))["allowed"]


def test_a_cluster_wide_object_has_no_project() -> None:
    seen: list[Consumer] = []

    def mutate(obj: Any, index: Index, consumer: Consumer, **_: Any) -> Mutation:
        seen.append(consumer)
        return Mutation()

    answer(ask(client(mutate, FixedRegistry(INDEX, facts_of=lambda _: None)), review(namespace="")))

    assert seen == [Consumer(zone="eu", namespace="", project="", user="alice")]
