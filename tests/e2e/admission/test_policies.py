"""The admission policies: only the product writes its annotations, and the controller can do little to pods."""

import json

import pytest
from kubernetes.client import CoreV1Api
from kubernetes.client.exceptions import ApiException

from registry.kube.connect import connect
from tests.e2e.workloads.references import PIPELINE, POD, PREFIX, RESOLVED, RUN, WAITING

FORGED = {RESOLVED: "forged", WAITING: "root"}
GIVES = '{"*": {"env": [{"name": "A", "value": "b"}]}}'
CONTROLLER = "--as=system:serviceaccount:fuseml-system:fuseml-controller"
GATE = f"{PREFIX}injection"
TRACKING = "batch.kubernetes.io/job-tracking"
TASK = {"steps": [{"name": "main", "image": "x", "command": ["x"]}]}
TEMPLATES = {"entrypoint": "main", "templates": [{"name": "main", "container": {"image": "x", "command": ["x"]}}]}
# None of these ever starts.
NOTED = {
    "PipelineRun": ("tekton.dev/v1", {"status": "PipelineRunPending", "pipelineSpec": {"tasks": [
        {"name": "t", "taskSpec": TASK}]}}, RUN),
    "TaskRun": ("tekton.dev/v1", {"status": "TaskRunCancelled", "taskSpec": TASK}, RUN),
    "Pipeline": ("tekton.dev/v1", {"tasks": [{"name": "t", "taskSpec": TASK}]}, PIPELINE),
    "Task": ("tekton.dev/v1", TASK, ""),
    "StepAction": ("tekton.dev/v1beta1", {"image": "x", "command": ["x"]}, ""),
    "Workflow": ("argoproj.io/v1alpha1", {**TEMPLATES, "suspend": True}, RUN),
    "WorkflowTemplate": ("argoproj.io/v1alpha1", TEMPLATES, PIPELINE),
    "ClusterWorkflowTemplate": ("argoproj.io/v1alpha1", TEMPLATES, PIPELINE),
    "CronWorkflow": ("argoproj.io/v1alpha1", {
        "schedules": ["0 0 1 1 *"], "suspend": True, "workflowSpec": TEMPLATES}, PIPELINE),
}  # fmt: skip


@pytest.fixture
def here(product, kubectl, namespace):
    return kubectl.within(namespace)


def obj(kind, **metadata):
    version, spec, _ = NOTED[kind]
    return {"apiVersion": version, "kind": kind, "metadata": {"generateName": "demo-", **metadata}, "spec": spec}


def notes(found):
    annotations = found["metadata"].get("annotations", {})
    return {key: annotations[key] for key in FORGED if key in annotations}


def create(here, what, *options):
    return here.json("create", "-f", "-", *options, stdin=what)


@pytest.mark.parametrize("kind", ["PipelineRun", "TaskRun", "Workflow"])
def test_a_note_of_the_author_on_a_run_is_taken_off_and_the_rest_stays(here, kind):
    made = create(here, obj(kind, annotations={**FORGED, "example.com/x": "y"}), "--dry-run=server")

    assert RESOLVED not in notes(made)
    assert made["metadata"]["annotations"]["example.com/x"] == "y"


@pytest.mark.parametrize("kind", sorted(set(NOTED) - {"PipelineRun", "TaskRun", "Workflow"}))
def test_a_note_of_the_author_on_a_definition_gives_nothing(here, kind):
    made = create(here, obj(kind, annotations={**FORGED, "example.com/x": "y"}), "--dry-run=server")

    assert made["spec"] == create(here, obj(kind), "--dry-run=server")["spec"]
    assert made["metadata"]["annotations"]["example.com/x"] == "y"


@pytest.mark.parametrize("metadata", [{}, {"annotations": None}, {"annotations": {}}], ids=str)
@pytest.mark.parametrize("kind", ["TaskRun", "Workflow"])
def test_an_object_may_have_no_annotations(here, kind, metadata):
    assert notes(create(here, obj(kind, **metadata), "--dry-run=server")) == {}


@pytest.mark.parametrize("kind", ["PipelineRun", "TaskRun"])
def test_what_the_webhook_writes_stays_and_cannot_be_changed(here, kind):
    made = create(here, obj(kind, annotations={**FORGED, RUN: GIVES}))
    what = f"{kind.lower()}/{made['metadata']['name']}"
    written = notes(made)
    assert "forged" not in written[RESOLVED]

    here("annotate", "--overwrite", what, f"{RESOLVED}=forged", f"{WAITING}=root")
    assert notes(here.json("get", what)) == written
    here("annotate", what, f"{RESOLVED}-", f"{WAITING}-")
    assert notes(here.json("get", what)) == written
    here("patch", what, "--type=merge", "--patch", '{"metadata": {"annotations": null}}')
    assert notes(here.json("get", what)) == written


@pytest.mark.parametrize("kind", NOTED)
def test_nobody_adds_a_note_later(here, kubectl, kind):
    made = create(here, obj(kind))
    what = f"{kind.lower()}/{made['metadata']['name']}"
    try:
        here("annotate", what, f"{RESOLVED}=forged", f"{WAITING}=root")

        assert notes(here.json("get", what)) == {}
    finally:
        here("delete", what, "--wait=false")


def test_what_the_webhook_changes_later_stays(here):
    kind = "Workflow"
    made = create(here, obj(kind, annotations={RUN: GIVES}))
    what = f"workflow/{made['metadata']['name']}"

    here("annotate", "--overwrite", what, "example.com/x=y", f"{RESOLVED}=forged")

    assert notes(here.json("get", what)) == notes(made)
    assert here.json("get", what)["metadata"]["annotations"]["example.com/x"] == "y"


def pod(**metadata):
    spec = {"containers": [{"name": "main", "image": "x"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "demo-", **metadata}, "spec": spec}


def test_a_pod_has_only_our_notes_unless_a_controller_makes_it(here):
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "1"}
    assert notes(create(here, pod(annotations=FORGED), "--dry-run=server")) == {}
    assert notes(create(here, pod(annotations=FORGED, ownerReferences=[owner]), "--dry-run=server")) == {}

    of_a_controller = pod(annotations=FORGED, ownerReferences=[{**owner, "controller": True}])
    assert notes(create(here, of_a_controller, "--dry-run=server")) == FORGED


def test_a_pod_that_asks_may_be_made_as_pods_may(here):
    """A list may hold the same name twice; a policy that used server-side apply would fail on it."""
    twice = [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]
    ports = [{"containerPort": 80, "name": "a"}, {"containerPort": 80, "name": "b"}]
    what = pod(annotations={POD: GIVES})
    what["spec"]["containers"][0] |= {"env": twice, "ports": ports}
    what["spec"]["schedulingGates"] = [{"name": "example.com/quota"}]

    made = create(here, what, "--dry-run=server")

    assert {"name": "A", "value": "1"} in made["spec"]["containers"][0]["env"]
    assert made["spec"]["schedulingGates"] == [{"name": "example.com/quota"}]
    assert POD not in made["metadata"]["annotations"]


@pytest.fixture
def stored(here):
    """Creates pods that never start, each held by a scheduling gate."""

    def store(gate, **metadata):
        what = pod(**metadata)
        what["spec"]["schedulingGates"] = [{"name": gate}]
        return create(here, what)

    return store


def refusal(here, *words, **more):
    return here.fails(*words, CONTROLLER, **more)


def test_the_controller_makes_pods_in_dry_runs_of_its_own_namespace_only(here, product):
    security = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    what = pod()
    what["spec"]["securityContext"] = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    what["spec"]["containers"][0]["securityContext"] = security

    product.kubectl("create", "-f", "-", "--dry-run=server", CONTROLLER, stdin=what)

    said = refusal(product.kubectl, "create", "-f", "-", stdin=what)
    assert "the controller may create pods only in dry runs" in said
    assert "cannot create resource" in refusal(here, "create", "-f", "-", "--dry-run=server", stdin=what)


def test_the_controller_deletes_only_what_waits_at_our_gate(here, stored):
    others, ours = (stored(gate)["metadata"]["name"] for gate in ("example.com/quota", GATE))

    said = refusal(here, "delete", "pod", others, "--wait=false")
    assert "the controller may change only pods that wait at our gate" in said
    here("delete", "pod", ours, "--wait=false", CONTROLLER)

    assert here("get", "pods", "-o", "name").split() == [f"pod/{others}"]


@pytest.fixture
def patch(here, cluster):
    """Patches a pod as the controller, without reading it first as kubectl would; returns the error message."""
    client = connect(str(cluster))
    client.set_default_header("Impersonate-User", CONTROLLER.removeprefix("--as="))

    def patch(name, *ops):
        try:
            CoreV1Api(client).patch_namespaced_pod(name, here.namespace, list(ops))
        except ApiException as e:
            return json.loads(e.body)["message"]
        return ""

    return patch


CHANGES = {
    "label": [{"op": "add", "path": "/metadata/labels", "value": {"a": "b"}}],
    "annotation": [{"op": "add", "path": "/metadata/annotations", "value": {"a": "b"}}],
    "image": [{"op": "replace", "path": "/spec/containers/0/image", "value": "other"}],
    "gate": [{"op": "remove", "path": "/spec/schedulingGates"}],
    "owner": [{"op": "add", "path": "/metadata/ownerReferences", "value": [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "1"}]}],
    "finalizer of another": [{"op": "remove", "path": "/metadata/finalizers/0"}],
    "one finalizer more": [{"op": "add", "path": "/metadata/finalizers/-", "value": "example.com/more"}],
}  # fmt: skip


def test_the_controller_changes_nothing_but_removes_the_finalizer_of_a_job(here, stored, patch):
    finalizers = ["example.com/keep", TRACKING]
    others, ours = (stored(gate, finalizers=finalizers)["metadata"]["name"] for gate in ("example.com/quota", GATE))
    # Kubernetes itself removes it from a pod that belongs to no Job.
    untrack = {"op": "replace", "path": "/metadata/finalizers", "value": ["example.com/keep"]}
    try:
        for what, ops in CHANGES.items():
            assert "the controller may change nothing but" in patch(ours, *ops), what
        assert "the controller may change only pods" in patch(others, untrack)
        assert patch(ours, untrack) == ""

        assert here.json("get", "pod", ours)["metadata"]["finalizers"] == ["example.com/keep"]
    finally:
        here("patch", "pod", others, "--type=merge", "--patch", '{"metadata": {"finalizers": null}}')
        here("patch", "pod", ours, "--type=merge", "--patch", '{"metadata": {"finalizers": null}}')
