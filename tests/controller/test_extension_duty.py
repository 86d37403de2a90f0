"""The status of each Extension is kept up to date, and who looks after it is warned once."""

import logging
from datetime import UTC, datetime, timedelta

import pytest

from registry.delivery.ledger import Lack
from tests.fakes.object_api import EXTENSIONS, FakeObjects, extension_path, serving
from webhook.controller.api_calls import ClusterError, NotLeaderError
from webhook.controller.extensions import duty as module
from webhook.controller.extensions.conditions import DeliveryFacts, SourceFacts, ready_condition
from webhook.controller.extensions.duty import ExtensionDuty
from webhook.controller.followed_extensions import FollowedExtensions
from webhook.controller.status import Status

NOW = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
BROKEN = {"configuration": {"PATH": "/opt"}}
WHY = (
    "spec.configuration.PATH: variable 'PATH' controls a loader, shell, interpreter or tool; "
    "the operator may allow it with --allow-variable PATH"
)
CREDENTIALS = {"id": "c", "secretRef": {"name": "root"}, "configuration": {"PASSWORD": "password"}}
WITH_CREDENTIALS = {"services": [{"id": "s", "credentials": [CREDENTIALS]}]}
MISSING = "Secret 'root' is not there, or lacks the label extensions.fuseml.org/extension=minio"


class Bench:
    def __init__(self, fake, api):
        self.fake = fake
        self.status = Status()
        self.time = 0.0
        self.now = NOW
        self.extensions = FollowedExtensions(api)
        self.extensions.start = lambda: None  # What it follows arrives before each run.
        self._api = api
        self.begin_term()

    def begin_term(self, **options):
        self.duty = ExtensionDuty(
            self._api, extensions=self.extensions, registry_namespace="fuseml", status=self.status,
            check=lambda: None, clock=lambda: self.time, **options,
        )  # fmt: skip

    def register(self, name, namespace="ml", **spec):
        path = extension_path(namespace, name)
        known = self.fake.objects.get(path, {"metadata": {"uid": f"u-{name}", "generation": 0}})
        metadata = {**known["metadata"], "namespace": namespace, "generation": known["metadata"]["generation"] + 1}
        self.fake.put(
            path, {"kind": "Extension", "metadata": metadata, "spec": spec, "status": known.get("status", {})}
        )

    def receive(self):
        self.extensions._take(self.extensions._collection.list())

    def reconcile(self, after=1.0):
        self.time += after
        self.now += timedelta(seconds=after)
        self.receive()
        self.duty.reconcile(self.now)

    def status_of(self, name, namespace="ml"):
        return self.fake.objects[extension_path(namespace, name)]["status"]

    def ready(self, name, namespace="ml"):
        condition = ready_condition(self.status_of(name, namespace))
        return condition["status"], condition["reason"], condition["message"]

    def written(self):
        return [path.split("/")[5:8:2] for method, path in self.fake.requests if method == "PATCH"]

    def events(self, namespace="ml"):
        paths = [path for path in self.fake.objects if path.startswith(f"/api/v1/namespaces/{namespace}/events/")]
        return [self.fake.objects[path] for path in paths]


@pytest.fixture
def bench():
    fake = FakeObjects()
    with serving(fake) as api:
        yield Bench(fake, api)


def test_extension_says_that_it_works(bench):
    bench.register("minio", services=[{"id": "s3"}, {"id": "console"}])

    bench.reconcile()

    condition = {
        "status": "True", "message": "", "observedGeneration": 1, "lastTransitionTime": "2026-11-24T06:30:01Z",
    }  # fmt: skip
    assert bench.status_of("minio") == {
        "observedGeneration": 1,
        "services": 2,
        "conditions": [
            {"type": "Readable", "reason": "Readable", **condition},
            {"type": "Ready", "reason": "Ready", **condition},
        ],
    }
    assert bench.events() == []
    assert bench.status.extensions == {"ready": 1, "not_ready": 0}


def test_broken_record_says_what_is_wrong_and_is_reported_once(bench, caplog):
    bench.register("odd", **BROKEN)

    for _ in range(3):
        bench.reconcile()

    assert bench.ready("odd") == ("False", "InvalidRecord", WHY)
    (event,) = bench.events()
    assert (event["type"], event["reason"], event["message"]) == ("Warning", "InvalidRecord", WHY)
    assert event["involvedObject"] == {
        "apiVersion": "fuseml.org/v1alpha1", "kind": "Extension", "namespace": "ml", "name": "odd", "uid": "u-odd",
    }  # fmt: skip
    assert caplog.messages == ["extension ml/odd does not work: InvalidRecord"]
    assert bench.status.extensions == {"ready": 0, "not_ready": 1}


def test_only_the_status_is_written(bench):
    bench.register("odd", **BROKEN)
    before = bench.fake.objects[extension_path("ml", "odd")]

    bench.reconcile()

    after = bench.fake.objects[extension_path("ml", "odd")]
    assert after["spec"] == before["spec"]
    assert [request for request in bench.fake.writes() if "/events" not in request[1]] == [
        ("PATCH", f"{extension_path('ml', 'odd')}/status")
    ]


def test_nothing_is_written_if_nothing_changes(bench):
    bench.register("good")
    bench.register("odd", **BROKEN)
    bench.reconcile()
    bench.reconcile()
    bench.fake.requests.clear()

    for _ in range(3):
        bench.reconcile(after=60.0)

    assert set(bench.fake.requests) == {("GET", EXTENSIONS)}


def test_new_leader_writes_and_reports_nothing_that_is_known(bench, caplog):
    bench.register("good")
    bench.register("odd", **BROKEN)
    bench.reconcile()
    written = bench.fake.writes()
    caplog.clear()

    bench.begin_term()
    bench.reconcile()

    assert bench.fake.writes() == written
    assert caplog.messages == []
    assert bench.status.extensions == {"ready": 1, "not_ready": 1}


def test_each_time_an_extension_stops_working_is_reported(bench):
    for spec in ({}, BROKEN, {}, BROKEN):
        bench.register("minio", **spec)
        bench.reconcile()

    assert len(bench.events()) == 2
    assert bench.status_of("minio")["observedGeneration"] == 4


def test_a_record_that_is_broken_in_another_way_gets_another_message_and_no_event(bench):
    bench.register("minio", **BROKEN)
    bench.reconcile()
    since = ready_condition(bench.status_of("minio"))["lastTransitionTime"]

    bench.register("minio", services=[{"id": "a b"}])
    bench.reconcile()

    assert "services[0].id" in bench.ready("minio")[2]
    assert ready_condition(bench.status_of("minio"))["lastTransitionTime"] == since
    assert len(bench.events()) == 1


def test_number_of_services_is_removed_with_the_record_that_has_them(bench):
    bench.register("minio", services=[{"id": "s3"}])
    bench.reconcile()

    bench.register("minio", **BROKEN)
    bench.reconcile()

    assert "services" not in bench.status_of("minio")


def test_deleted_extension_is_forgotten(bench):
    bench.register("odd", **BROKEN)
    bench.fake.refuse["POST", "/api/v1/namespaces/ml/events"] = 403
    with pytest.raises(ClusterError):
        bench.reconcile()
    bench.fake.drop(extension_path("ml", "odd"))
    bench.fake.refuse.clear()

    bench.reconcile(after=60.0)

    assert bench.status.extensions == {"ready": 0, "not_ready": 0}
    assert bench.events() == []


def test_duty_waits_until_extensions_are_listed(bench):
    bench.register("odd", **BROKEN)

    bench.duty.reconcile(NOW)

    assert bench.fake.requests == []
    assert bench.status.extensions == {}


def test_extensions_that_cannot_be_followed_are_a_problem(bench):
    bench.extensions._collection._problem.report("x")

    with pytest.raises(ClusterError, match="Extensions: cannot be followed, the log says why; this service account"):
        bench.duty.reconcile(NOW)


# Credentials


def test_nothing_is_said_about_credentials_without_sources(bench):
    bench.register("minio", "fuseml", **WITH_CREDENTIALS)

    bench.reconcile()

    assert [condition["type"] for condition in bench.status_of("minio", "fuseml")["conditions"]] == [
        "Readable", "Ready",
    ]  # fmt: skip


def test_credentials_of_shared_extensions_follow_the_secrets(bench):
    sources = {}
    bench.begin_term(sources=lambda: dict(sources))
    bench.register("minio", "fuseml", **WITH_CREDENTIALS)
    bench.reconcile()
    assert bench.ready("minio", "fuseml") == ("False", "SecretMissing", MISSING)

    sources["root"] = SourceFacts("minio", frozenset({"user"}))
    bench.reconcile()
    assert bench.ready("minio", "fuseml")[1:] == (
        "KeyMissing", "variable 'PASSWORD': Secret 'root' has no key 'password'",
    )  # fmt: skip

    sources["root"] = SourceFacts("minio", frozenset({"password"}))
    bench.reconcile()
    assert bench.ready("minio", "fuseml") == ("True", "Ready", "")
    assert [event["reason"] for event in bench.events("fuseml")] == ["SecretMissing"]


def test_sources_say_nothing_about_extensions_of_other_namespaces(bench):
    bench.begin_term(sources=dict, delivery=lambda name: DeliveryFacts(5, {}))
    bench.register("minio", "ml", **WITH_CREDENTIALS)

    bench.reconcile()

    assert bench.ready("minio") == ("True", "Ready", "")
    assert "deliveredTo" not in bench.status_of("minio")


def test_shared_extensions_stay_as_they_are_while_secrets_are_not_known(bench):
    bench.register("minio", "fuseml", **WITH_CREDENTIALS)
    bench.register("own", "ml")
    bench.begin_term(sources=lambda: None)

    bench.reconcile()

    assert bench.written() == [["ml", "own"]]


def test_number_of_namespaces_follows_the_delivery(bench):
    delivered = {"minio": DeliveryFacts(2, {})}
    bench.begin_term(sources=dict, delivery=delivered.get)
    bench.register("minio", "fuseml", **WITH_CREDENTIALS)
    bench.register("own", "fuseml")
    bench.reconcile()
    assert bench.status_of("minio", "fuseml")["deliveredTo"] == 2
    assert "deliveredTo" not in bench.status_of("own", "fuseml")

    delivered["minio"] = DeliveryFacts(3, {Lack.TAKEN: 1})
    bench.reconcile()
    bench.reconcile()

    assert bench.status_of("minio", "fuseml")["deliveredTo"] == 3
    assert bench.written() == [["fuseml", "minio"], ["fuseml", "own"], ["fuseml", "minio"]]


# Failures and limits


def test_extension_that_changed_after_it_was_read_is_written_in_a_later_run(bench, caplog):
    bench.register("minio", **BROKEN)
    bench.receive()
    bench.register("minio")

    bench.duty.reconcile(NOW)
    assert bench.status_of("minio") == {}
    bench.reconcile()

    assert bench.ready("minio") == ("True", "Ready", "")
    assert bench.events() == []
    assert caplog.messages == []


def test_status_that_cannot_be_written_does_not_delay_the_others(bench):
    bench.register("a")
    bench.register("b")
    bench.fake.refuse[f"{extension_path('ml', 'a')}/status"] = 403

    why = "Status of Extension 'a' in namespace 'ml': forbidden; this service account needs patch on extensions/status"
    with pytest.raises(ClusterError, match=why):
        bench.reconcile()
    bench.reconcile(after=0.5)

    assert bench.written() == [["ml", "a"], ["ml", "b"]], "a failed write has growing pauses"
    bench.fake.refuse.clear()
    bench.reconcile()
    assert bench.ready("a")[0] == "True"


def test_rejected_event_is_retried(bench, caplog):
    bench.register("odd", **BROKEN)
    bench.fake.refuse["POST", "/api/v1/namespaces/ml/events"] = 403
    with pytest.raises(ClusterError, match="Events in namespace 'ml': forbidden; this service account needs create"):
        bench.reconcile()
    bench.fake.refuse.clear()

    bench.reconcile(after=0.5)
    assert bench.events() == []
    bench.reconcile()

    assert len(bench.events()) == len(caplog.messages) == 1


def test_rejected_event_of_an_extension_that_works_again_is_dropped(bench):
    bench.register("odd", **BROKEN)
    bench.fake.refuse["POST", "/api/v1/namespaces/ml/events"] = 403
    with pytest.raises(ClusterError):
        bench.reconcile()
    bench.fake.refuse.clear()

    bench.register("odd")
    bench.reconcile(after=60.0)

    assert bench.events() == []


def test_one_run_writes_a_limited_number_of_statuses(bench, monkeypatch):
    monkeypatch.setattr(module, "_MOST_WRITES", 3)
    for i in range(7):
        bench.register(f"e{i}")

    counts = []
    for _ in range(4):
        bench.reconcile()
        counts.append(len(bench.written()))

    assert counts == [3, 6, 7, 7]
    assert bench.status.extensions == {"ready": 7, "not_ready": 0}


def test_run_ends_in_time_however_slow_the_api_server_is(bench):
    for i in range(4):
        bench.register(f"e{i}", **BROKEN)

    def before(method, path):
        if method != "GET":
            bench.time += 2.0

    bench.fake.before = before
    bench.reconcile()
    assert (len(bench.written()), len(bench.events())) == (2, 2)

    bench.reconcile()

    assert (len(bench.written()), len(bench.events())) == (4, 4)


@pytest.mark.parametrize("calls", range(2))
def test_former_leader_writes_nothing(bench, calls):
    """Before the status, before the Event."""
    bench.register("odd", **BROKEN)
    remaining = [None] * calls

    def check():
        if not remaining:
            raise NotLeaderError
        remaining.pop()

    bench.duty._check = check

    with pytest.raises(NotLeaderError):
        bench.reconcile()
    assert len(bench.fake.writes()) == calls


def test_no_value_gets_into_log_or_error(bench, caplog):
    caplog.set_level(logging.DEBUG, logger="webhook")
    bench.register("odd", configuration={"PATH": "CANARY"})
    bench.fake.refuse[f"{extension_path('ml', 'odd')}/status"] = 500

    with pytest.raises(ClusterError) as raised:
        bench.reconcile()

    assert "CANARY" not in f"{raised.value}{caplog.text}{raised.value.__cause__}"
