"""The admission policies, on annotations and pods, and with maps that a server-side apply has emptied."""

import pytest

from tests.e2e.match_conditions.asking_objects import (
    ASKING_PODS,
    NOTES,
    POD_SELECTORS,
    PREFIX,
    RESOLVED,
    SILENT_PODS,
    argo,
    pipeline_run,
    pod,
    step,
    tekton,
    template,
)
from tests.e2e.match_conditions.submitter import BASE
from tests.e2e.support.waiting import wait_for

GATE = f"{PREFIX}injection"
EMPTIED = [
    pipeline_run(**step(image="y")), tekton("Pipeline", {"tasks": [step(image="y")]}, version="v1beta1"),
    template(container={"image": "x"}), argo({"templates": []}, "WorkflowTemplate"),
]  # fmt: skip


@pytest.mark.parametrize("obj", EMPTIED, ids=lambda obj: obj["kind"])
def test_maps_that_server_side_apply_has_emptied_fail_no_condition(submitter, kubectl, obj):
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "1"}
    full = {"name": "emptied", "annotations": {"a": "b"}, "labels": {"a": "b"}, "ownerReferences": [owner]}
    empty = {"name": "emptied", "annotations": {}, "labels": {}, "ownerReferences": []}
    apply = ["apply", "--server-side", "--validate=false", "-f", "-"]
    kubectl(*apply, stdin=obj | {"metadata": full})

    kubectl(*apply, stdin=obj | {"metadata": empty})

    left = kubectl.json("get", obj["kind"], "emptied")["metadata"]
    assert not {"annotations", "labels", "ownerReferences"} & set(left)


@pytest.fixture
def policies(submitter, kubectl):
    """The policies that the API server applies without the webhook."""
    files = [word for name in ("pods", "notes") for word in ("-f", BASE / f"policy-{name}.yaml")]
    kubectl("create", *files)
    asking = pod({POD_SELECTORS: "", **dict.fromkeys(NOTES, "")})

    def effect():
        made = made_of(kubectl, asking)
        return made["metadata"]["annotations"], gates(made)

    # What was resolved goes to the webhook, which reads it as the note of an object that is sent again.
    wait_for(lambda: effect() == ({POD_SELECTORS: "", RESOLVED: ""}, [GATE]), 30, "policies")
    yield
    kubectl("delete", *files)
    wait_for(lambda: effect() == (asking["metadata"]["annotations"], []), 30, "the end of the policies")


def made_of(kubectl, obj):
    """*obj* as it would be stored."""
    named = obj | {"metadata": obj["metadata"] | {"generateName": "x-"}}
    return kubectl.json("create", "--dry-run=server", "-f", "-", stdin=named)


def gates(obj):
    return [gate["name"] for gate in obj["spec"].get("schedulingGates", ())]


def test_the_pods_that_are_sent_are_gated_and_no_others(kubectl, policies):
    for name, obj in ASKING_PODS.items():
        assert gates(made_of(kubectl, obj)) == list(dict.fromkeys([*gates(obj), GATE])), name
        bound = obj["spec"] | {"nodeName": "n", "schedulingGates": []}
        assert gates(made_of(kubectl, obj | {"spec": bound})) == [], name
    for name, obj in SILENT_PODS.items():
        assert gates(made_of(kubectl, obj)) == [], name


def test_a_note_stays_when_server_side_apply_empties_the_map(kubectl, request):
    """The author owns the annotation if it was written before the policy existed."""
    apply = ["apply", "--server-side", "--validate=false", "-f", "-"]
    annotations = dict.fromkeys(NOTES, "old")
    kubectl(*apply, stdin=[obj | {"metadata": {"name": "noted", "annotations": annotations}} for obj in EMPTIED])
    request.getfixturevalue("policies")

    kubectl(*apply, stdin=[obj | {"metadata": {"name": "noted", "annotations": {}}} for obj in EMPTIED])

    for obj in EMPTIED:
        assert kubectl.json("get", obj["kind"], "noted")["metadata"]["annotations"] == annotations
