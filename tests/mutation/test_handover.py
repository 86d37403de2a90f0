"""Runs with references over time: what propagates to pods stays what it was, whoever adds annotations."""

from copy import deepcopy

import jsonpatch
import pytest

from registry.resolving.index import Index
from tests.fakes.pods import argo_pod, container_of, tekton_pod
from tests.plausible_runs import INDEX, ME
from webhook.adapters.annotations.names import PIPELINE_SELECTORS, POD_SELECTORS, PREFIX, RUN_SELECTORS, TASK_SELECTORS
from webhook.errors import RefusedError
from webhook.mutation.mutate import mutate
from webhook.mutation.note.resolved import RESOLVED
from webhook.objects.walk import at

ASKS = "{extensions: [{name: s3, product: minio}]}"


def patched(obj, mutation):
    return jsonpatch.apply_patch(obj, [dict(op) for op in mutation.ops])


def created(obj):
    return patched(obj, mutate(obj, INDEX, ME))


def updated(obj, old):
    return patched(obj, mutate(obj, Index(), ME, old=old))


def pipeline_run(question, **spec):
    return {
        "apiVersion": "tekton.dev/v1",
        "kind": "PipelineRun",
        "metadata": {"name": "demo", "annotations": {RUN_SELECTORS: question} if question else {}},
        "spec": spec or {"pipelineRef": {"name": "p"}},
    }


def workflow(question, **spec):
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "demo", "annotations": {RUN_SELECTORS: question} if question else {}},
        "spec": spec or {"workflowTemplateRef": {"name": "t"}},
    }


MIXED = {
    "pipelineSpec": {
        "tasks": [
            {"name": "own", "taskSpec": {"steps": [{"name": "a", "image": "i"}]}},
            {"name": "action", "taskSpec": {"steps": [{"name": "r", "ref": {"name": "x"}}]}},
            {"name": "shared", "taskRef": {"name": "t"}},
        ]
    }
}
BLOCKS = {
    "pipelineSpec": {
        "tasks": [
            {
                "name": "t",
                "taskSpec": {
                    "extensions": [{"name": "s3", "product": "minio"}],
                    "steps": [{"name": "a", "image": "i"}, {"name": "r", "ref": {"name": "x"}}],
                },
            }
        ]
    }
}
DAG = {
    "templates": [
        {"name": "main", "dag": {"tasks": [{"name": "x", "templateRef": {"name": "w", "template": "theirs"}}]}},
        {"name": "own", "container": {"image": "i"}},
    ]
}
RUNS = [
    pytest.param(pipeline_run(f"t/a: {ASKS}"), id="pipelineRef"),
    pytest.param(pipeline_run(f"'*': {ASKS}", **deepcopy(MIXED)), id="beside-inline-tasks"),
    pytest.param(pipeline_run("", **deepcopy(BLOCKS)), id="block-on-ref"),
    pytest.param(pipeline_run("{}"), id="empty"),
    pytest.param(workflow(f"theirs: {ASKS}"), id="workflowTemplateRef"),
    pytest.param(workflow(f"'*': {ASKS}", **deepcopy(DAG)), id="templateRef"),
    pytest.param(workflow(f"'*': {ASKS}", **deepcopy(DAG), podMetadata={"labels": {"a": "b"}}), id="podMetadata"),
]


@pytest.mark.parametrize("obj", RUNS)
def test_applied_again_it_comes_out_as_it_is_stored(obj):
    stored = created(obj)
    with_notes = deepcopy(obj)
    with_notes["metadata"]["annotations"] = {**stored["metadata"]["annotations"], **obj["metadata"]["annotations"]}
    without_annotations = deepcopy(obj)
    if not obj["metadata"]["annotations"]:
        del without_annotations["metadata"]["annotations"]

    assert updated(obj, stored) == stored
    assert updated(with_notes, stored) == stored
    assert updated(without_annotations, stored) == stored
    assert updated(stored, stored) == stored


@pytest.mark.parametrize("obj", RUNS)
def test_an_engines_own_update_passes(obj):
    stored = created(obj)
    changed = deepcopy(stored)
    changed["metadata"]["finalizers"] = ["x"]
    changed["status"] = {"phase": "Running", "message": "<< extension.s3.url >>"}

    assert not mutate(changed, Index(), ME, old=stored).ops


@pytest.mark.parametrize("text", [f"t: {ASKS}", "t: {", "7", ""], ids=repr)
@pytest.mark.parametrize("level", [PIPELINE_SELECTORS, TASK_SELECTORS])
@pytest.mark.parametrize("question", ["", f"t/a: {ASKS}"], ids=["not-asking", "asking"])
def test_what_tekton_puts_on_a_run_from_a_definition_passes_though_it_is_broken(question, level, text):
    stored = created(pipeline_run(question))
    changed = deepcopy(stored)
    changed["metadata"]["annotations"][level] = text
    again = deepcopy(changed)
    again["metadata"]["labels"] = {"a": "b"}

    assert not mutate(changed, Index(), ME, old=stored).ops
    assert not mutate(again, Index(), ME, old=changed).ops


@pytest.mark.parametrize("question", [f"'*': {ASKS}", f"theirs: {ASKS}"])
def test_what_argo_copies_into_templates_passes(question):
    obj = workflow(question, **deepcopy(DAG))
    obj["spec"]["templates"][1]["metadata"] = {"annotations": {"other": "x"}}
    stored = created(obj)
    copied = deepcopy(stored)
    copied["spec"]["templates"][1]["metadata"]["annotations"] |= stored["spec"]["podMetadata"]["annotations"]
    resubmitted = deepcopy(copied)
    del resubmitted["metadata"]["annotations"][RESOLVED]

    assert not mutate(copied, Index(), ME, old=stored).ops
    assert created(resubmitted)["spec"] == copied["spec"]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda a: a.update({RUN_SELECTORS: "t/b: {env: [{name: A, value: b}]}"}), id="another"),
        pytest.param(lambda a: a.update({RUN_SELECTORS: f"t/b: {ASKS}"}), id="another-key"),
    ],
)
@pytest.mark.parametrize("obj", [pipeline_run(f"t/a: {ASKS}"), pipeline_run(f"'*': {ASKS}", **deepcopy(MIXED))])
def test_another_question_is_refused(obj, change):
    stored = created(obj)
    sent = deepcopy(stored)
    change(sent["metadata"]["annotations"])

    with pytest.raises(RefusedError, match=r"this differs|no step is"):
        mutate(sent, INDEX, ME, old=stored)


def test_what_a_run_leaves_is_understood_by_the_pods_of_its_steps():
    run = created(pipeline_run(f"'*': {ASKS}\nshared/b: {{env: [{{name: A, value: b}}]}}", **deepcopy(MIXED)))
    task = {"steps": [{"name": "a"}, {"name": "b"}]}

    shared = created(tekton_pod(task, run["metadata"]["annotations"], task="shared"))
    action = created(tekton_pod({"steps": [{"name": "r"}]}, run["metadata"]["annotations"], task="action"))
    own = tekton_pod({"steps": [{"name": "a"}]}, run["metadata"]["annotations"], task="own")

    assert [e["name"] for e in container_of(shared, "step-a")["env"]] == ["REGION", "S3_URL", "S3_KEY"]
    assert [e["name"] for e in container_of(shared, "step-b")["env"]] == ["REGION", "S3_URL", "S3_KEY", "A"]
    assert "env" in container_of(action, "step-r")
    assert "env" not in container_of(created(own), "step-a"), "it has been given its own when the run was submitted"


def test_what_a_workflow_leaves_is_understood_by_the_pods_of_its_templates():
    stored = created(workflow(f"'*': {ASKS}", **deepcopy(DAG)))
    annotations = stored["spec"]["podMetadata"]["annotations"]

    theirs = created(argo_pod({"name": "theirs", "container": {"image": "i"}}, annotations))
    container = stored["spec"]["templates"][1]["container"]
    own = argo_pod({"name": "own", "container": container}, annotations)

    assert "env" in container_of(theirs, "main")
    assert container_of(created(own), "main")["env"] == container["env"], "it keeps what the run was given"


@pytest.mark.parametrize("level", [PIPELINE_SELECTORS, TASK_SELECTORS, POD_SELECTORS])
def test_a_new_run_of_tekton_may_carry_the_annotations_of_another(level):
    obj = pipeline_run("")
    obj["metadata"]["annotations"] = {level: f"a: {ASKS}", PREFIX + "resolved": "{}"}

    assert not mutate(obj, INDEX, ME).ops


def test_a_wrong_annotation_of_another_level_is_refused_in_a_new_run():
    obj = pipeline_run("")
    obj["metadata"]["annotations"] = {TASK_SELECTORS: "a: {extensions: [{name: x, prodct: y}]}"}

    with pytest.raises(RefusedError, match=rf"{TASK_SELECTORS}:1:28: selector 'x': prodct: unknown field"):
        mutate(obj, INDEX, ME)


def test_too_much_for_pods_is_refused():
    selectors = ", ".join(f"{{name: s{i}, product: minio, inject: true, env_prefix: P{i}_}}" for i in range(60))
    tasks = [{"name": f"task-{i}", "taskRef": {"name": "t"}} for i in range(40)]
    obj = pipeline_run(f"'*': {{extensions: [{selectors}]}}", pipelineSpec={"tasks": tasks})

    with pytest.raises(RefusedError, match="what its pods are to be given is longer than 32 KiB"):
        mutate(obj, INDEX, ME)


def test_a_controllers_run_is_not_looked_at():
    obj = pipeline_run("t: {")
    obj["metadata"]["ownerReferences"] = [{"apiVersion": "tekton.dev/v1", "kind": "PipelineRun", "controller": True}]

    assert not mutate(obj, INDEX, ME).ops


def test_the_question_is_gone_where_it_is_answered():
    stored = created(workflow(f"own: {ASKS}", **deepcopy(DAG)))

    assert RUN_SELECTORS not in stored["metadata"]["annotations"]
    assert "podMetadata" not in stored["spec"]
    assert at(stored, ("spec", "templates", 1, "container", "env"))
