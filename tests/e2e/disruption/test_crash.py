"""Runs in progress end well although every process of the node is killed."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.support.images import Images
from tests.e2e.support.kubectl import Kubectl
from tests.e2e.support.node import Node
from tests.e2e.support.waiting import wait_for
from tests.e2e.workloads.runs import ended
from tests.e2e.workloads.two_step_runs import RUN, WORKFLOW, pipeline_run, workflow


@pytest.mark.parametrize(
    "shims",
    [
        # Containers go on without the daemons, which take them back.
        pytest.param(False, id="daemons", marks=pytest.mark.full),
        # The running steps are lost; the engines retry them, as the runs say.
        pytest.param(True, id="daemons-and-containers"),
    ],
)
def test_what_ran_when_the_node_crashed_ends_well(
    kubectl: Kubectl, namespace: str, node: Node, images: Images, crash: Callable[..., None], *, shims: bool
) -> None:
    here = kubectl.within(namespace)
    here("create", "-f", "-", stdin=[deployment(images.busybox)])
    here("create", "-f", "-", stdin=pipeline_run(images.busybox, seconds=10, retries=int(shims)))
    # An API server that has just been started refuses what it has not yet read roles for, and Argo reports only once.
    here("create", "-f", "-", stdin=workflow(images.busybox, seconds=10, retries=1))
    wait_for(lambda: len(working(here)) == 3, 90, "two running steps and a running server")

    crash(shims=shims)
    node.start()

    assert ended(here, *RUN) == "Succeeded"
    assert ended(here, *WORKFLOW) == "Succeeded"
    here("rollout", "status", "deployment/server", "--timeout=180s", timeout=200)


def working(here: Kubectl) -> list[str]:
    """The names of the pods whose containers all run."""
    pods = here.api.get("pods")["items"]
    return [
        pod["metadata"]["name"]
        for pod in pods
        if pod["status"]["phase"] == "Running" and all("running" in c["state"] for c in containers(pod))
    ]


def containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    """The states of a pod's containers."""
    return pod["status"].get("containerStatuses", [])


def deployment(image: str) -> dict[str, Any]:
    """A Deployment that runs until it is deleted."""
    labels = {"app": "server"}
    container = {"name": "main", "image": image, "command": ["sleep", "100000"]}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container], "terminationGracePeriodSeconds": 1}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "server"},
        "spec": {"selector": {"matchLabels": labels}, "template": template},
    }
