"""A patch of an overlay has annotations for steps that stand in the base: only the annotations' text is judged."""

import pytest

from registry.records import codec
from registry.resolving.index import Index
from registry.resolving.selectors import Consumer
from tests.preview.test_ours import placed
from webhook.mutation.mutate import mutate
from webhook.objects import manifests

ASKED = "train: {extensions: [{name: t, product: mlflow}], env: [{name: A, value: << extension.t.url >>}]}"
MLFLOW = {"id": "a", "product": "mlflow", "services": [{"id": "b", "endpoints": [{"url": "http://mlflow"}]}]}
INDEX = Index([codec.decode(MLFLOW)])
RUN, PIPELINE, TASK, POD = (f"extensions.fuseml.org/{level}-selectors" for level in ("run", "pipeline", "task", "pod"))
IN_POD_TEMPLATE = ("spec", "template", "metadata")
PATCHES = [
    pytest.param("tekton.dev/v1", "PipelineRun", RUN, ("metadata",), id="PipelineRun"),
    pytest.param("tekton.dev/v1", "PipelineRun", TASK, ("metadata",), id="PipelineRun-for-later-pods"),
    pytest.param("tekton.dev/v1beta1", "TaskRun", RUN, ("metadata",), id="TaskRun"),
    pytest.param("tekton.dev/v1", "Pipeline", PIPELINE, ("metadata",), id="Pipeline"),
    pytest.param("tekton.dev/v1", "Task", TASK, ("metadata",), id="Task"),
    pytest.param("argoproj.io/v1alpha1", "Workflow", RUN, ("metadata",), id="Workflow"),
    pytest.param("argoproj.io/v1alpha1", "WorkflowTemplate", PIPELINE, ("metadata",), id="WorkflowTemplate"),
    pytest.param("argoproj.io/v1alpha1", "ClusterWorkflowTemplate", PIPELINE, ("metadata",), id="for-all"),
    pytest.param("argoproj.io/v1alpha1", "CronWorkflow", PIPELINE, ("metadata",), id="CronWorkflow"),
    pytest.param("argoproj.io/v1alpha1", "CronWorkflow", RUN, ("spec", "workflowMetadata"), id="workflowMetadata"),
    pytest.param("v1", "Pod", POD, ("metadata",), id="Pod"),
    pytest.param("apps/v1", "Deployment", POD, IN_POD_TEMPLATE, id="Deployment"),
    pytest.param("batch/v1", "Job", POD, IN_POD_TEMPLATE, id="Job"),
    pytest.param("batch/v1", "CronJob", POD, ("spec", "jobTemplate", *IN_POD_TEMPLATE), id="CronJob"),
]  # fmt: skip


def patch(version, kind, annotation, path, text):
    value = {"annotations": {annotation: text}}
    for part in reversed(path):
        value = {part: value}
    value.setdefault("metadata", {})["name"] = "library"
    return {"apiVersion": version, "kind": kind, **value}


@pytest.mark.parametrize(("version", "kind", "annotation", "path"), PATCHES)
def test_steps_of_a_patch_are_not_looked_for(version, kind, annotation, path):
    obj = patch(version, kind, annotation, path, ASKED)

    assert placed(manifests.dump(obj)) == []
    assert mutate(obj, INDEX, Consumer()).ops == ()


@pytest.mark.parametrize(("version", "kind", "annotation", "path"), PATCHES)
def test_text_of_a_patch_is_judged(version, kind, annotation, path):
    wrong = ASKED.replace("product", "prodct").replace("extension.t", "extension.x")

    problems = "\n".join(placed(manifests.dump(patch(version, kind, annotation, path, wrong))))

    assert "selector 't': has no criteria" in problems
    assert "selector 't': prodct: unknown field 'prodct'; did you mean 'product'?" in problems
    assert "<< extension.x.url >>" in problems


@pytest.mark.parametrize("text", ["train: [", "7", "train: {extension: []}"])
def test_annotation_of_a_patch_that_cannot_be_read_is_said(text):
    assert placed(manifests.dump(patch("tekton.dev/v1", "Task", TASK, ("metadata",), text))) != []


def test_object_with_steps_is_no_patch():
    obj = patch("tekton.dev/v1", "Task", TASK, ("metadata",), ASKED) | {"spec": {"steps": [{"name": "a"}]}}

    (problem,) = placed(manifests.dump(obj))

    assert "no step is 'train'" in problem


def test_annotation_in_the_wrong_place_of_a_patch_is_said():
    (problem,) = placed(manifests.dump(patch("tekton.dev/v1", "Task", RUN, ("metadata",), ASKED)))

    assert problem == f"5: annotation {RUN} is not read here; here it is {TASK}"
