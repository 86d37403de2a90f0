"""What the controller says of itself to probes and to Prometheus."""

from datetime import UTC, datetime

import pytest
from prometheus_client.parser import text_string_to_metric_families

from webhook.controller.metrics import StatusCollector
from webhook.controller.status import STUCK, Status
from webhook.process import metrics


@pytest.fixture
def clock():
    return [0.0]


@pytest.fixture
def status(clock):
    return Status(clock=lambda: clock[0])


def samples(status):
    families = list(text_string_to_metric_families(metrics.page(StatusCollector(status)).content.decode()))
    assert all(family.type == "gauge" and family.documentation for family in families)
    return {(s.name, "".join(s.labels.values())): s.value for family in families for s in family.samples}


def test_health_is_a_loop_that_turns(status, clock):
    status.turned("loop")
    clock[0] = STUCK - 1
    assert status.healthy() == (True, "last turn 179 s ago")
    clock[0] = STUCK
    assert status.healthy()[0] is False

    status.turned("loop")

    assert status.healthy() == (True, "last turn 0 s ago")


def test_one_loop_that_stands_still_is_not_hidden_by_another(status, clock):
    status.turned("loop")
    status.turned("delivery")
    clock[0] = STUCK

    status.turned("loop")

    assert status.healthy() == (False, "last turn 180 s ago")


def test_readiness_says_what_is_wrong(status):
    assert status.ready() == (True, "standby")
    status.leader = True
    assert status.ready() == (True, "leader")

    status.set_problem("order", "b")
    status.set_problem("certificates", "a")

    assert status.ready() == (False, "certificates: a\norder: b")


def test_metrics_of_a_standby_say_that_it_is_one(status):
    status.expiries = {"leaf": datetime(2026, 11, 24, tzinfo=UTC)}

    assert samples(status) == {("fuseml_controller_leader", ""): 0}


def test_metrics_of_the_leader(status):
    status.leader = True
    status.step = 2
    status.called_before = 1
    status.pods_waiting = 3
    status.extensions = {"ready": 4, "not_ready": 1}
    status.expiries = {"leaf": datetime(2026, 11, 24, tzinfo=UTC), "ca": datetime(2031, 11, 24, tzinfo=UTC)}

    assert samples(status) == {
        ("fuseml_controller_leader", ""): 1,
        ("fuseml_certificate_not_after_seconds", "ca"): 1953244800,
        ("fuseml_certificate_not_after_seconds", "leaf"): 1795478400,
        ("fuseml_certificate_rotation_step", ""): 2,
        ("fuseml_configurations_in_the_way", ""): 1,
        ("fuseml_pods_waiting", ""): 3,
        ("fuseml_extensions", "ready"): 4,
        ("fuseml_extensions", "not_ready"): 1,
    }
