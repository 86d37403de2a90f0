"""Which pods wait at our gate, which of them somebody makes anew, and how often something is tried."""

import pytest

from webhook.adapters.annotations.names import GATE
from webhook.controller.backoff import LONGEST, Backoff
from webhook.controller.pods.waiting import Gate, Metadata, Owner, Pod, Spec, Waiting, waiting

ASKS = {"extensions.fuseml.org/pod-selectors": "{}"}


def pod(*, annotations=ASKS, gates=(GATE,), owners=(), **metadata):
    return Pod(
        Metadata("p", "runs", "u-p", annotations=annotations, owner_references=list(owners), **metadata),
        Spec([Gate(name) for name in gates]),
    )


def owner(api_version, kind, *, controller=True):
    return Owner(api_version, kind, f"u-{kind}", controller)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(pod(), True, id="gated"),
        pytest.param(pod(gates=("example.com/quota", GATE)), True, id="another-gate-beside"),
        pytest.param(pod(annotations={**ASKS, "extensions.fuseml.org/resolved": "{}"}), True, id="note-beside"),
        pytest.param(pod(annotations={"extensions.fuseml.org/misspelled": ""}), True, id="asks-for-what-is-not-known"),
        pytest.param(pod(gates=()), False, id="no-gate"),
        pytest.param(pod(gates=("example.com/quota",)), False, id="gate-of-another"),
        pytest.param(pod(annotations={}), False, id="does-not-ask"),
        pytest.param(pod(annotations={"extensions.fuseml.org/resolved": "{}"}), False, id="note-only"),
        pytest.param(pod(annotations={"x.extensions.fuseml.org/run-selectors": ""}), False, id="other-prefix"),
        pytest.param(pod(deletion_timestamp="2026-11-24T06:30:00Z"), False, id="being-deleted"),
    ],
)
def test_waiting_is_what_has_our_gate_and_asks(found, expected):
    assert (waiting(found) is not None) is expected


@pytest.mark.parametrize(
    ("owners", "maker"),
    [
        pytest.param([], "", id="nobody"),
        pytest.param([owner("tekton.dev/v1", "TaskRun")], "u-TaskRun", id="TaskRun"),
        pytest.param([owner("tekton.dev/v1beta1", "TaskRun")], "u-TaskRun", id="older-version"),
        pytest.param([owner("argoproj.io/v1alpha1", "Workflow")], "u-Workflow", id="Workflow"),
        pytest.param([owner("batch/v1", "Job")], "u-Job", id="Job"),
        pytest.param([owner("apps/v1", "ReplicaSet")], "u-ReplicaSet", id="ReplicaSet"),
        pytest.param([owner("apps/v1", "StatefulSet")], "u-StatefulSet", id="StatefulSet"),
        pytest.param([owner("apps/v1", "DaemonSet")], "u-DaemonSet", id="DaemonSet"),
        pytest.param([owner("v1", "ReplicationController")], "u-ReplicationController", id="ReplicationController"),
        pytest.param([owner("v1", "Job")], "", id="core-has-no-Job"),
        pytest.param([owner("example.com/v1", "Job")], "", id="Job-of-another-group"),
        pytest.param([owner("argoproj.io/v1alpha1", "Rollout")], "", id="unknown-kind"),
        pytest.param([owner("v1", "Node")], "", id="Node"),
        pytest.param([owner("batch/v1", "Job", controller=False)], "", id="owner-that-is-no-controller"),
        pytest.param(
            [owner("v1", "ConfigMap", controller=False), owner("batch/v1", "Job")], "u-Job", id="several-owners"
        ),
    ],
)  # fmt: skip
def test_maker_is_the_controller_that_makes_pods_anew(owners, maker):
    assert waiting(pod(owners=owners)) == Waiting("runs", "p", "u-p", maker)


def test_finalizers_are_kept_in_their_order():
    found = waiting(pod(finalizers=["example.com/a", "batch.kubernetes.io/job-tracking"]))

    assert found.finalizers == ("example.com/a", "batch.kubernetes.io/job-tracking")


def tried(patience, seconds):
    """When it is tried, if it is whenever it may be."""
    times = []
    for now in range(seconds):
        if patience.allows("a", now):
            patience.note(["a"], now)
            times.append(now)
    return times


def test_what_is_in_vain_is_tried_less_and_less_often():
    assert tried(Backoff(), 250) == [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]


def test_each_key_has_its_own_pauses():
    patience = Backoff()
    patience.note(["a"], 0.0)

    assert not patience.allows("a", 0.5)
    assert patience.allows("b", 0.5)


def test_many_under_one_key_count_once():
    patience = Backoff()
    patience.note(["a"] * 20, 0.0)

    assert patience.allows("a", 1.0)


def test_what_was_well_for_long_is_forgotten():
    patience = Backoff()
    tried(patience, 70)
    later = 130 + 2 * LONGEST

    patience.note(["a"], later)

    assert patience.allows("a", later + 1)
