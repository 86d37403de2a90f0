"""A run that is sent again asks again: what its note says was put in is taken out, and what it asked is asked again."""

from copy import deepcopy

import pytest

from registry.records import codec
from registry.resolving.index import Index
from registry.resolving.selectors import Consumer
from tests.mutation.runs_sent_again import ASKS, MOVED, PRIVATE, created, patched, step, task_run, url_of, workflow
from tests.plausible_runs import ME
from webhook.adapters.annotations.names import POD_SELECTORS, RUN_SELECTORS
from webhook.errors import RefusedError
from webhook.mutation.mutate import mutate
from webhook.mutation.note.resolved import RESOLVED


def test_a_step_that_was_removed_is_not_put_back():
    stored = created(task_run(step("a"), step("b")))
    del stored["spec"]["taskSpec"]["steps"][0]

    again = created(stored, MOVED)["spec"]["taskSpec"]["steps"]

    assert [(s["name"], url_of(s)) for s in again] == [("b", "new")]


def test_what_an_annotation_asked_for_a_step_that_was_removed_is_left_out_with_a_warning():
    stored = created(workflow(f"a: {ASKS}\nb: {ASKS}", *({"name": n, "container": {"image": "i"}} for n in "ab")))
    del stored["spec"]["templates"][0]

    mutation = mutate(stored, MOVED, ME)

    assert mutation.warnings == ("what was asked for 'a' is left out, as there is no such step any more",)
    assert url_of(patched(stored, mutation)["spec"]["templates"][0]["container"]) == "new"


def test_a_step_that_was_renamed_is_known_by_what_it_was_given():
    stored = created(task_run(step("a"), step("b", env=[{"name": "U", "value": "<< extension.s3.url >>"}])))
    stored["spec"]["taskSpec"]["steps"][0]["name"] = "c"

    again = created(stored, MOVED)["spec"]["taskSpec"]["steps"]

    assert [(s["name"], url_of(s)) for s in again] == [("c", "new"), ("b", "new")]


def test_a_renamed_step_that_an_annotation_names_is_refused_rather_than_forgotten():
    stored = created(workflow(f"train: {ASKS}", {"name": "train", "container": {"image": "i"}}))
    stored["spec"]["templates"][0]["name"] = "trained"

    with pytest.raises(RefusedError, match="no step is 'train'; did you mean 'trained'"):
        mutate(stored, MOVED, ME)


def test_steps_are_found_by_their_names_when_others_were_put_before_them():
    stored = created(task_run(step("a", script="curl << extension.s3.url >>")))
    stored["spec"]["taskSpec"]["steps"].insert(0, {"name": "first", "image": "i"})

    first, second = created(stored, MOVED)["spec"]["taskSpec"]["steps"]

    assert first == {"name": "first", "image": "i"}
    assert (url_of(second), second["script"]) == ("new", "curl http://new:1")


@pytest.mark.parametrize("login", ["<< extension.s3.url >>", "<< extension.s3.cfg.S3_KEY >>"], ids=["text", "secret"])
def test_what_tekton_has_stored_in_another_version_is_found(login):
    env = [{"name": "FIRST", "value": "x"}, {"name": "LOGIN", "value": login}]
    sent = pipeline_run(f"own/a: {ASKS}", podTemplate={"env": env}, **deepcopy(MIXED))
    sent["apiVersion"] = "tekton.dev/v1beta1"
    stored = in_v1(created(sent))

    again = created(stored, MOVED)

    assert again["spec"] == in_v1(created(sent, MOVED))["spec"]
    assert again["spec"] != stored["spec"]


def in_v1(run):
    spec = dict(run["spec"])
    spec["taskRunTemplate"] = {"podTemplate": spec.pop("podTemplate")}
    return {**run, "apiVersion": "tekton.dev/v1", "spec": spec}


def test_an_escape_is_an_escape_again():
    obj = task_run(step(script="a \\<< extension.s3.url >> b << extension.s3.url >> \\<< extension.x.y >>"))
    stored = created(obj)

    assert "extension.x.y >>" in stored["spec"]["taskSpec"]["steps"][0]["script"]
    assert created(stored, MOVED) == created(obj, MOVED)


def test_a_long_script_is_not_kept_twice():
    obj = task_run(step(script="# long\n" * 20_000 + "curl << extension.s3.url >>"))

    assert len(created(obj)["metadata"]["annotations"][RESOLVED]) < 1_000


# What is left for pods


DAG = {"name": "main", "dag": {"tasks": [{"name": "x", "templateRef": {"name": "w", "template": "theirs"}}]}}
OWN = {"name": "own", "container": {"image": "i"}}


def pipeline_run(question, **spec):
    return {
        "apiVersion": "tekton.dev/v1",
        "kind": "PipelineRun",
        "metadata": {"name": "demo", "annotations": {RUN_SELECTORS: question}},
        "spec": spec or {"pipelineRef": {"name": "p"}},
    }


MIXED = {
    "pipelineSpec": {
        "tasks": [
            {"name": "own", "taskSpec": {"steps": [{"name": "a", "image": "i"}]}},
            {"name": "shared", "taskRef": {"name": "t"}},
        ]
    }
}
HANDING_OVER = [
    pytest.param(workflow(f"'*': {ASKS}", DAG, OWN), id="argo"),
    pytest.param(workflow(f"'*': {ASKS}", DAG, OWN, podMetadata={"labels": {"a": "b"}}), id="argo-pod-metadata"),
    pytest.param(pipeline_run(f"'*': {ASKS}", **deepcopy(MIXED)), id="tekton"),
    pytest.param(pipeline_run(f"t/a: {ASKS}"), id="all-in-other-objects"),
]


@pytest.mark.parametrize("obj", HANDING_OVER)
def test_what_was_left_for_pods_is_worked_out_again(obj):
    stored = created(obj)

    assert created(stored, MOVED) == created(obj, MOVED)


def test_what_argo_copied_into_templates_is_taken_out_as_well():
    obj = workflow(f"'*': {ASKS}", DAG, {**OWN, "metadata": {"annotations": {"other": "x"}}})
    stored = created(obj)
    copied = deepcopy(stored)
    copied["spec"]["templates"][1]["metadata"]["annotations"] |= stored["spec"]["podMetadata"]["annotations"]

    assert created(copied, MOVED) == created(obj, MOVED)


def test_what_was_changed_in_what_was_left_for_pods_stays():
    stored = created(pipeline_run(f"'*': {ASKS}\nown/a: {{env: [{{name: A, value: b}}]}}", **deepcopy(MIXED)))
    annotations = stored["metadata"]["annotations"]
    annotations[RUN_SELECTORS] = annotations[RUN_SELECTORS].replace("minio", "odd")

    with pytest.raises(RefusedError, match="s3"):
        # '*' and the key that was left for pods now ask for different things under one name.
        mutate(stored, MOVED, ME)


# Who is asked again


@pytest.mark.parametrize("kind", ["TaskRun", "Pod"])
def test_what_an_engine_makes_is_not_taken_for_it(kind):
    owner = {"apiVersion": "tekton.dev/v1", "kind": "PipelineRun", "controller": True, "name": "x"}
    stored = created(task_run(step()))
    spec = stored["spec"] if kind == "TaskRun" else {"containers": stored["spec"]["taskSpec"]["steps"]}
    made = {**stored, "kind": kind, "spec": spec, "metadata": {**stored["metadata"], "ownerReferences": [owner]}}
    made["apiVersion"] = {"TaskRun": "tekton.dev/v1", "Pod": "v1"}[kind]

    assert mutate(made, MOVED, ME) == mutate(task_run(), MOVED, ME)


def test_a_workflow_of_a_cronworkflow_is_asked_again_though_argo_copies_its_owner():
    obj = workflow()
    cron = {"apiVersion": "argoproj.io/v1alpha1", "kind": "CronWorkflow", "controller": True, "name": "x"}
    obj["metadata"]["ownerReferences"] = [cron]

    assert created(created(obj), MOVED) == created(obj, MOVED)


def test_a_pod_of_ones_own_is_asked_again():
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "annotations": {POD_SELECTORS: f"main: {ASKS}"}},
        "spec": {"containers": [{"name": "main", "image": "i"}]},
    }
    gated = deepcopy(pod)
    gated["spec"]["schedulingGates"] = [{"name": "extensions.fuseml.org/injection"}]
    stored = created(gated)
    sent = deepcopy(stored)
    sent["spec"]["schedulingGates"] = gated["spec"]["schedulingGates"]

    assert created(stored, MOVED)["spec"]["containers"] == created(pod, MOVED)["spec"]["containers"]
    assert created(sent, MOVED)["spec"] == created(gated, MOVED)["spec"]


@pytest.mark.parametrize(("user", "expected"), [("ann", "anns"), ("ben", "bens"), ("eve", None)])
def test_another_users_copy_gets_that_users_credentials_or_is_refused(user, expected):
    index = Index([codec.decode(PRIVATE)])
    stored = created(task_run(step()), index, Consumer(project="ml", user="ann"))
    me = Consumer(project="ml", user=user)

    if expected:
        (entry,) = created(stored, index, me)["spec"]["taskSpec"]["steps"][0]["env"]
        assert entry["valueFrom"]["secretKeyRef"]["name"] == expected
    else:
        with pytest.raises(RefusedError, match="requires credentials and has none for project 'ml', user 'eve'"):
            mutate(stored, index, me)


def test_a_service_that_is_gone_is_refused():
    with pytest.raises(RefusedError, match="selector 's3'"):
        mutate(created(task_run(step())), Index(), ME)


# The ways that people's tools have


def resubmitted(stored):
    """As Argo's ``FormulateResubmitWorkflow`` makes it."""
    metadata = {field: deepcopy(stored["metadata"].get(field, {})) for field in ("annotations", "labels")}
    metadata["labels"]["workflows.argoproj.io/resubmitted-from-workflow"] = stored["metadata"]["name"]
    return {**deepcopy(stored), "metadata": {"generateName": f"{stored['metadata']['name']}-", **metadata}}


def rerun(stored):
    """As Tekton's dashboard makes it."""
    metadata = {field: deepcopy(stored["metadata"].get(field, {})) for field in ("annotations", "labels")}
    metadata["labels"]["dashboard.tekton.dev/rerunOf"] = stored["metadata"]["name"]
    return {**deepcopy(stored), "metadata": {"generateName": f"{stored['metadata']['name']}-r-", **metadata}}


def exported(stored):
    """As ``kubectl get -o yaml`` prints it."""
    found = deepcopy(stored)
    found["metadata"] |= {"uid": "1", "resourceVersion": "2", "managedFields": [{"manager": "kubectl"}]}
    return {**found, "status": {"phase": "Succeeded", "message": "<< extension.s3.url >>"}}


@pytest.mark.parametrize("send", [resubmitted, rerun, exported])
@pytest.mark.parametrize(
    "obj",
    [
        pytest.param(workflow(), id="workflow"),
        pytest.param(task_run(step(script="curl << extension.s3.url >>")), id="taskrun"),
        pytest.param(pipeline_run(f"'*': {ASKS}", **deepcopy(MIXED)), id="pipelinerun"),
    ],
)
def test_whatever_way_it_is_sent_again_it_gets_the_new_values(obj, send):
    again = created(send(created(obj)), MOVED)

    assert again["spec"] == created(obj, MOVED)["spec"]
    assert "new" in str(again["spec"])
