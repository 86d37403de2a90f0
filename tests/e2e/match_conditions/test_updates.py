"""The API server sends an update to the webhook if it changes what the object asks for, and otherwise not."""

from copy import deepcopy

import pytest

from tests.e2e.match_conditions.asking_objects import (
    ASKING,
    PIPELINE_SELECTORS,
    POD_SELECTORS,
    PREFIX,
    RUN_SELECTORS,
    TASK_SELECTORS,
    deployment,
    pipeline_run,
    step,
    tekton,
    template,
)
from tests.e2e.match_conditions.random_objects import BLOCK


def stored(submitter, obj):
    """Store *obj* unresolved, as it is stored while the webhook is down."""
    submitter.call("DELETE", f"/apis/{obj['apiVersion']}/namespaces/runs/{obj['kind'].lower()}s/demo")
    obj = deepcopy(obj)
    obj["metadata"]["name"] = "demo"
    return submitter.store(obj)


@pytest.fixture(params=["step", "container", "annotation run-selectors of a Workflow", "expression in env"])
def stored_asking(submitter, request):
    return stored(submitter, ASKING[request.param])


def test_writing_to_what_was_stored_asking_is_not_sent(submitter, stored_asking):
    stored_asking["metadata"].setdefault("annotations", {})["example.com/note"] = "x"
    stored_asking["metadata"]["labels"] = {"workflows.argoproj.io/completed": "true"}
    stored_asking["metadata"]["finalizers"] = ["example.com/done"]
    stored_asking["status"] = {"phase": "Running"}

    assert submitter.update(stored_asking) == (False, 200, "")


def test_changing_the_spec_of_what_was_stored_asking_is_sent(submitter, stored_asking):
    stored_asking["spec"]["timeouts" if "tekton" in stored_asking["apiVersion"] else "shutdown"] = {}

    assert submitter.update(stored_asking).sent


def test_applying_a_manifest_again_is_sent(submitter):
    obj = stored(submitter, pipeline_run(**step(image="y")))
    obj["spec"] = pipeline_run(**step(image="y", extensions=BLOCK))["spec"]

    assert submitter.update(obj) == (True, 200, "")


def test_adding_an_annotation_is_sent(submitter):
    obj = stored(submitter, template(container={"image": "x"}))
    obj["metadata"]["annotations"] = {RUN_SELECTORS: ""}

    assert submitter.update(obj) == (True, 200, "")


RUNS = [pipeline_run(**step(image="y")), tekton("TaskRun", {"taskRef": {"name": "x"}}, version="v1beta1")]


@pytest.mark.parametrize("obj", RUNS, ids=lambda obj: obj["kind"])
def test_what_tekton_adds_to_a_run_from_behind_its_references_is_not_sent(submitter, obj):
    """Tekton does so once, and does not try again if the update fails."""
    obj = stored(submitter, obj)
    obj["metadata"]["annotations"] = {PIPELINE_SELECTORS: "", TASK_SELECTORS: "", POD_SELECTORS: "", "a/b": "c"}
    assert submitter.update(obj) == (False, 200, "")

    obj["metadata"]["annotations"][RUN_SELECTORS] = ""
    assert submitter.update(obj) == (True, 200, "")


@pytest.mark.parametrize("obj", RUNS, ids=lambda obj: obj["kind"])
def test_a_run_can_be_cancelled_whatever_its_pods_ask_for(submitter, obj):
    annotations = dict.fromkeys([RUN_SELECTORS, PIPELINE_SELECTORS, TASK_SELECTORS, f"{PREFIX}resolved"], "")
    obj = stored(submitter, obj | {"metadata": {"annotations": annotations}})
    obj["spec"]["status"] = "Cancelled"
    obj["metadata"]["annotations"] |= {f"{PREFIX}resolved": "{}"}

    assert submitter.update(obj) == (False, 200, "")


@pytest.mark.parametrize("key", [PIPELINE_SELECTORS, TASK_SELECTORS])
def test_applying_a_manifest_again_that_asks_in_the_metadata_of_its_templates_is_sent(submitter, key):
    obj = stored(submitter, template(container={"image": "x"}))
    obj["spec"] = template(container={"image": "x"}, metadata={"annotations": {key: ""}})["spec"]

    assert submitter.update(obj) == (True, 200, "")


@pytest.mark.parametrize("key", [PIPELINE_SELECTORS, TASK_SELECTORS, POD_SELECTORS])
def test_applying_a_manifest_again_that_asks_in_other_annotations_of_a_run_is_sent(submitter, key):
    obj = stored(submitter, pipeline_run(**step(image="y", env=[{"name": "A", "value": "b"}])))
    obj["spec"] = pipeline_run(**step(image="y"))["spec"]
    obj["metadata"]["annotations"] = {key: ""}

    assert submitter.update(obj).sent


@pytest.mark.parametrize("kind", ["Pipeline", "Task"])
def test_an_annotation_that_is_added_to_a_definition_is_sent(submitter, kind):
    obj = stored(submitter, tekton(kind, {}))
    obj["metadata"]["annotations"] = {TASK_SELECTORS: ""}

    assert submitter.update(obj) == (True, 200, "")


@pytest.mark.parametrize("key", [PIPELINE_SELECTORS, TASK_SELECTORS])
@pytest.mark.parametrize("obj", [
    tekton("PipelineRun", {"pipelineRef": {"name": "x"}}), tekton("TaskRun", {"taskRef": {"name": "x"}}),
], ids=lambda obj: obj["kind"])  # fmt: skip
def test_what_tekton_copies_from_a_definition_onto_its_run_is_not_sent(submitter, obj, key):
    obj = stored(submitter, obj)
    obj["metadata"]["annotations"] = {key: "x"}
    assert submitter.update(obj) == (False, 200, "")

    obj["metadata"]["annotations"] = {key: "x", RUN_SELECTORS: ""}
    assert submitter.update(obj) == (True, 200, "")


def test_a_definition_that_begins_to_ask_is_sent(submitter):
    obj = stored(submitter, tekton("Pipeline", {"tasks": [{"name": "t", "taskRef": {"name": "x"}}]}))
    obj["metadata"]["annotations"] = {PIPELINE_SELECTORS: ""}

    assert submitter.update(obj) == (True, 200, "")


def test_changing_what_does_not_ask_is_not_sent(submitter):
    obj = stored(submitter, template(container={"image": "x"}))
    obj["spec"]["suspend"] = True
    obj["metadata"]["annotations"] = {f"{PREFIX}resolved": "{}"}

    assert submitter.update(obj) == (False, 200, "")


def test_a_workload_is_sent_again_if_what_it_asks_for_changed_and_not_otherwise(submitter):
    obj = submitter.store(deployment(POD_SELECTORS) | {"metadata": {"name": "demo"}})
    obj["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "1"}
    obj["spec"]["replicas"] = 3
    assert submitter.update(obj) == (False, 200, "")

    obj["spec"]["template"]["metadata"]["annotations"][POD_SELECTORS] = "{}"
    assert submitter.update(obj) == (True, 200, "")
