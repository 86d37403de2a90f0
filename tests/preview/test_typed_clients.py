"""Clients that decode into types lose what their types have no field for: whoever uses one is told."""

import pytest

from webhook.adapters.annotations.names import PIPELINE_SELECTORS, RUN_SELECTORS
from webhook.objects import manifests
from webhook.preview import dropped_blocks
from webhook.preview.lint import check

BLOCK = [{"name": "t", "product": "p"}]
STEPS = {"steps": [{"name": "a", "image": "i", "extensions": BLOCK}]}
PAC = {"annotations": {"pipelinesascode.tekton.dev/on-event": "[push]"}}
TEKTON = {"apiVersion": "tekton.dev/v1"}
ARGO = {"apiVersion": "argoproj.io/v1alpha1"}
TASKS = {"tasks": [{"name": "b", "taskSpec": STEPS}]}
RUN = {**TEKTON, "kind": "PipelineRun", "metadata": PAC, "spec": {"pipelineRef": {"name": "build"}}}
PIPELINE = {
    **TEKTON,
    "kind": "Pipeline",
    "metadata": {"name": "build", "annotations": {PIPELINE_SELECTORS: "b: {extensions: [{name: t, product: p}]}"}},
    "spec": {"tasks": [{"name": "b", "taskSpec": {"steps": [{"name": "a", "image": "i"}]}}]},
}
DROPPED = (
    "'extensions' is dropped by {}, which decodes into types that have no such field; write it into the annotation "
)
TEMPLATES = {"templates": [{"name": "m", "container": {"image": "i", "extensions": BLOCK}}]}
CASES = {
    "run": ({**RUN, "spec": {"pipelineSpec": TASKS}}, "pipelines-as-code", f"{RUN_SELECTORS}, under 'b/a'"),
    "label": (
        {**RUN, "metadata": {"labels": {"pipelinesascode.tekton.dev/sha": "1"}}, "spec": {"pipelineSpec": TASKS}},
        "pipelines-as-code",
        f"{RUN_SELECTORS}, under 'b/a'",
    ),
    "Pipeline": (
        {**PIPELINE, "metadata": PAC, "spec": TASKS},
        "pipelines-as-code",
        f"{PIPELINE_SELECTORS}, under 'b/a'",
    ),
    "Workflow of KFP": (
        {**ARGO, "kind": "Workflow", "metadata": {"annotations": {"pipelines.kubeflow.org/x": "1"}}, "spec": TEMPLATES},
        "Kubeflow Pipelines",
        f"{RUN_SELECTORS}, under 'm'",
    ),
}


@pytest.mark.parametrize(("obj", "client", "instead"), CASES.values(), ids=CASES)
def test_block_beside_the_mark_of_such_a_client(obj, client, instead):
    (finding,) = dropped_blocks.findings(obj)

    assert finding.message == DROPPED.format(client) + instead
    assert finding.message in check(manifests.dump(obj), "file").problems[0].message


def test_pipeline_that_is_put_into_the_run_loses_its_annotation():
    text = f"{manifests.dump(RUN)}---\n{manifests.dump(PIPELINE)}"

    (problem,) = check(text, "file").problems

    assert problem.line == 7
    assert problem.message == (
        f"spec.pipelineRef: pipelines-as-code puts the Pipeline 'build' into the run without its annotation "
        f"{PIPELINE_SELECTORS}; write it into the annotation {RUN_SELECTORS} of the run"
    )


@pytest.mark.parametrize(
    "objects",
    [
        [RUN],
        [RUN, {**PIPELINE, "metadata": {"name": "build"}}],
        [RUN, {**PIPELINE, "metadata": {**PIPELINE["metadata"], "name": "other"}}],
        [{**RUN, "metadata": {}}, PIPELINE],
        [{**RUN, "spec": {"pipelineRef": {"resolver": "git"}}}, PIPELINE],
        [{**RUN, "spec": None}, PIPELINE],
    ],
)
def test_nothing_is_said_where_nothing_is_lost(objects):
    assert check("---\n".join(map(manifests.dump, objects)), "file").problems == []
