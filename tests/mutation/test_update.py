"""UPDATE: applied a second time, a manifest gets what its run was given, whatever the registry says by now."""

from copy import deepcopy

import jsonpatch
import pytest

from registry.records import codec
from registry.resolving.index import Index
from registry.resolving.selectors import Consumer
from webhook.adapters.annotations.names import RUN_SELECTORS
from webhook.errors import RefusedError
from webhook.mutation.mutate import mutate
from webhook.mutation.note.resolved import RESOLVED
from webhook.objects.walk import at

ME = Consumer(project="ml")
ADVICE = "delete it and create it again, or create a run of another name"


def index_at(url):
    record = {
        "id": "minio",
        "product": "minio",
        "services": [
            {
                "id": "s3",
                "endpoints": [{"url": url, "configuration": {"S3_URL": url}}],
                "credentials": [{"id": "c", "secretRef": {"name": "login"}, "configuration": {"KEY": "key"}}],
            }
        ],
    }
    return Index([codec.decode(record)])


def manifest():
    return {
        "apiVersion": "tekton.dev/v1",
        "kind": "PipelineRun",
        "metadata": {"name": "demo"},
        "spec": {
            "params": [{"name": "p", "value": "<< extension.store.url >>"}],
            "pipelineSpec": {
                "tasks": [
                    {
                        "name": "t",
                        "taskSpec": {
                            "stepTemplate": {"env": [{"name": "T", "value": "a<< extension.store.cfg.KEY >>"}]},
                            "steps": [
                                {
                                    "name": "a",
                                    "image": "i",
                                    "extensions": [{"name": "store", "product": "minio"}],
                                    "env": [{"name": "DSN", "value": "s3://<< extension.store.cfg.KEY >>@x"}],
                                    "script": "curl << extension.store.url >>",
                                },
                                {"name": "b", "image": "i"},
                            ],
                        },
                    }
                ]
            },
        },
    }


def patched(obj, mutation):
    return jsonpatch.apply_patch(obj, [dict(op) for op in mutation.ops])


def created(obj):
    return patched(obj, mutate(obj, index_at("http://old"), ME))


def applied_again(obj, stored):
    """What kubectl apply sends: the manifest over what is stored, lists replaced whole, annotations kept."""
    sent = deepcopy(obj)
    sent["metadata"]["annotations"] = dict(stored["metadata"]["annotations"])
    return sent


def defaulted(stored):
    """What Tekton's own webhook adds."""
    stored = deepcopy(stored)
    for step in stored["spec"]["pipelineSpec"]["tasks"][0]["taskSpec"]["steps"]:
        step["computeResources"] = {}
    return stored


def test_the_same_manifest_comes_out_as_it_is_stored_though_the_registry_has_changed():
    stored = created(manifest())
    sent = applied_again(manifest(), stored)

    mutation = mutate(sent, index_at("http://new"), ME, old=defaulted(stored))

    assert patched(sent, mutation) == stored


def test_a_manifest_that_lost_our_note_gets_it_back():
    stored = created(manifest())

    mutation = mutate(manifest(), index_at("http://new"), ME, old=stored)

    assert patched(manifest(), mutation) == stored


def test_a_controllers_own_update_is_a_no_op():
    stored = created(manifest())
    changed = deepcopy(stored)
    changed["metadata"]["finalizers"] = ["chains.tekton.dev"]

    assert mutate(changed, index_at("http://new"), ME, old=stored).ops == ()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda t: t["steps"][0]["extensions"][0].update(version="~2"), id="selector"),
        pytest.param(lambda t: t["steps"][0].update(script="echo << extension.store.url >>"), id="expression"),
        pytest.param(lambda t: t["steps"][0]["env"].append({"name": "X", "value": "y"}), id="variable"),
        pytest.param(lambda t: t["steps"].insert(0, {"name": "first", "image": "i"}), id="step-before"),
    ],
)
def test_another_question_is_refused(change):
    stored = created(manifest())
    sent = applied_again(manifest(), stored)
    change(sent["spec"]["pipelineSpec"]["tasks"][0]["taskSpec"])

    with pytest.raises(RefusedError) as refused:
        mutate(sent, index_at("http://old"), ME, old=stored)

    assert str(refused.value) == f"what a run asks for is fixed when it is created, and this differs; {ADVICE}"


def test_a_run_that_did_not_ask_when_it_was_created_cannot_ask_later():
    stored = manifest()
    del stored["spec"]["pipelineSpec"]["tasks"][0]["taskSpec"]["steps"][0]["extensions"]

    with pytest.raises(RefusedError) as refused:
        mutate(manifest(), index_at("http://old"), ME, old=stored)

    assert str(refused.value) == f"extensions are resolved when a run is created, and it has none from then; {ADVICE}"


@pytest.mark.parametrize("note", ["", "[]", '{"asked": 7}', "no json"], ids=repr)
def test_a_note_that_is_not_ours_is_no_note(note):
    stored = created(manifest())
    stored["metadata"]["annotations"][RESOLVED] = note

    with pytest.raises(RefusedError):
        mutate(manifest(), index_at("http://old"), ME, old=stored)


def test_an_expression_added_to_an_object_that_was_given_its_own_is_not_passed_over():
    stored = created(manifest())
    copied = deepcopy(stored)
    copied["spec"]["pipelineSpec"]["tasks"][0]["taskSpec"]["steps"][1]["script"] = "<< extension.store.url >>"

    with pytest.raises(RefusedError, match="no selector is named 'store'"):
        mutate(copied, index_at("http://old"), ME)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda obj: obj["metadata"].update(finalizers=["x"]), id="finalizer"),
        pytest.param(lambda obj: obj["spec"].update(status="Cancelled"), id="cancelled"),
    ],
)
def test_what_was_stored_with_its_question_in_it_can_still_be_updated(change):
    changed = manifest()
    change(changed)

    assert mutate(changed, index_at("http://old"), ME, old=manifest()).ops == ()


def test_what_is_wrong_with_an_updated_definition_is_reported():
    pipeline = {"apiVersion": "tekton.dev/v1", "kind": "Pipeline", "spec": manifest()["spec"]["pipelineSpec"]}

    with pytest.raises(RefusedError, match=r"steps\[a\]\.script: in a definition, expressions are read in the env"):
        mutate(pipeline, index_at("http://old"), ME, old={**pipeline, "spec": {}})


# An annotation


QUESTION = """\
train:
  extensions: [{name: store, product: minio}]
  env:
    - {name: URL, value: << extension.store.url >>}
    - {name: DSN, value: "s3://<< extension.store.cfg.KEY >>@x"}
"""


def workflow(question=QUESTION):
    annotations = {RUN_SELECTORS: question} if question else {}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "demo", "annotations": annotations},
        "spec": {
            "templateDefaults": {"container": {"env": [{"name": "MODE", "value": "fast"}]}},
            "templates": [
                {"name": "train", "container": {"image": "i", "args": ["<< extension.store.url >>"]}},
                {"name": "other", "container": {"image": "i", "env": [{"name": "X", "value": "y"}]}},
            ],
        },
    }


def annotated(stored, question=QUESTION):
    """What ``kubectl annotate`` sends."""
    sent = deepcopy(stored)
    sent["metadata"]["annotations"][RUN_SELECTORS] = question
    return sent


@pytest.mark.parametrize(
    "question",
    [
        pytest.param(QUESTION, id="same-text"),
        pytest.param(
            "# other words\n"
            + QUESTION.replace("[{name: store, product: minio}]", "\n  - {product: minio, name: store}"),
            id="same-meaning",
        ),
    ],
)
def test_an_annotation_that_is_applied_again_is_taken_out_and_its_answer_put_back(question):
    stored = created(workflow())
    sent = workflow(question)
    sent["metadata"]["annotations"] |= stored["metadata"]["annotations"]

    mutation = mutate(sent, index_at("http://new"), ME, old=stored)

    assert patched(sent, mutation) == stored
    assert "http://old" in str(stored)


def test_an_annotation_that_is_put_back_on_what_it_was_resolved_for_is_taken_out():
    stored = created(workflow())
    sent = annotated(stored)

    assert patched(sent, mutate(sent, index_at("http://new"), ME, old=stored)) == stored


@pytest.mark.parametrize(
    ("stored", "question"),
    [
        pytest.param(created(workflow()), QUESTION.replace("product: minio", "product: other"), id="other-selector"),
        pytest.param(created(workflow()), QUESTION.replace("s3://", "s4://"), id="other-value"),
        pytest.param(
            created(workflow()), QUESTION + "other: {extensions: [{name: s, product: minio}]}", id="other-step"
        ),
        pytest.param(created(manifest()), "t/a: {extensions: [{name: store, product: minio}]}", id="asked-by-block"),
    ],
)
def test_another_annotation_is_refused(stored, question):
    with pytest.raises(RefusedError, match="this differs"):
        mutate(annotated(stored, question), index_at("http://old"), ME, old=stored)


def test_an_annotation_on_a_run_that_did_not_ask_is_refused():
    stored = workflow("")
    stored["spec"]["templates"][0]["container"]["args"] = []

    with pytest.raises(RefusedError, match="resolved when a run is created"):
        mutate(annotated(stored), index_at("http://old"), ME, old=stored)


def test_an_annotation_with_a_changed_spec_is_refused():
    stored = created(workflow())
    sent = annotated(stored)
    sent["spec"]["templates"][0]["container"]["env"].pop(0)

    with pytest.raises(RefusedError, match="this differs"):
        mutate(sent, index_at("http://old"), ME, old=stored)


def test_what_is_wrong_with_an_annotation_on_a_stored_run_is_reported():
    stored = created(workflow())

    with pytest.raises(RefusedError, match=r"run-selectors:1:1: no step is 'trian'; did you mean 'train'\?"):
        mutate(annotated(stored, "trian: {}"), index_at("http://old"), ME, old=stored)


@pytest.mark.parametrize("question", [QUESTION, "no: {yaml", "nobody: {}"], ids=["right", "no-yaml", "unknown-step"])
@pytest.mark.parametrize("kind", ["Workflow", "WorkflowTemplate"])
def test_what_was_stored_with_its_annotation_in_it_can_still_be_updated(question, kind):
    stored = {**workflow(question), "kind": kind}
    changed = deepcopy(stored)
    changed["metadata"]["finalizers"] = ["x"]

    assert mutate(changed, index_at("http://old"), ME, old=stored).ops == ()


# Lists that are merged


def test_stored_variables_that_server_side_apply_merged_are_not_taken_for_the_authors():
    obj = workflow()
    obj["spec"]["templateDefaults"]["container"]["env"] = [
        {"name": "DEF", "value": "d:<< extension.store.cfg.KEY >>"},
        {"name": "WHOLE", "value": "<< extension.store.cfg.KEY >>"},
        {"name": "PLAIN", "value": "plain"},
    ]
    stored = created(obj)
    sent = applied_again(obj, stored)
    sent["metadata"]["annotations"][RUN_SELECTORS] = QUESTION
    # What the API server makes of them with Argo's full CRDs.
    reference = {"secretKeyRef": {"name": "login", "key": "key"}}
    sent["spec"]["templateDefaults"]["container"]["env"] = [
        {"name": "_FUSEML_STORE_KEY", "valueFrom": reference},
        {"name": "DEF", "value": "d:<< extension.store.cfg.KEY >>"},
        {"name": "WHOLE", "value": "<< extension.store.cfg.KEY >>", "valueFrom": reference},
        {"name": "PLAIN", "value": "plain"},
    ]

    mutation = mutate(sent, index_at("http://new"), ME, old=stored)

    assert patched(sent, mutation) == stored


def test_stored_variables_of_a_step_are_not_taken_for_the_authors():
    stored = created(manifest())
    sent = applied_again(manifest(), stored)
    path = ("spec", "pipelineSpec", "tasks", 0, "taskSpec", "steps", 0)
    step, was = at(sent, path), at(stored, path)
    step["env"] = was["env"][:-1] + step["env"]

    mutation = mutate(sent, index_at("http://new"), ME, old=stored)

    assert patched(sent, mutation) == stored


def test_an_empty_list_that_an_engine_dropped_is_dropped_again():
    obj = workflow("train: {extensions: [{name: store, product: none, optional: true}]}")
    obj["spec"]["templates"][0]["container"] = {"image": "i", "env": []}
    stored = created(obj)
    del stored["spec"]["templates"][0]["container"]["env"]

    mutation = mutate(obj, index_at("http://new"), ME, old=stored)

    assert patched(obj, mutation) == stored


# What is not asked again must not be passed over


@pytest.mark.parametrize("question", [QUESTION, ""], ids=["annotation", "blocks"])
def test_a_template_put_before_one_that_asks_is_refused(question):
    obj = workflow(question)
    obj["spec"]["templates"][0]["container"]["args"] = []
    if not question:
        obj["spec"]["templates"][0]["extensions"] = [{"name": "store", "product": "minio"}]
    stored = created(obj)
    sent = applied_again(obj, stored)
    sent["metadata"]["annotations"] |= obj["metadata"]["annotations"]
    sent["spec"]["templates"].insert(0, {"name": "first", "container": {"image": "i"}})

    with pytest.raises(RefusedError, match="this differs"):
        mutate(sent, index_at("http://old"), ME, old=stored)


def test_a_variable_changed_next_to_an_expression_is_not_lost():
    obj = workflow()
    env = obj["spec"]["templateDefaults"]["container"]["env"]
    env.append({"name": "URL", "value": "<< extension.store.url >>"})
    stored = created(obj)
    sent = applied_again(obj, stored)
    sent["metadata"]["annotations"] |= obj["metadata"]["annotations"]
    sent["spec"]["templateDefaults"]["container"]["env"][0]["value"] = "slow"

    with pytest.raises(RefusedError, match="this differs"):
        mutate(sent, index_at("http://old"), ME, old=stored)


@pytest.mark.parametrize(
    "forged",
    [
        '{"asked":"0","steps":{"train":{"store":{"variables":7}}}}',
        '{"asked":"0","steps":{"train":{"store":{"variables":[[],{},7,"DSN"]}}},"env":{"train":["URL"]},"private":["X"]}',
        '{"asked":"0","annotation":"0","steps":{"train":[]}}',
    ],
)
def test_a_forged_note_is_not_the_same_question(forged):
    stored = created(workflow())
    stored["metadata"]["annotations"][RESOLVED] = forged
    sent = workflow()
    sent["spec"]["templates"][0]["container"]["env"] = [7, {"name": []}, {"name": "URL", "valueFrom": 7}]

    with pytest.raises(RefusedError):
        mutate(sent, index_at("http://old"), ME, old=stored)
