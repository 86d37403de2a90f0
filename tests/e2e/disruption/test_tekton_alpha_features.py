"""Pipelines in pipelines, which Tekton runs when an operator turns its alpha features on for the whole cluster."""

import json

import pytest

from tests.e2e.support.waiting import wait_for
from tests.e2e.workloads.references import ASKS, ODD, SELECTOR, printed, register
from tests.e2e.workloads.runs import SHOW, ended, submit
from tests.e2e.workloads.tekton_objects import obj, ref, step

FLAGS = ("configmap", "feature-flags", "-n", "tekton-pipelines")


@pytest.fixture
def here(product, kubectl, namespace):
    here = kubectl.within(namespace)
    register(here)
    return here


@pytest.fixture
def shows(images):
    """A container that prints its environment."""
    return {"image": images.python, "command": SHOW}


@pytest.fixture
def alpha(kubectl):
    """Tekton with its alpha features turned on."""
    before = kubectl.json("get", *FLAGS)["data"]["enable-api-fields"]
    kubectl("patch", *FLAGS, "--type=merge", "-p", json.dumps({"data": {"enable-api-fields": "alpha"}}))
    yield
    kubectl("patch", *FLAGS, "--type=merge", "-p", json.dumps({"data": {"enable-api-fields": before}}))


def test_pipelines_in_pipelines(here, alpha, shows):
    steps = [step("main", shows), step("silent", shows)]
    here("create", "-f", "-", stdin=[
        obj("Task", "asks", {"steps": steps}, task={"main": ASKS}), obj("Task", "silent", {"steps": steps[:1]}),
    ])  # fmt: skip
    inner = {"tasks": [ref("deep", "silent"), ref("asks", "asks")]}
    block = {"tasks": [{"name": "lifted", "taskSpec": {"steps": [step("main", {**shows, "extensions": [SELECTOR]})]}}]}
    spec = {"tasks": [{"name": "in", "pipelineSpec": inner}, {"name": "block", "pipelineSpec": block}]}
    outer = obj("Pipeline", "outer", spec, pipeline={"in/deep/main": ASKS})
    # It takes some time until Tekton's webhook uses the flag.
    wait_for(lambda: here("create", "-f", "-", stdin=outer), 60, "the outer Pipeline")

    name = submit(here, obj("PipelineRun", "r", {"pipelineRef": {"name": "outer"}}))

    assert ended(here, "pipelinerun", name) == "Succeeded"
    assert printed(here, f"{name}-in") == {"deep/main": ODD, "asks/main": ODD, "asks/silent": {}}
    assert printed(here, f"{name}-block") == {"lifted/main": ODD}
