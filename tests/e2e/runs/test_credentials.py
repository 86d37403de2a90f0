"""Shared credentials reach the steps of every namespace that may have them, in whatever way they ask."""

import json
import uuid

import pytest

from tests.e2e.support.product import REGISTRY
from tests.e2e.support.waiting import wait_for
from tests.e2e.workloads.argo_objects import found_by_argo, template
from tests.e2e.workloads.argo_objects import obj as argo
from tests.e2e.workloads.references import POD, extension, metadata, selectors
from tests.e2e.workloads.runs import SHOW, ended, environments, submit

PROJECT = "extensions.fuseml.org/project"
SOURCE = "extensions.fuseml.org/extension"


@pytest.fixture
def shared(product, kubectl):
    """Registers a store for everyone, whose login is in a Secret of the registry's namespace; gives name and values."""
    made = []

    def register(**scope):
        name = f"store-{uuid.uuid4().hex[:8]}"
        made.append(name)
        values = {"rootUser": f"user-{uuid.uuid4().hex}", "root.Password": f"password-{uuid.uuid4().hex}"}
        secret = {"name": f"{name}-login", "namespace": REGISTRY, "labels": {SOURCE: name}}
        mapping = {"AWS_ACCESS_KEY_ID": "rootUser", "AWS_SECRET_ACCESS_KEY": "root.Password", "AGAIN": "rootUser"}
        login = {"id": "default", "secretRef": {"name": secret["name"]}, "configuration": mapping, **scope}
        record = extension(name, {}, resource="s3", auth_required=True, credentials=[login])
        record["metadata"]["namespace"] = REGISTRY
        kubectl("apply", "-f", "-", stdin=[
            {"apiVersion": "v1", "kind": "Secret", "metadata": secret, "stringData": values}, record,
        ])  # fmt: skip
        user, password = values["rootUser"], values["root.Password"]
        return name, {"AWS_ACCESS_KEY_ID": user, "AWS_SECRET_ACCESS_KEY": password, "AGAIN": user}

    yield register
    for name in made:
        kubectl("delete", "extension", name, "-n", REGISTRY, "--ignore-not-found")
        kubectl("delete", "secret", f"{name}-login", "-n", REGISTRY, "--ignore-not-found")


@pytest.fixture
def team(kubectl, new_namespace):
    """A namespace with a project, or without one."""
    return lambda project="": kubectl.within(new_namespace(**({PROJECT: project} if project else {})))


def asking(product):
    return {"extensions": [{"name": "store", "product": product, "service_resource": "s3"}]}


def runs_of_every_kind(product, image):
    """Definitions, and runs that ask in every way there is, by kind and name."""
    shows = {"name": "main", "image": image, "command": SHOW}
    container = {"image": image, "command": SHOW}
    asks = asking(product)
    task = {"kind": "Task", "metadata": metadata("asks", task={"main": asks}), "spec": {"steps": [shows]}}
    pipeline = {
        "kind": "Pipeline",
        "metadata": {"name": "asks"},
        "spec": {"tasks": [{"name": "t", "taskRef": {"name": "asks"}}]},
    }
    templates = [template("main", asks={"main": asks}, container=container)]
    definitions = [
        {"apiVersion": "tekton.dev/v1", **task},
        {"apiVersion": "tekton.dev/v1", **pipeline},
        argo("WorkflowTemplate", "asks", {"entrypoint": "main", "templates": templates}),
    ]
    inline = {"pipelineSpec": {"tasks": [{"name": "t", "taskSpec": {"steps": [{**shows, **asks}]}}]}}
    pod = {"restartPolicy": "Never", "containers": [shows]}
    job = {"backoffLimit": 0, "template": {"metadata": {"annotations": {POD: selectors({"main": asks})}}, "spec": pod}}
    runs = [
        {"apiVersion": "tekton.dev/v1", "kind": "PipelineRun", "metadata": {"name": "inline"}, "spec": inline},
        {"apiVersion": "tekton.dev/v1", "kind": "PipelineRun", "metadata": {"name": "referenced"},
         "spec": {"pipelineRef": {"name": "asks"}}},
        argo("Workflow", "inline", {"entrypoint": "main", "templates": [template("main", container=container)]},
             run={"main": asks}),
        argo("Workflow", "referenced", {"workflowTemplateRef": {"name": "asks"}}),
        {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "job"}, "spec": job},
    ]  # fmt: skip
    return definitions, runs


def given_to(here, kind, name, wanted):
    """What the only step of a run has printed of the variables *wanted*, when the run has succeeded."""
    label = {"pipelinerun": "tekton.dev/pipelineRun", "workflow": "workflows.argoproj.io/workflow"}.get(kind)
    if label:
        assert ended(here, kind, name) == "Succeeded"
    else:
        wait_for(lambda: here.api.get("jobs", name)["status"].get("succeeded"), 180, f"the end of Job {name}")
    (seen,) = environments(here, f"{label or 'batch.kubernetes.io/job-name'}={name}").values()
    return {variable: seen.get(variable) for variable in wanted}


def test_every_way_to_ask_gives_the_values_in_each_namespace_and_specs_hold_references(shared, team, images, wait_for):
    product, values = shared()
    definitions, runs = runs_of_every_kind(product, images.python)
    teams = [team("red"), team("blue")]

    for here in teams:
        here("create", "-f", "-", stdin=definitions)
        found_by_argo(here, "asks")
        here("create", "-f", "-", stdin=runs)

    for here in teams:
        for run in runs:
            kind, name = run["kind"].lower(), run["metadata"]["name"]
            assert given_to(here, kind, name, values) == values, (here.namespace, kind, name)
        stored = here("get", "pipelineruns,taskruns,workflows,jobs,pods,events", "-o", "json")
        assert not [value for value in values.values() if value in stored]


def test_a_namespace_without_a_project_is_refused_with_the_remedy_which_then_works(shared, team, images):
    product, values = shared()
    here = team()
    _, runs = runs_of_every_kind(product, images.python)

    message = here.fails("create", "-f", "-", stdin=runs[0])
    remedy = f"kubectl label namespace {here.namespace} {PROJECT}=NAME"
    assert remedy in message
    assert "verb assign on projects.fuseml.org" in message
    here("label", "namespace", here.namespace, f"{PROJECT}=red")
    name = submit(here, runs[0])

    assert given_to(here, "pipelinerun", name, values) == values


def test_a_login_reaches_the_projects_that_it_is_for_and_no_others(shared, team, images):
    product, _ = shared(scope="project", projects=["red"])
    _, runs = runs_of_every_kind(product, images.python)
    red, blue = team("red"), team("blue")

    submit(red, runs[0])
    message = blue.fails("create", "-f", "-", stdin=runs[0])

    assert "requires credentials and has none for project 'blue'" in message
    assert "fuseml-credentials" in red("get", "secrets", "-o", "name")
    assert "fuseml-credentials" not in blue("get", "secrets", "-o", "name")


def test_a_changed_secret_reaches_the_next_pod_and_a_removed_one_goes(shared, team, kubectl, images):
    product, values = shared()
    here = team("red")
    _, runs = runs_of_every_kind(product, images.python)
    submit(here, runs[0])

    def copies():
        return [s for s in here.api.get("secrets")["items"] if s["metadata"]["name"].startswith("fuseml-credentials-")]

    patch = json.dumps({"stringData": {"rootUser": "changed"}})
    kubectl("patch", "secret", f"{product}-login", "-n", REGISTRY, "--patch", patch)
    wait_for(lambda: [s["data"]["AWS_ACCESS_KEY_ID"] for s in copies()] == ["Y2hhbmdlZA=="], 30, "the changed value")
    name = submit(here, {**runs[0], "metadata": {"name": "later"}})
    changed = {**values, "AWS_ACCESS_KEY_ID": "changed", "AGAIN": "changed"}
    assert given_to(here, "pipelinerun", name, changed) == changed

    kubectl("delete", "secret", f"{product}-login", "-n", REGISTRY)
    wait_for(lambda: not copies(), 30, "the end of the copy")
    message = here.fails("create", "-f", "-", stdin={**runs[0], "metadata": {"name": "too-late"}})
    assert "the Secret that their record names is missing, lacks a key or is not labelled for it" in message


def test_a_secret_without_the_label_is_not_delivered(shared, team, kubectl, images):
    product, _ = shared()
    here = team("red")
    _, runs = runs_of_every_kind(product, images.python)

    kubectl("label", "secret", f"{product}-login", "-n", REGISTRY, f"{SOURCE}-")
    wait_for(lambda: "fuseml-credentials" not in here("get", "secrets", "-o", "name"), 30, "the end of the copy")

    assert "is not labelled for it" in here.fails("create", "-f", "-", stdin=runs[0])
