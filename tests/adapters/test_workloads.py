"""Kubernetes' own objects that make pods: their authors are told early what their pods would be refused for."""

import pytest

from tests.plausible_runs import INDEX, ME
from webhook.adapters.annotations.names import LEVELS, POD_SELECTORS, PREFIX
from webhook.errors import RefusedError
from webhook.mutation.mutate import mutate

KINDS = {
    "Job": "batch/v1",
    "CronJob": "batch/v1",
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "ReplicaSet": "apps/v1",
    "ReplicationController": "v1",
}
RIGHT = "one: {extensions: [{name: s3, product: minio}], env: [{name: URL, value: << extension.s3.url >>}]}"


def workload(kind, of_pods, **metadata):
    spec = {"containers": [{"name": "one", "image": "i"}], "initContainers": [{"name": "first", "image": "i"}]}
    template = {"metadata": {"annotations": of_pods}, "spec": spec}
    inner = {"template": template}
    outer = {"jobTemplate": {"spec": inner}} if kind == "CronJob" else inner
    return {"apiVersion": KINDS[kind], "kind": kind, "metadata": {"name": "demo", **metadata}, "spec": outer}


def problems(obj, old=None):
    with pytest.raises(RefusedError) as refused:
        mutate(obj, INDEX, ME, old=old)
    return refused.value.problems


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_right_is_left_as_it_is(kind):
    obj = workload(kind, {POD_SELECTORS: RIGHT})

    assert not mutate(obj, INDEX, ME).ops
    assert not mutate(obj, INDEX, ME, old=obj).ops


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_wrong_is_reported_with_its_place(kind):
    where = "spec.jobTemplate.spec.template.metadata" if kind == "CronJob" else "spec.template.metadata"

    assert problems(workload(kind, {POD_SELECTORS: RIGHT.replace("one:", "onee:")})) == (
        f"{where}: annotation {POD_SELECTORS}:1:1: no step is 'onee'; did you mean 'one'?",
    )


@pytest.mark.parametrize("level", [level for level in LEVELS if level != POD_SELECTORS])
def test_other_levels_are_not_read(level):
    (problem,) = problems(workload("Job", {level: RIGHT}))

    assert problem == f"spec.template.metadata: annotation {level} is not read here; here it is {POD_SELECTORS}"


def test_notes_are_ours():
    (problem,) = problems(workload("Job", {PREFIX + "resolved": "{}"}))

    assert problem.endswith("is written by the webhook; leave it out")


def test_an_annotation_on_the_workload_itself_is_refused_with_its_right_place():
    (problem,) = problems(workload("Job", {}, annotations={POD_SELECTORS: RIGHT}))

    assert problem.endswith(f"write {POD_SELECTORS} into spec.template.metadata.annotations")


def test_the_registry_is_not_asked():
    text = "one: {extensions: [{name: later, product: not-yet-there}]}"

    assert not mutate(workload("Deployment", {POD_SELECTORS: text}), INDEX, ME).ops


def test_selectors_of_every_container_can_be_used():
    text = "'*': {extensions: [{name: s3, product: minio}]}\none: {env: [{name: URL, value: << extension.s3.url >>}]}"

    assert not mutate(workload("Job", {POD_SELECTORS: text}), INDEX, ME).ops


def test_an_unknown_selector_is_reported():
    text = "one: {env: [{name: URL, value: << extension.s4.url >>}]}"

    assert "no selector is named 's4' here" in problems(workload("Job", {POD_SELECTORS: text}))[0]


def test_what_a_controller_made_is_not_looked_at():
    owner = [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "d", "controller": True}]

    assert not mutate(workload("ReplicaSet", {POD_SELECTORS: "one: {"}, ownerReferences=owner), INDEX, ME).ops


def test_what_was_stored_wrong_can_still_be_scaled():
    old = workload("Deployment", {POD_SELECTORS: "one: {"})
    new = {**old, "spec": {**old["spec"], "replicas": 3}}

    assert not mutate(new, INDEX, ME, old=old).ops
