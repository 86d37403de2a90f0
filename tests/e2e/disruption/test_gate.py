"""Pods that are created while no webhook answers wait; when it is back, they are recreated and their runs go on."""

import random
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.support.api import Api
from tests.e2e.support.api_server_metrics import webhook_calls
from tests.e2e.support.kubectl import Kubectl
from tests.e2e.support.product import answers
from tests.e2e.workloads.argo_objects import found_by_argo
from tests.e2e.workloads.held_steps import UNTIL_LET_GO, held, let_go
from tests.e2e.workloads.references import PIPELINE, POD, PREFIX, RUN, TASK, extension, known, selectors
from tests.e2e.workloads.runs import outcome, submit

GATE = f"{PREFIX}injection"
WEBHOOK, CONTROLLER = "fuseml-webhook", "fuseml-controller"
LABEL = "app.kubernetes.io/component=webhook"
ASKS = {"main": {"extensions": [{"name": "store", "product": "store"}]}}
# A container fails without its variable, and its run with it.
CHECK = ["sh", "-c", 'test "$GIVEN" = works']
TEMPLATE_OF_TWO = "two-steps"
# Two steps that do not ask themselves; the first one waits until the test lets it go on.
HELD = "held-steps"
# A Pipeline that asks on behalf of its Task.
OF_WHOLE = "of-whole-pipeline"


@pytest.fixture
def here(product, kubectl, namespace, images):
    """A namespace with a registered service, and definitions that ask for it."""
    here = kubectl.within(namespace)
    here("apply", "-f", "-", stdin=extension("store", {"GIVEN": "works"}))
    known(here, "store", value="works")
    here("create", "-f", "-", stdin=definitions(images.busybox))
    for template in (HELD, TEMPLATE_OF_TWO):
        found_by_argo(here, template)
    return here


def definitions(image: str) -> list[dict[str, Any]]:
    annotations = {TASK: selectors(ASKS)}
    step = {"name": "main", "image": image, "command": CHECK}
    waits = {**step, "command": ["sh", "-c", f"{UNTIL_LET_GO}; {CHECK[-1]}"]}
    main = {"name": "main", "metadata": {"annotations": annotations}, "container": {"image": image, "command": CHECK}}
    calls = [[{"name": "first", "template": "main"}], [{"name": "second", "template": "main"}]]
    held_calls = [[{"name": "first", "template": "held"}], calls[1]]
    tasks = [
        {"name": "first", "taskRef": {"name": "check"}},
        {"name": "second", "taskRef": {"name": "check"}, "runAfter": ["first"]},
    ]
    return [
        {
            "apiVersion": "tekton.dev/v1",
            "kind": "Task",
            "metadata": {"name": "check", "annotations": annotations},
            "spec": {"steps": [step]},
        },
        {
            "apiVersion": "tekton.dev/v1",
            "kind": "Pipeline",
            "metadata": {"name": TEMPLATE_OF_TWO},
            "spec": {"tasks": tasks},
        },
        {"apiVersion": "tekton.dev/v1", "kind": "Task", "metadata": {"name": "plain"}, "spec": {"steps": [step]}},
        {"apiVersion": "tekton.dev/v1", "kind": "Task", "metadata": {"name": "held"}, "spec": {"steps": [waits]}},
        {
            "apiVersion": "tekton.dev/v1",
            "kind": "Pipeline",
            "metadata": {"name": HELD},
            "spec": {
                "tasks": [{"name": "first", "taskRef": {"name": "held"}}, tasks[1] | {"taskRef": {"name": "plain"}}]
            },
        },
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "WorkflowTemplate",
            "metadata": {"name": HELD},
            "spec": {
                "entrypoint": "all",
                "templates": [
                    {"name": "all", "steps": held_calls},
                    {"name": "held", "container": waits},
                    {"name": "main", "container": step},
                ],
            },
        },
        {
            "apiVersion": "tekton.dev/v1",
            "kind": "Pipeline",
            "metadata": {"name": OF_WHOLE, "annotations": {PIPELINE: selectors({"only/main": ASKS["main"]})}},
            "spec": {"tasks": [{"name": "only", "taskRef": {"name": "plain"}}]},
        },
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "WorkflowTemplate",
            "metadata": {"name": TEMPLATE_OF_TWO},
            "spec": {"entrypoint": "all", "templates": [{"name": "all", "steps": calls}, main]},
        },
    ]


def pipeline_run(pipeline: str = TEMPLATE_OF_TWO) -> dict[str, Any]:
    spec = {"pipelineRef": {"name": pipeline}}
    return {"apiVersion": "tekton.dev/v1", "kind": "PipelineRun", "metadata": {"generateName": "p-"}, "spec": spec}


def asking_as_a_whole() -> list[dict[str, Any]]:
    """Runs that ask for all referenced steps, the first of which waits until the test lets it go on."""
    pipeline, flow = pipeline_run(HELD), workflow()
    flow["spec"] = {"workflowTemplateRef": {"name": HELD}}
    for run in (pipeline, flow):
        run["metadata"]["annotations"] = {RUN: selectors({"*": ASKS["main"]})}
    return [pipeline, flow]


def task_run() -> dict[str, Any]:
    spec = {"taskRef": {"name": "check"}}
    return {"apiVersion": "tekton.dev/v1", "kind": "TaskRun", "metadata": {"generateName": "t-"}, "spec": spec}


def workflow(entrypoint: str = "all") -> dict[str, Any]:
    spec = {"entrypoint": entrypoint, "workflowTemplateRef": {"name": TEMPLATE_OF_TWO}}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"generateName": "w-"}, "spec": spec}


def pod_spec(image: str) -> dict[str, Any]:
    container = {"name": "main", "image": image, "command": CHECK}
    return {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1, "containers": [container]}


def job(image: str, *, backoff: int, **more: Any) -> dict[str, Any]:
    template = {"metadata": {"annotations": {POD: selectors(ASKS)}}, "spec": pod_spec(image)}
    spec = {"backoffLimit": backoff, "template": template, **more}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"generateName": "j-"}, "spec": spec}


def bare_pod(image: str, **spec: Any) -> dict[str, Any]:
    metadata = {"name": "bare", "annotations": {POD: selectors(ASKS)}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {**pod_spec(image), **spec}}


def scale(product, deployment: str, replicas: int) -> None:
    product.kubectl("scale", f"deployment/{deployment}", f"--replicas={replicas}")


def gone(product, deployment: str, wait_for) -> None:
    label = f"app.kubernetes.io/component={deployment.removeprefix('fuseml-')}"
    scale(product, deployment, 0)
    # Without waiting until they have drained.
    product.kubectl("delete", "pods", "-l", label, "--grace-period=1", "--wait=false")
    wait_for(lambda: not product.kubectl("get", "pods", "-l", label, "-o", "name"), 60, f"the end of {deployment}")


@pytest.fixture
def away(product, wait_for):
    """Scales deployments to zero; after the test they run again."""
    yield lambda *deployments: [gone(product, deployment, wait_for) for deployment in deployments]
    back(product)


def back(product) -> None:
    scale(product, WEBHOOK, 2)
    scale(product, CONTROLLER, 1)
    for deployment in (WEBHOOK, CONTROLLER):
        product.kubectl("rollout", "status", f"deployment/{deployment}", "--timeout=120s", timeout=130)
    answers(product.kubectl)


def gated(here: Kubectl) -> dict[str, str]:
    """The pods that wait at the product's gate, each with the name of its owner."""
    return {
        pod["metadata"]["name"]: pod["metadata"].get("ownerReferences", [{"name": ""}])[0]["name"]
        for pod in here.api.get("pods")["items"]
        if {"name": GATE} in pod["spec"].get("schedulingGates", [])
    }


def reported(here: Kubectl) -> dict[str, str]:
    """The messages of events about waiting pods, by pod."""
    events = here.api.get("events", query="fieldSelector=reason%3DWaitingForInjection")["items"]
    return {event["involvedObject"]["name"]: event["message"] for event in events}


def reported_once(here: Kubectl) -> bool:
    """True if there is one event for each pod; a controller that takes over may repeat one."""
    events = here.api.get("events", query="fieldSelector=reason%3DWaitingForInjection")["items"]
    return len({event["involvedObject"]["uid"] for event in events}) == len(events)


def unfinished(here: Kubectl) -> list[str]:
    """The runs that have not ended; a failed one is an error."""
    return [
        f"{resource}/{obj['metadata']['name']}"
        for resource in ("pipelineruns", "taskruns", "workflows", "jobs")
        for obj in here.api.get(resource)["items"]
        if not has_succeeded(resource, obj)
    ]


def has_succeeded(resource: str, obj: dict[str, Any]) -> bool:
    if resource == "jobs":
        status = obj.get("status", {})
        assert not status.get("failed"), f"{obj['metadata']['name']}: {status}"
        return any(c["type"] == "Complete" and c["status"] == "True" for c in status.get("conditions", ()))
    said = outcome(obj)
    assert said in ("", "Succeeded"), f"{obj['metadata']['name']}: {said}"
    return bool(said)


def all_well(here: Kubectl, *, timeout: float, pods: int) -> None:
    """Wait until all runs have succeeded, and all pods had what they asked for."""
    deadline = time.monotonic() + timeout
    while going := unfinished(here):
        assert time.monotonic() < deadline, f"{going}\n{here('get', 'pods', '-o', 'wide')}"
        time.sleep(1)
    found = here.api.get("pods")["items"]
    lacking = [
        pod["metadata"]["name"] for pod in found
        if not any(e.get("name") == "GIVEN" for c in pod["spec"]["containers"] for e in c.get("env", ()))
    ]  # fmt: skip
    assert lacking == []
    assert len(found) == pods
    # A pod ends some moments after its run.
    phases = {"Running"}
    while phases & {"Running", "Pending"} and time.monotonic() < deadline:
        phases = {pod["status"]["phase"] for pod in here.api.get("pods")["items"]}
    assert phases == {"Succeeded"}
    assert gated(here) == {}


@pytest.mark.parametrize(
    "deployments",
    [
        pytest.param([WEBHOOK], id="webhook"),
        pytest.param([WEBHOOK, CONTROLLER], id="webhook-and-controller", marks=pytest.mark.full),
    ],
)
def test_pods_created_in_an_outage_wait_and_then_get_what_they_asked_for(
    product, here, images, away, wait_for, deployments
):
    going_on = [submit(here, obj) for obj in asking_as_a_whole()]
    first_steps = held(here, len(going_on))
    away(*deployments)
    let_go(here, first_steps)
    indexed = {"completions": 2, "parallelism": 2, "completionMode": "Indexed"}
    runs = going_on + [
        submit(here, obj) for obj in (
            pipeline_run(), pipeline_run(OF_WHOLE), task_run(), workflow(), job(images.busybox, backoff=0),
            job(images.busybox, backoff=3), job(images.busybox, backoff=0, **indexed),
        )
    ]  # fmt: skip

    waiting = wait_for(lambda: (found := gated(here)) and len(found) == 10 and found, 90, "a pod of each that waits")
    assert all(any(maker.startswith(run) for maker in waiting.values()) for run in runs)
    if CONTROLLER not in deployments:
        wait_for(lambda: reported(here).keys() >= waiting.keys(), 30, "an event for each")
        assert {message.rpartition("; ")[2] for message in reported(here).values()} == {
            "it is recreated when the webhook is back"
        }
        assert gated(here).keys() == waiting.keys(), "it is not deleted while the webhook is away"
        assert reported_once(here)
    back(product)

    all_well(here, timeout=180, pods=14)
    assert reported(here).keys() >= waiting.keys()


def test_a_controller_that_starts_later_finds_the_pods_that_wait(product, here, images, away, wait_for):
    away(WEBHOOK, CONTROLLER)
    for obj in (task_run(), job(images.busybox, backoff=0)):
        submit(here, obj)
    wait_for(lambda: len(gated(here)) == 2, 60, "two pods that wait")

    back(product)

    all_well(here, timeout=120, pods=2)


def test_a_pod_without_an_owner_stays_and_an_event_says_what_to_do(product, here, images, away, wait_for):
    away(WEBHOOK)
    node = here.json("get", "nodes")["items"][0]["metadata"]["name"]
    here("create", "-f", "-", stdin=bare_pod(images.busybox))
    said = here.fails("create", "-f", "-", "--dry-run=server", stdin=bare_pod(images.busybox, nodeName=node))
    assert 'failed calling webhook "bound-pods.extensions.fuseml.org"' in said

    message = wait_for(lambda: reported(here).get("bare"), 30, "an event")

    assert message.endswith("nothing recreates it: delete it, and create it again when the webhook is back")
    assert "WaitingForInjection" in here("describe", "pod", "bare")
    back(product)
    time.sleep(6)
    assert gated(here) == {"bare": ""}
    here("delete", "pod", "bare", timeout=30)
    here("create", "-f", "-", stdin=bare_pod(images.busybox))
    wait_for(lambda: here.json("get", "pod", "bare")["status"]["phase"] == "Succeeded", 60, "its end")
    assert POD not in here.json("get", "pod", "bare")["metadata"]["annotations"]


def test_plain_pods_cost_the_webhook_nothing(here, kubectl, cluster, images):
    """By the API server's own count of its calls."""
    api = Api(Path(cluster), here.namespace)
    plain = {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "x-"}, "spec": pod_spec(images.busybox)}
    noted = {**plain, "metadata": {"generateName": "x-", "annotations": {"example.com/note": "x"}}}

    before = calls(kubectl)
    for _ in range(250):
        assert api.create(plain, dry_run=True)[0] == api.create(noted, dry_run=True)[0] == 201
    assert calls(kubectl) == before

    asking = bare_pod(images.busybox)
    assert all(api.create(asking, dry_run=True)[0] == 201 for _ in range(10))
    assert calls(kubectl) == before + 10


def calls(kubectl: Kubectl) -> float:
    return sum(
        of_webhook["count"] for name, of_webhook in webhook_calls(kubectl).items()
        if name.endswith("pods.extensions.fuseml.org")
    )  # fmt: skip


@pytest.fixture
def killing(product):
    """Kills webhooks until the test calls it, or ends."""
    stop = threading.Event()
    chance = random.Random(7)
    turns = []

    def kill() -> None:
        while not stop.wait(chance.uniform(1, 4)):
            pods = product.kubectl("get", "pods", "-l", LABEL, "-o", "name").split()
            # Every third time all of them, so that for some seconds none is left.
            chosen = pods if len(turns) % 3 == 2 else pods[:1]
            turns.append(len(chosen))
            if chosen:
                product.kubectl.run("delete", "--grace-period=0", "--force", "--wait=false", *chosen)

    thread = threading.Thread(target=kill)
    thread.start()

    def end() -> int:
        stop.set()
        thread.join()
        back(product)
        return sum(turns)

    yield end
    end()


@pytest.mark.parametrize("count", [15, pytest.param(50, marks=pytest.mark.full)])
def test_no_run_fails_while_webhooks_are_killed(product, here, images, killing, tell, count):
    makers = [
        task_run,
        lambda: pipeline_run(OF_WHOLE),
        lambda: workflow("main"),
        *[lambda: job(images.busybox, backoff=0)] * 2,
    ]
    for i in range(count):
        submit(here, makers[i % len(makers)]())
        time.sleep(0.8)
    killed = killing()

    all_well(here, timeout=240, pods=count)
    tell(f"{killed} webhooks killed; {len(reported(here))} pods had to wait")
