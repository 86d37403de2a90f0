"""The node itself: runs of both engines end well, also when everything is killed under them."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.images import Images
from tests.e2e.kubectl import Kubectl
from tests.e2e.node import Node
from tests.e2e.waiting import wait_for

RUN = "pipelineruns.tekton.dev/hello"
FLOW = "workflows.argoproj.io/hello"


def test_a_result_goes_from_one_tekton_task_to_the_next(kubectl: Kubectl, namespace: str, images: Images) -> None:
    here = kubectl.within(namespace)

    here("create", "-f", "-", stdin=pipeline_run(images.busybox))

    assert ended(here, RUN) == "Succeeded"
    assert here("logs", "-l", "tekton.dev/pipelineTask=greet", "-c", "step-greet") == "hello world\n"


def test_an_output_goes_from_one_argo_step_to_the_next(kubectl: Kubectl, namespace: str, images: Images) -> None:
    here = kubectl.within(namespace)

    here("create", "-f", "-", stdin=workflow(images.busybox))

    assert ended(here, FLOW) == "Succeeded"
    pods = here.json("get", "pods", "-l", "workflows.argoproj.io/workflow=hello")["items"]
    greeting = next(pod for pod in pods if "-greet-" in pod["metadata"]["name"])
    # Among words of Argo.
    assert "hello world" in here("logs", greeting["metadata"]["name"], "-c", "main").splitlines()


def test_a_pod_runs_python(kubectl: Kubectl, namespace: str, images: Images) -> None:
    here = kubectl.within(namespace)
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "snake"},
        "spec": {
            "restartPolicy": "Never",
            "containers": [{"name": "main", "image": images.python, "command": ["python3", "-c", "print(6 * 7)"]}],
        },
    }

    here("create", "-f", "-", stdin=pod)

    wait_for(lambda: here("logs", "snake") == "42\n", 120, "the pod's output")


def test_the_audit_log_holds_what_was_written(kubectl: Kubectl, namespace: str, node: Node, images: Images) -> None:
    since = node.audit_size()

    kubectl.within(namespace)("create", "-f", "-", stdin=pipeline_run(images.busybox))

    made = [
        event
        for event in node.audit(since)
        if event["verb"] == "create" and event["objectRef"]["resource"] == "pipelineruns"
    ]
    assert [event["responseObject"]["spec"]["pipelineSpec"]["tasks"][0]["name"] for event in made] == ["word"]


@pytest.mark.parametrize(
    "shims",
    [
        # Containers go on without their daemons, which find them again.
        pytest.param(False, id="daemons"),
        # The steps that ran are lost: the engines do what the run's author asked for, and try them again.
        pytest.param(True, id="daemons-and-containers"),
    ],
)
def test_what_ran_when_the_node_crashed_ends_well(
    kubectl: Kubectl, namespace: str, node: Node, images: Images, crash: Callable[..., None], *, shims: bool
) -> None:
    here = kubectl.within(namespace)
    here("create", "-f", "-", stdin=[deployment(images.busybox)])
    here("create", "-f", "-", stdin=pipeline_run(images.busybox, seconds=10, retries=int(shims)))
    here("create", "-f", "-", stdin=workflow(images.busybox, seconds=10, retries=int(shims)))
    wait_for(lambda: len(working(here)) == 3, 90, "two steps and a server at work")

    crash(shims=shims)
    node.start()

    assert ended(here, RUN) == "Succeeded"
    assert ended(here, FLOW) == "Succeeded"
    here("rollout", "status", "deployment/server", "--timeout=180s", timeout=200)


def ended(here: Kubectl, run: str) -> str:
    """How a run ended, in its engine's word."""

    def outcome() -> str | None:
        status = here.json("get", run).get("status", {})
        if "phase" in status:
            return status["phase"] if status["phase"] in ("Succeeded", "Failed", "Error") else None
        conditions = [c for c in status.get("conditions", ()) if c["type"] == "Succeeded" and c["status"] != "Unknown"]
        return conditions[0]["reason"] if conditions else None

    return wait_for(outcome, 180, f"the end of {run}")


def working(here: Kubectl) -> list[str]:
    """The pods all of whose containers run."""
    pods = here.json("get", "pods")["items"]
    return [
        pod["metadata"]["name"]
        for pod in pods
        if pod["status"]["phase"] == "Running" and all("running" in c["state"] for c in containers(pod))
    ]


def containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    """The states of a pod's containers."""
    return pod["status"].get("containerStatuses", [])


def pipeline_run(image: str, *, seconds: int = 0, retries: int = 0) -> dict[str, Any]:
    """Two tasks: the second one greets with the first one's result."""
    word = {
        "name": "word",
        "image": image,
        "script": f"#!/bin/sh\nsleep {seconds}; printf hello > $(results.word.path)\n",
    }
    greet = {"name": "greet", "image": image, "command": ["echo", "$(params.word)", "world"]}
    tasks = [
        {"name": "word", "retries": retries, "taskSpec": {"results": [{"name": "word"}], "steps": [word]}},
        {
            "name": "greet",
            "params": [{"name": "word", "value": "$(tasks.word.results.word)"}],
            "taskSpec": {"params": [{"name": "word"}], "steps": [greet]},
        },
    ]
    return {
        "apiVersion": "tekton.dev/v1",
        "kind": "PipelineRun",
        "metadata": {"name": "hello"},
        "spec": {"pipelineSpec": {"tasks": tasks}},
    }


def workflow(image: str, *, seconds: int = 0, retries: int = 0) -> dict[str, Any]:
    """Two steps: the second one greets with the first one's output."""
    command = ["sh", "-c", f"sleep {seconds}; printf hello > /tmp/word"]
    given = {"parameters": [{"name": "word", "value": "{{steps.word.outputs.parameters.word}}"}]}
    templates = [
        {
            "name": "main",
            "steps": [
                [{"name": "word", "template": "word"}],
                [{"name": "greet", "template": "greet", "arguments": given}],
            ],
        },
        {
            "name": "word",
            "retryStrategy": {"limit": retries, "retryPolicy": "Always"},
            "container": {"image": image, "command": command},
            "outputs": {"parameters": [{"name": "word", "valueFrom": {"path": "/tmp/word"}}]},
        },
        {
            "name": "greet",
            "inputs": {"parameters": [{"name": "word"}]},
            "container": {"image": image, "command": ["echo", "{{inputs.parameters.word}}", "world"]},
        },
    ]
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "hello"},
        "spec": {"entrypoint": "main", "templates": templates},
    }


def deployment(image: str) -> dict[str, Any]:
    """Something that always runs."""
    labels = {"app": "server"}
    container = {"name": "main", "image": image, "command": ["sleep", "100000"]}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container], "terminationGracePeriodSeconds": 1}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "server"},
        "spec": {"selector": {"matchLabels": labels}, "template": template},
    }
