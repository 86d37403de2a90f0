"""While no webhook answers, runs that ask are refused rather than stored unresolved, and others run as usual."""

import json

import pytest

from tests.e2e.support.api_server_metrics import webhook_calls
from tests.e2e.support.product import answers
from tests.e2e.workloads.runs import SHOW, ended, submit

SELECTOR = {"name": "tracking", "product": "mlflow"}
PREFIX = "extensions.fuseml.org/"


@pytest.fixture
def here(product, kubectl, namespace):
    return kubectl.within(namespace)


@pytest.fixture
def outage(product, wait_for):
    """No replica of the webhook runs."""
    product.kubectl("scale", "deployment/fuseml-webhook", "--replicas=0")
    wait_for(
        lambda: not product.kubectl("get", "pods", "-l", LABEL, "-o", "name"), 120, "the end of the webhook's pods"
    )
    yield
    product.kubectl("scale", "deployment/fuseml-webhook", "--replicas=2")
    product.kubectl("rollout", "status", "deployment/fuseml-webhook", "--timeout=120s", timeout=130)
    answers(product.kubectl)


LABEL = "app.kubernetes.io/component=webhook"


def tekton(kind, version, step, *, selectors=None):
    task = {"taskSpec": {"steps": [step]}}
    spec = task if kind == "TaskRun" else {"pipelineSpec": {"tasks": [{"name": "t", **task}]}}
    annotations = {f"{PREFIX}run-selectors": json.dumps(selectors)} if selectors else {}
    metadata = {"generateName": "demo-", "annotations": annotations}
    return {"apiVersion": f"tekton.dev/{version}", "kind": kind, "metadata": metadata, "spec": spec}


def argo(container, *, annotations=None, kind="Workflow"):
    metadata = {"generateName": "demo-", "annotations": annotations or {}}
    spec = {"entrypoint": "main", "templates": [{"name": "main", "container": container}]}
    if kind == "CronWorkflow":
        spec = {"schedules": ["0 0 1 1 *"], "workflowSpec": spec}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


def asking(container):
    """Every kind of object, with every way to ask."""
    block = {**container, "extensions": [SELECTOR]}
    expression = {**container, "env": [{"name": "X", "value": "<< extension.tracking.url >>"}]}
    selectors = {"*": {"extensions": [SELECTOR]}}
    for version in ("v1", "v1beta1"):
        for kind in ("PipelineRun", "TaskRun"):
            step = {"name": "main"}
            yield f"{version}-{kind}-block", tekton(kind, version, step | block)
            yield f"{version}-{kind}-annotation", tekton(kind, version, step | container, selectors=selectors)
            yield f"{version}-{kind}-expression", tekton(kind, version, step | expression)
    for kind in ("Workflow", "WorkflowTemplate", "CronWorkflow", "ClusterWorkflowTemplate"):
        for level in ("run", "pipeline", "task", "pod"):
            annotations = {f"{PREFIX}{level}-selectors": json.dumps(selectors)}
            yield f"{kind}-{level}-annotation", argo(container, annotations=annotations, kind=kind)
    yield "Workflow-expression", argo(expression)
    for kind in ("Pipeline", "Task"):
        task = {"steps": [{"name": "main", **container}]}
        spec = task if kind == "Task" else {"tasks": [{"name": "t", "taskSpec": task}]}
        metadata = {"generateName": "demo-", "annotations": {f"{PREFIX}task-selectors": json.dumps(selectors)}}
        yield kind, {"apiVersion": "tekton.dev/v1", "kind": kind, "metadata": metadata, "spec": spec}


def silent(container):
    step = {"name": "main", **container}
    yield "v1-PipelineRun", tekton("PipelineRun", "v1", step)
    yield "v1beta1-TaskRun", tekton("TaskRun", "v1beta1", step)
    yield "Workflow", argo(container)
    yield "Pod", {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "demo-"}, "spec": {
        "restartPolicy": "Never", "containers": [{"name": "main", **container}],
    }}  # fmt: skip


def ours(calls):
    return {name: of_webhook["count"] for name, of_webhook in calls.items() if name.endswith(".fuseml.org")}


def test_without_a_webhook_what_asks_is_refused_and_what_does_not_runs(here, kubectl, images, outage):
    container = {"image": images.python, "command": SHOW}
    accepted = {}
    for name, obj in asking(container):
        done = here.run("create", "-f", "-", stdin=obj)
        if not done.returncode or "failed calling webhook" not in done.stderr:
            accepted[name] = done.stdout + done.stderr
    assert accepted == {}
    left = here("get", "pipelineruns,taskruns,workflows,workflowtemplates,cronworkflows,pipelines,tasks", "-o", "name")
    assert left == ""

    before = webhook_calls(kubectl)
    names = [(obj["kind"].lower(), submit(here, obj)) for _, obj in silent(container)]
    assert ours(webhook_calls(kubectl)) == ours(before), "what does not ask waits for no webhook: it is not even tried"
    for kind, name in names[:3]:
        assert ended(here, kind, name) == "Succeeded"


def test_when_the_webhook_is_back_what_was_refused_is_admitted(product, here, images):
    container = {"image": images.python, "command": SHOW}
    spec = {"product": "mlflow", "services": [{"id": "s", "configuration": {"A": "b"}}]}
    here("create", "-f", "-", stdin={
        "apiVersion": "fuseml.org/v1alpha1", "kind": "Extension", "metadata": {"name": "mlflow"}, "spec": spec,
    })  # fmt: skip

    name = submit(here, tekton("PipelineRun", "v1", {"name": "main", **container, "extensions": [SELECTOR]}))

    assert ended(here, "pipelinerun", name) == "Succeeded"
