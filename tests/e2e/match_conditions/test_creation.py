"""The API server sends every created object that asks to the webhook and no other, whatever an object holds."""

import json
from copy import deepcopy

import pytest

from tests.e2e.match_conditions import random_objects
from tests.e2e.match_conditions.asking_objects import (
    ASKING,
    ASKING_PODS,
    ASKING_WORKLOADS,
    NEAR_MISSES,
    POD_SELECTORS,
    SILENT,
    SILENT_PODS,
    SILENT_WORKLOADS,
    argo,
    pipeline_run,
    pod,
    step,
    tekton,
    template,
)
from tests.e2e.match_conditions.random_objects import BLOCK
from webhook.mutation.question import ask


@pytest.mark.parametrize("obj", ASKING.values(), ids=ASKING)
def test_what_asks_is_sent(submitter, obj):
    assert submitter.create(obj) == (True, 201, "")


@pytest.mark.parametrize("obj", SILENT.values(), ids=SILENT)
def test_what_does_not_ask_is_not_sent(submitter, obj):
    assert submitter.create(obj) == (False, 201, "")


@pytest.mark.parametrize("obj", ASKING_PODS.values(), ids=ASKING_PODS)
def test_a_pod_that_asks_is_sent_bound_or_not(submitter, obj):
    assert submitter.create(obj) == (True, 201, "")

    bound = deepcopy(obj)
    bound["spec"] |= {"nodeName": "n", "schedulingGates": []}
    assert submitter.create(bound) == (True, 201, "")


@pytest.mark.parametrize("obj", SILENT_PODS.values(), ids=SILENT_PODS)
def test_a_pod_that_does_not_ask_is_not_sent(submitter, obj):
    assert submitter.create(obj) == (False, 201, "")


@pytest.mark.parametrize("obj", NEAR_MISSES.values(), ids=NEAR_MISSES)
def test_what_almost_asks_is_sent(submitter, obj):
    assert submitter.create(obj) == (True, 201, "")


def test_what_a_kubelet_runs_from_a_file_is_not_sent(submitter):
    mirror = {POD_SELECTORS: "", "kubernetes.io/config.mirror": "x"}

    assert submitter.create(pod(mirror, nodeName="n")) == (False, 201, "")


@pytest.mark.parametrize("obj", ASKING_WORKLOADS.values(), ids=ASKING_WORKLOADS)
def test_what_makes_pods_that_ask_is_sent(submitter, obj):
    assert submitter.create(obj) == (True, 201, "")


@pytest.mark.parametrize("obj", SILENT_WORKLOADS.values(), ids=SILENT_WORKLOADS)
def test_what_makes_pods_that_do_not_ask_is_not_sent(submitter, obj):
    assert submitter.create(obj) == (False, 201, "")


def test_no_namespace_is_excepted(submitter):
    assert submitter.create(pipeline_run(**step(extensions=BLOCK)), "fuseml") == (True, 201, "")


@pytest.mark.parametrize("seed", range(4))
def test_no_condition_fails_whatever_stands_wherever(submitter, seed):
    for obj in random_objects.odd(100, seed):
        outcome = submitter.create(obj)

        assert "resulted in error" not in outcome.message, json.dumps(obj)
        if obj["kind"] in ("PipelineRun", "TaskRun", "Workflow") and isinstance(obj["spec"], dict):
            if obj["kind"] != "Workflow":
                obj["spec"].pop("extensions", None)  # As the API server does with what Tekton's schema does not know.
            asks = ask({"metadata": {}, **obj}) is not None
            # A key `extensions` where a block is possible is sent; only the adapters can tell that it is none.
            assert outcome.sent == asks or (outcome.sent and '"extensions"' in json.dumps(obj)), json.dumps(obj)


BIG = {
    "200 steps with 7 KB of script": [{"image": "x", "script": "echo a\n" * 1000}] * 200,
    "200 steps with 1 KB of our name": [{"image": "x", "script": "x extensions.fuseml.example.com\n" * 45}] * 200,
    "200 steps with 7 KB of heredocs": [{"image": "x", "script": "cat <<EOF\n" * 700}] * 200,
    "8000 steps": [{"image": "x", "name": f"s{i}", "script": "echo " * 10} for i in range(8000)],
}


@pytest.mark.parametrize("steps", BIG.values(), ids=BIG)
def test_big_runs_that_do_not_ask_are_not_sent(submitter, steps):
    assert submitter.create(tekton("TaskRun", {"taskSpec": {"steps": steps}})) == (False, 201, "")
    assert submitter.create(tekton("TaskRun", {"taskSpec": {"steps": [*steps, {"extensions": BLOCK}]}})).sent


KEY_ELSEWHERE = {"key": {"extensions": 1}}
COSTLY = {
    "heredocs and the word": template(script={"source": "cat <<EOF extension\n" * 75_000}),
    "our name": template(script={"source": "echo extensions.fuseml.org/x\n" * 50_000}),
    "just short enough to be searched for our name": template(
        script={"source": "echo extensions.fuseml.org/x\n" * 13_000}
    ),
    "just short enough to be searched": template(script={"source": "cat <<EOF extension\n" * 18_900}),
    "templates": argo(KEY_ELSEWHERE | {"templates": [{}] * 4050}),
    "dag tasks": argo(KEY_ELSEWHERE | {"templates": [{"dag": {"tasks": [{}] * 4050}}]}),
    "steps": argo(KEY_ELSEWHERE | {"templates": [{"steps": [[{}]] * 2700}]}),
    "tasks": tekton("PipelineRun", {"pipelineSpec": KEY_ELSEWHERE | {"tasks": [{}] * 4050}}),
    "pipelines": tekton("PipelineRun", {"pipelineSpec": KEY_ELSEWHERE | {"tasks": [{"pipelineSpec": {}}] * 800}}),
}


@pytest.mark.parametrize("obj", COSTLY.values(), ids=COSTLY)
def test_no_condition_costs_more_than_the_api_server_allows(submitter, obj):
    outcome = submitter.create(obj)

    assert (outcome.status, outcome.message) == (201, "")
