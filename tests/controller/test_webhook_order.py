"""A configuration that is called after another one for Tekton is reported."""

import logging
from datetime import UTC, datetime

import pytest

from tests.fakes import object_api
from tests.fakes.object_api import CONFIGURATION, CONFIGURATIONS, EVENTS, FakeObjects, configuration, serving
from webhook.controller.api_calls import ClusterError, NotLeaderError
from webhook.controller.status import Status
from webhook.controller.webhook_order import OrderDuty, called_before

NOW = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
OWN = "extensions.fuseml.org"
EARLIER = f"{CONFIGURATIONS}/a.tekton.dev"


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        pytest.param({}, (), id="none"),
        pytest.param({"webhook.pipeline.tekton.dev": ["tekton.dev"]}, (), id="after"),
        pytest.param({"a.tekton.dev": ["tekton.dev"]}, ("a.tekton.dev",), id="before"),
        pytest.param({"a": ["", "tekton.dev", "x"], "b": ["tekton.dev"]}, ("a", "b"), id="two"),
        pytest.param({"a": ["triggers.tekton.dev"], "b": ["apps"], "c": []}, (), id="other-groups"),
        pytest.param({"Extensions.fuseml.org": ["tekton.dev"]}, ("Extensions.fuseml.org",), id="as-bytes"),
        pytest.param({OWN: ["tekton.dev"]}, (), id="ours"),
    ],
)
def test_called_before_names_earlier_configurations_for_tekton(others, expected):
    assert called_before(OWN, others) == expected


class Bench:
    def __init__(self, fake, api):
        self.fake = fake
        self.status = Status()
        self.duty = OrderDuty(api, configuration=OWN, status=self.status, check=lambda: None)

    def reconcile(self):
        self.duty.reconcile(NOW)

    def events(self):
        return [obj for path, obj in self.fake.objects.items() if path.startswith(EVENTS)]


@pytest.fixture
def bench():
    fake = FakeObjects()
    object_api.install(fake)
    with serving(fake) as api:
        yield Bench(fake, api)


def test_right_order_is_not_reported(bench, caplog):
    caplog.set_level(logging.INFO)
    bench.reconcile()

    assert caplog.messages == []
    assert bench.fake.requests == [("GET", CONFIGURATIONS)]


def test_wrong_order_is_reported_once(bench, caplog):
    bench.fake.put(EARLIER, configuration("tekton.dev"))

    for _ in range(3):
        bench.reconcile()

    message = (
        "configuration 'extensions.fuseml.org' is called after 'a.tekton.dev', which may reject objects that ours "
        "has not resolved yet; give ours a name that sorts first, and pass that name to the controller as "
        "--configuration"
    )
    assert caplog.messages == [message]
    (event,) = bench.events()
    assert event["message"] == message
    assert event["reason"] == "WrongOrder"
    assert event["type"] == "Warning"
    assert event["involvedObject"] == {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "name": OWN,
        "uid": "u-1",
    }
    assert bench.status.called_before == 1


def test_change_is_reported_again(bench, caplog):
    caplog.set_level(logging.INFO)
    bench.fake.put(EARLIER, configuration("tekton.dev"))
    bench.reconcile()
    bench.fake.put(f"{CONFIGURATIONS}/b.tekton.dev", configuration("tekton.dev"))
    bench.reconcile()
    del bench.fake.objects[EARLIER], bench.fake.objects[f"{CONFIGURATIONS}/b.tekton.dev"]
    bench.reconcile()
    bench.fake.put(EARLIER, configuration("tekton.dev"))
    bench.reconcile()

    assert [message.split(",")[0].split("after ")[-1] for message in caplog.messages] == [
        "'a.tekton.dev'",
        "'a.tekton.dev'",
        "configuration 'extensions.fuseml.org' is called first again",
        "'a.tekton.dev'",
    ]
    assert len(bench.events()) == 3


def test_only_three_configurations_are_named(bench, caplog):
    for i in range(9):
        bench.fake.put(f"{CONFIGURATIONS}/a{i}", configuration("tekton.dev"))

    bench.reconcile()

    assert "after 'a0', 'a1', 'a2' and others, which" in caplog.text
    assert bench.status.called_before == 9


def test_rejected_event_is_retried(bench, caplog):
    bench.fake.put(EARLIER, configuration("tekton.dev"))
    bench.fake.refuse[EVENTS] = 403
    with pytest.raises(
        ClusterError, match="Events in namespace 'default': forbidden; this service account needs create"
    ):
        bench.reconcile()
    bench.fake.refuse.clear()

    bench.reconcile()

    assert len(caplog.messages) == 1
    assert len(bench.events()) == 1


def test_event_is_created_once_our_configuration_exists(bench):
    bench.fake.put(EARLIER, configuration("tekton.dev"))
    own = bench.fake.objects.pop(CONFIGURATION)
    bench.reconcile()
    assert bench.events() == []
    bench.fake.put(CONFIGURATION, own)

    bench.reconcile()

    assert len(bench.events()) == 1


def test_former_leader_writes_nothing(bench):
    def check():
        raise NotLeaderError

    bench.fake.put(EARLIER, configuration("tekton.dev"))
    bench.duty._check = check

    with pytest.raises(NotLeaderError):
        bench.reconcile()
    assert bench.events() == []


def test_error_says_that_configurations_cannot_be_listed(bench):
    bench.fake.refuse[CONFIGURATIONS] = 403

    with pytest.raises(ClusterError, match="MutatingWebhookConfigurations: forbidden; this service account needs list"):
        bench.reconcile()
