"""While the webhook cannot be reached, objects that ask are refused, pods excepted, and no other is delayed."""

import time

import pytest

from tests.e2e.match_conditions.asking_objects import (
    ASKING,
    ASKING_PODS,
    ASKING_WORKLOADS,
    NEAR_MISSES,
    POD_SELECTORS,
    SILENT,
    pod,
)
from tests.e2e.match_conditions.recording_webhook import RecordingWebhook
from tests.e2e.support.waiting import wait_for


@pytest.fixture
def outage(submitter, tmp_path):
    """Nothing listens on the webhook's port, as when none of its pods runs."""
    gone = RecordingWebhook(tmp_path)
    gone.stop()
    submitter.reconfigure(gone.client_config)
    wait_for(
        lambda: submitter.create(ASKING["step"]).status == submitter.create(ASKING["container"]).status == 500,
        30,
        "its end",
    )
    yield
    submitter.reconfigure(submitter.webhook.client_config)
    wait_for(
        lambda: submitter.create(ASKING["step"]).sent and submitter.create(ASKING["container"]).sent, 30, "its return"
    )


def test_without_a_webhook_what_asks_is_refused_and_the_rest_is_not_delayed(submitter, outage):
    began = time.monotonic()
    for obj in SILENT.values():
        assert submitter.create(obj) == (False, 201, "")
    took = time.monotonic() - began
    for obj in ASKING.values():
        outcome = submitter.create(obj)
        assert outcome.status == 500
        assert "failed calling webhook" in outcome.message
        assert "extensions.fuseml.org" in outcome.message

    assert took < len(SILENT) / 2


def test_without_a_webhook_what_almost_asks_is_created(submitter, outage):
    for obj in NEAR_MISSES.values():
        assert submitter.create(obj) == (False, 201, "")


def test_without_a_webhook_pods_and_what_makes_them_can_be_made_unless_no_gate_can_hold_them(submitter, outage):
    for obj in [*ASKING_PODS.values(), *ASKING_WORKLOADS.values()]:
        assert submitter.create(obj) == (False, 201, "")

    outcome = submitter.create(pod({POD_SELECTORS: ""}, nodeName="n"))
    assert outcome.status == 500
    assert 'failed calling webhook "bound-pods.extensions.fuseml.org"' in outcome.message
