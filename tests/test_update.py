"""UPDATE: applied a second time, a manifest gets what its run was given, whatever the registry says by now."""

from copy import deepcopy

import jsonpatch
import pytest

from registry import codec
from registry.index import Index
from registry.selectors import Consumer
from webhook.annotations import RESOLVED
from webhook.errors import RefusedError
from webhook.mutate import mutate

ME = Consumer(project="ml")
ADVICE = "delete it and create it anew, or create a run of another name"


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


def test_an_updated_definition_is_told_what_is_wrong_with_it():
    pipeline = {"apiVersion": "tekton.dev/v1", "kind": "Pipeline", "spec": manifest()["spec"]["pipelineSpec"]}

    with pytest.raises(RefusedError, match="'extensions' is not read in a Pipeline"):
        mutate(pipeline, index_at("http://old"), ME, old={**pipeline, "spec": {}})
