"""The node itself: runs of both engines end well, with a result passed from one step to the next."""

from tests.e2e.support.images import Images
from tests.e2e.support.kubectl import Kubectl
from tests.e2e.support.node import Node
from tests.e2e.support.waiting import wait_for
from tests.e2e.workloads.runs import ended
from tests.e2e.workloads.two_step_runs import RUN, WORKFLOW, pipeline_run, workflow


def test_a_result_goes_from_one_tekton_task_to_the_next(kubectl: Kubectl, namespace: str, images: Images) -> None:
    here = kubectl.within(namespace)

    here("create", "-f", "-", stdin=pipeline_run(images.busybox))

    assert ended(here, *RUN) == "Succeeded"
    assert here("logs", "-l", "tekton.dev/pipelineTask=greet", "-c", "step-greet") == "hello world\n"


def test_an_output_goes_from_one_argo_step_to_the_next(kubectl: Kubectl, namespace: str, images: Images) -> None:
    here = kubectl.within(namespace)

    here("create", "-f", "-", stdin=workflow(images.busybox))

    assert ended(here, *WORKFLOW) == "Succeeded"
    pods = here.json("get", "pods", "-l", "workflows.argoproj.io/workflow=hello")["items"]
    greeting = next(pod for pod in pods if "-greet-" in pod["metadata"]["name"])
    # Argo adds lines of its own.
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
    since = node.audit_position()

    kubectl.within(namespace)("create", "-f", "-", stdin=pipeline_run(images.busybox))

    made = [
        event
        for event in node.audit(since)
        if event["verb"] == "create"
        and event["objectRef"]["resource"] == "pipelineruns"
        and event["objectRef"]["namespace"] == namespace
    ]
    assert [event["responseObject"]["spec"]["pipelineSpec"]["tasks"][0]["name"] for event in made] == ["word"]
