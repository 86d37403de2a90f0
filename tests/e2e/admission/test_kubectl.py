"""What users of kubectl see when they create, apply, annotate and dry-run."""

import copy

import pytest
import yaml

from tests.e2e.support.waiting import wait_for
from tests.e2e.workloads.runs import SHOW, ended, environments, submit

RESOLVED = "extensions.fuseml.org/resolved"
SELECTORS = "extensions.fuseml.org/run-selectors"
SELECTOR = {"name": "tracking", "product": "mlflow"}
# A run that never starts stays as it was admitted.
PENDING = {"spec": {"status": "PipelineRunPending"}}


@pytest.fixture
def here(product, kubectl, namespace):
    return kubectl.within(namespace)


@pytest.fixture
def register(here):
    def _register(uri, *, name="mlflow", version="1.0.0", **service):
        spec = {"product": "mlflow", "version": version}
        endpoint = {"url": uri, "type": "internal", "configuration": {"MLFLOW_TRACKING_URI": uri}}
        spec["services"] = [{"id": "tracking", "endpoints": [endpoint], **service}]
        metadata = {"name": name}
        here("apply", "-f", "-", stdin={**EXTENSION, "metadata": metadata, "spec": spec})

    return _register


EXTENSION = {"apiVersion": "fuseml.org/v1alpha1", "kind": "Extension"}


@pytest.fixture
def step(images):
    return {"name": "main", "image": images.python, "command": SHOW, "extensions": [SELECTOR]}


@pytest.fixture
def pipeline_run(step):
    return {
        "apiVersion": "tekton.dev/v1",
        "kind": "PipelineRun",
        "metadata": {"name": "demo"},
        "spec": {"pipelineSpec": {"tasks": [{"name": "train", "taskSpec": {"steps": [step]}}]}, **PENDING["spec"]},
    }


@pytest.fixture
def workflow(images):
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "demo", "annotations": {SELECTORS: yaml.safe_dump({"main": {"extensions": [SELECTOR]}})}},
        "spec": {
            "entrypoint": "main",
            "suspend": True,
            "templates": [{"name": "main", "container": {"image": images.python, "command": SHOW}}],
        },
    }


def env_of(run):
    """The variables of a run's only step."""
    if run["kind"] == "Workflow":
        container = run["spec"]["templates"][0]["container"]
    else:
        spec = run["spec"]
        task = spec["pipelineSpec"]["tasks"][0] if "pipelineSpec" in spec else spec
        container = task["taskSpec"]["steps"][0]
    assert "extensions" not in container
    return {entry["name"]: entry.get("value") for entry in container.get("env", ())}


def state_of(run):
    """What must not change: everything but the bookkeeping of the API server and the engines."""
    metadata = {key: run["metadata"].get(key) for key in ("uid", "labels", "ownerReferences")}
    notes = {key: value for key, value in run["metadata"]["annotations"].items() if "last-applied" not in key}
    return metadata, notes, significant(run["spec"])


def significant(value):
    """*value* without empty fields, which Argo's controller writes and kubectl removes again."""
    if isinstance(value, dict):
        return {key: significant(item) for key, item in value.items() if item not in ({}, "")}
    return [significant(item) for item in value] if isinstance(value, list) else value


def seen_by_its_engine(here, kind):
    """The run after its controller's first update, in which Argo's fills in defaults."""
    wait_for(lambda: here.json("get", kind.lower(), "demo").get("status"), 60, f"status of {kind}")
    return here.json("get", kind.lower(), "demo")


KINDS = ["pipeline_run", "workflow"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_dry_run_shows_what_would_be_stored_and_stores_nothing(here, register, request, kind):
    run = request.getfixturevalue(kind)
    register("http://mlflow:5000")
    before = here("get", "pipelineruns,taskruns,workflows,pods,secrets,configmaps,events", "-o", "name")

    shown = yaml.safe_load(here("create", "--dry-run=server", "-o", "yaml", "-f", "-", stdin=run))

    assert env_of(shown) == {"MLFLOW_TRACKING_URI": "http://mlflow:5000"}
    assert SELECTORS not in shown["metadata"]["annotations"]
    assert here("get", "pipelineruns,taskruns,workflows,pods,secrets,configmaps,events", "-o", "name") == before
    stored = here.json("create", "-f", "-", stdin=run)
    assert state_of(stored)[1:] == state_of(shown)[1:]


# Argo's controller updates the whole object, and so becomes the owner of the fields that kubectl has applied.
SERVER_SIDE = ["--server-side", "--force-conflicts"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_dry_run_leaves_etcd_as_it_is(here, register, node, request, kind):
    run = request.getfixturevalue(kind)
    register("http://mlflow:5000")
    # What others write into a namespace in which that has happened.
    here("wait", "--for=condition=Ready", "ext", "--all", "--timeout=60s", timeout=70)
    here("wait", "--for=create", "configmap/kube-root-ca.crt", "--timeout=60s", timeout=70)
    before = node.keys(f"/{here.namespace}/")

    here("create", "--dry-run=server", "-f", "-", stdin=run)

    assert before
    assert node.keys(f"/{here.namespace}/") == before


@pytest.mark.parametrize("options", [[], SERVER_SIDE], ids=["client-side", "server-side"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_same_manifest_can_be_applied_again_though_the_registry_has_changed(here, register, request, kind, options):
    run = request.getfixturevalue(kind)
    register("http://old:5000")
    here("apply", *options, "-f", "-", stdin=run)
    first = seen_by_its_engine(here, run["kind"])

    register("http://new:5000")
    here("apply", *options, "-f", "-", stdin=run)
    again = here.json("get", run["kind"].lower(), "demo")

    assert env_of(first) == {"MLFLOW_TRACKING_URI": "http://old:5000"}
    assert state_of(again) == state_of(first)


@pytest.mark.parametrize("kind", KINDS)
def test_asking_for_something_else_later_is_refused(here, register, request, kind):
    run = request.getfixturevalue(kind)
    register("http://mlflow:5000")
    here("apply", "-f", "-", stdin=run)
    stored = seen_by_its_engine(here, run["kind"])
    other = yaml.safe_load(yaml.safe_dump(run).replace("product: mlflow", "product: other"))

    message = here.fails("apply", "-f", "-", stdin=other)

    assert "what a run asks for is fixed when it is created, and this differs" in message
    assert here.json("get", run["kind"].lower(), "demo")["spec"] == stored["spec"]


@pytest.mark.parametrize("kind", KINDS)
def test_annotating_and_labelling_change_nothing_else(here, register, request, kind):
    run = request.getfixturevalue(kind)
    register("http://mlflow:5000")
    here("create", "-f", "-", stdin=run)
    before = seen_by_its_engine(here, run["kind"])

    here("annotate", run["kind"].lower(), "demo", "a=b")
    here("label", run["kind"].lower(), "demo", "c=d")

    after = here.json("get", run["kind"].lower(), "demo")
    assert after["spec"] == before["spec"]
    assert after["metadata"]["annotations"] == {**before["metadata"]["annotations"], "a": "b"}


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
@pytest.mark.parametrize("kind", ["PipelineRun", "TaskRun"])
def test_every_version_with_a_generated_name(here, register, step, version, kind):
    register("http://mlflow:5000")
    task = {"taskSpec": {"steps": [step]}}
    run = {
        "apiVersion": f"tekton.dev/{version}",
        "kind": kind,
        "metadata": {"generateName": "demo-"},
        "spec": task if kind == "TaskRun" else {"pipelineSpec": {"tasks": [{"name": "t", **task}]}},
    }

    name = submit(here, run)

    assert ended(here, kind.lower(), name) == "Succeeded"
    (shown,) = environments(here, f"tekton.dev/{kind[0].lower()}{kind[1:]}={name}").values()
    assert shown == {"MLFLOW_TRACKING_URI": "http://mlflow:5000"}


def test_a_refusal_is_ours_and_can_be_read_on_a_terminal(here, register, pipeline_run):
    register("http://mlflow:5000")
    steps = pipeline_run["spec"]["pipelineSpec"]["tasks"][0]["taskSpec"]["steps"]
    steps[0] = {**steps[0], "extensions": [{"name": "tracking", "product": "mlfow"}]}
    steps.append({**steps[0], "name": "second", "extensions": [{"product": "mlflow"}]})

    message = here.fails("create", "-f", "-", stdin=pipeline_run)

    first, *rest = message.rstrip().splitlines()
    assert first == (
        'The request is invalid: error when creating "STDIN": admission webhook "tekton.extensions.fuseml.org" '
        "denied the request: tasks[train].steps[main]: selector 'tracking' (product=mlfow): nothing fits; nothing "
        "registered has product 'mlfow'; did you mean 'mlflow'?"
    )
    assert rest == [
        "tasks[train].steps[second]: extensions[0]: name: is required: expressions use it, as in "
        "<< extension.NAME.url >>"
    ]


def test_warnings_are_kubectls_warnings(here, register, pipeline_run):
    register("http://old:5000", name="mlflow-a", version="1.0.0")
    register("http://new:5000", name="mlflow-b", version="2.0.0")

    done = here.run("create", "-f", "-", stdin=pipeline_run)

    assert done.returncode == 0
    assert done.stderr == (
        "Warning: tasks[train].steps[main]: selector 'tracking': mlflow-b/tracking chosen over mlflow-a/tracking: its "
        "version '2.0.0' is …\n"
    )
    assert env_of(here.json("get", "pipelinerun", "demo")) == {"MLFLOW_TRACKING_URI": "http://new:5000"}


POD_SELECTORS = "extensions.fuseml.org/pod-selectors"
NOWHERE = yaml.safe_dump({"*": {"extensions": [{"name": "x", "product": "nowhere"}]}})


def workload(kind, image, text=NOWHERE):
    """An object whose pods ask for *text*."""
    pods = {"labels": {"app": "x"}, "annotations": {POD_SELECTORS: text}}
    container = {"name": "a", "image": image, "command": ["true"]}
    job = {"template": {"metadata": pods, "spec": {"restartPolicy": "Never", "containers": [container]}}}
    apps = {
        "selector": {"matchLabels": {"app": "x"}},
        "template": {"metadata": pods, "spec": {"containers": [container]}},
    }
    version, spec = {
        "Job": ("batch/v1", job),
        "CronJob": ("batch/v1", {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": job}}),
        "Deployment": ("apps/v1", apps),
        "StatefulSet": ("apps/v1", {**apps, "serviceName": "x"}),
        "DaemonSet": ("apps/v1", apps),
        "ReplicaSet": ("apps/v1", apps),
        "ReplicationController": ("v1", {**apps, "selector": {"app": "x"}}),
    }[kind]
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "demo"}, "spec": spec}


@pytest.mark.parametrize(
    "kind", ["Job", "CronJob", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController"]
)
def test_an_object_whose_pods_will_be_refused_is_admitted_with_a_warning(here, register, images, kind):
    register("http://mlflow:5000")
    fits = yaml.safe_dump({"*": {"extensions": [SELECTOR]}})

    done = here.run("create", "--dry-run=server", "-f", "-", stdin=workload(kind, images.python))

    assert done.returncode == 0
    assert done.stderr.startswith("Warning: its pods will be refused: container a: selector 'x' (product=nowhere)")
    assert here.run("create", "--dry-run=server", "-f", "-", stdin=workload(kind, images.python, fits)).stderr == ""


@pytest.mark.parametrize("kind", ["pipeline_run", "workflow", "Job"])
def test_whose_annotation_alone_is_misspelt_gets_a_warning(here, request, images, kind):
    obj = workload(kind, images.python) if kind == "Job" else request.getfixturevalue(kind)
    if kind == "pipeline_run":
        obj["metadata"]["annotations"] = {SELECTORS: NOWHERE}
        for step in obj["spec"]["pipelineSpec"]["tasks"][0]["taskSpec"]["steps"]:
            del step["extensions"]
    obj = yaml.safe_load(yaml.safe_dump(obj).replace("extensions.fuseml.org/", "extension.fuseml.org/"))

    done = here.run("create", "--dry-run=server", "-f", "-", stdin=obj)

    assert done.returncode == 0
    assert "is not read: write extensions.fuseml.org/" in done.stderr


def test_a_definition_that_nothing_fits_is_saved_with_a_warning(here, register, images):
    register("http://mlflow:5000")
    task = {
        "apiVersion": "tekton.dev/v1",
        "kind": "Task",
        "metadata": {"name": "demo", "annotations": {"extensions.fuseml.org/task-selectors": NOWHERE}},
        "spec": {"steps": [{"name": "main", "image": images.python, "command": ["true"]}]},
    }

    done = here.run("create", "-f", "-", stdin=task)

    assert done.returncode == 0
    assert done.stderr.startswith("Warning: pods that come of it in this namespace would be refused: steps[main]: ")


def test_what_cannot_be_lifted_from_a_definition_is_refused_with_advice(here, step):
    step = step | {"args": ["<< extension.tracking.url >>"]}
    pipeline = {
        "apiVersion": "tekton.dev/v1",
        "kind": "Pipeline",
        "metadata": {"name": "demo"},
        "spec": {"tasks": [{"name": "train", "taskSpec": {"steps": [step]}}]},
    }

    message = here.fails("create", "-f", "-", stdin=pipeline)

    assert "tasks[train].steps[main].args[0]: in a definition, expressions are read in the env of steps only" in message


def test_a_private_extension_is_seen_from_its_own_namespace_only(here, register, pipeline_run, kubectl, new_namespace):
    register("http://private:5000")
    elsewhere = kubectl.within(new_namespace())

    assert env_of(here.json("create", "-f", "-", stdin=pipeline_run)) == {"MLFLOW_TRACKING_URI": "http://private:5000"}
    message = elsewhere.fails("create", "-f", "-", stdin=pipeline_run)
    assert "nothing fits" in message
    assert "private" not in message


def test_the_project_of_a_run_is_its_namespaces_label(product, kubectl, new_namespace, pipeline_run):
    here = kubectl.within(new_namespace(**{"extensions.fuseml.org/project": "alpha"}))
    credentials = {"secretRef": {"name": "login"}, "configuration": {"KEY": "key"}, "scope": "project"}
    service = {"id": "s", "credentials": [{"id": p, "projects": [p], **credentials} for p in ("alpha", "beta")]}
    spec = {"product": "mlflow", "services": [{**service, "auth_required": True}]}
    here("create", "-f", "-", stdin={**EXTENSION, "metadata": {"name": "e"}, "spec": spec})

    stored = here.json("create", "--dry-run=server", "-f", "-", stdin=pipeline_run)

    note = yaml.safe_load(stored["metadata"]["annotations"][RESOLVED])
    (given,) = note["given"]
    assert given["selectors"]["tracking"]["credentials"] == "alpha"
    here("label", "namespace", here.namespace, "extensions.fuseml.org/project=gamma", "--overwrite")
    assert "requires credentials and has none for project 'gamma'" in here.fails(
        "create", "--dry-run=server", "-f", "-", stdin=pipeline_run
    )


def test_a_stored_run_ends_well_although_its_service_is_no_longer_registered(here, register, pipeline_run):
    """Later updates by controllers are not resolved again."""
    register("http://mlflow:5000")
    run = copy.deepcopy(pipeline_run)
    del run["spec"]["status"]
    here("create", "-f", "-", stdin=run)

    here("delete", "extension", "mlflow")

    assert ended(here, "pipelinerun", "demo") == "Succeeded"
