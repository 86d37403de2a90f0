"""Which pods wait at our gate, which of them a controller recreates, and how often a key is tried."""

import pytest

from webhook.adapters.annotations.names import GATE
from webhook.controller.backoff import LONGEST, Backoff
from webhook.controller.pods.waiting import Gate, Metadata, Owner, Pod, Spec, WaitingPod, waiting_pod

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
        pytest.param(pod(gates=("example.com/quota", GATE)), True, id="with-another-gate"),
        pytest.param(pod(annotations={**ASKS, "extensions.fuseml.org/resolved": "{}"}), True, id="with-a-note"),
        pytest.param(pod(annotations={"extensions.fuseml.org/misspelled": ""}), True, id="unknown-annotation"),
        pytest.param(pod(gates=()), False, id="no-gate"),
        pytest.param(pod(gates=("example.com/quota",)), False, id="gate-of-another"),
        pytest.param(pod(annotations={}), False, id="does-not-ask"),
        pytest.param(pod(annotations={"extensions.fuseml.org/resolved": "{}"}), False, id="note-only"),
        pytest.param(pod(annotations={"extensions.fuseml.org/waiting": "x"}), False, id="other-note-only"),
        pytest.param(pod(annotations={"x.extensions.fuseml.org/run-selectors": ""}), False, id="other-prefix"),
        pytest.param(pod(deletion_timestamp="2026-11-24T06:30:00Z"), False, id="being-deleted"),
    ],
)
def test_pod_waits_if_it_has_our_gate_and_asks(found, expected):
    assert (waiting_pod(found) is not None) is expected


@pytest.mark.parametrize(
    ("owners", "recreated_by"),
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
def test_only_owners_whose_controllers_recreate_pods_count(owners, recreated_by):
    assert waiting_pod(pod(owners=owners)) == WaitingPod("runs", "p", "u-p", recreated_by)


def test_finalizers_are_kept_in_their_order():
    found = waiting_pod(pod(finalizers=["example.com/a", "batch.kubernetes.io/job-tracking"]))

    assert found.finalizers == ("example.com/a", "batch.kubernetes.io/job-tracking")


def test_copies_that_it_waits_for_are_read_from_the_note():
    note = "fuseml-credentials-b  fuseml-credentials-a\nsomething-else"

    found = waiting_pod(pod(annotations={**ASKS, "extensions.fuseml.org/waiting": note}))

    assert found.copies == ("fuseml-credentials-b", "fuseml-credentials-a")


def tried(backoff, seconds):
    """The seconds at which a key is tried that is tried whenever *backoff* allows it."""
    times = []
    for now in range(seconds):
        if backoff.allows("a", now):
            backoff.note(["a"], now)
            times.append(now)
    return times


def test_pauses_grow_up_to_the_longest():
    assert tried(Backoff(), 250) == [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]


def test_each_key_has_its_own_pauses():
    backoff = Backoff()
    backoff.note(["a"], 0.0)

    assert not backoff.allows("a", 0.5)
    assert backoff.allows("b", 0.5)


def test_repeated_key_counts_once():
    backoff = Backoff()
    backoff.note(["a"] * 20, 0.0)

    assert backoff.allows("a", 1.0)


def test_key_that_has_recovered_starts_with_the_shortest_pause():
    backoff = Backoff()
    tried(backoff, 70)
    later = 130 + 2 * LONGEST

    backoff.note(["a"], later)

    assert backoff.allows("a", later + 1)
