"""A criterion that is there but empty is refused in every place that a selector may stand in."""

import pytest

from registry.resolving.index import Index
from registry.resolving.selectors import Consumer
from webhook.adapters.annotations.names import LEVELS, POD_SELECTORS, RUN_SELECTORS, TASK_SELECTORS
from webhook.errors import RefusedError
from webhook.mutation.mutate import mutate
from webhook.objects import manifests
from webhook.preview import lint

# As a template leaves it whose parameter was not set.
BLOCK = [{"name": "store", "product": "", "service_resource": "s3"}]
EMPTY = (
    "selector 'store': product: is empty; a criterion that is there must say something: give its value, or leave it out"
)


def annotated(key, name="*"):
    return {"annotations": {key: manifests.dump({name: {"extensions": BLOCK}})}}


def tekton(kind, spec, **metadata):
    return {"apiVersion": "tekton.dev/v1", "kind": kind, "metadata": {"name": "demo", **metadata}, "spec": spec}


def argo(kind, spec, **metadata):
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": {"name": "demo", **metadata}, "spec": spec}


def pod(key):
    labels = {"tekton.dev/taskRun": "demo"}
    metadata = {"name": "demo", "labels": labels, **annotated(key)}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [{"name": "step-main"}]}}


def job(metadata):
    template = {"metadata": metadata, "spec": {"containers": [{"name": "main"}]}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "demo"}, "spec": {"template": template}}


STEPS = {"steps": [{"name": "main", "image": "i"}]}
TEMPLATE = {"name": "main", "container": {"image": "i"}}
OBJECTS = {
    "step": tekton("TaskRun", {"taskSpec": {"steps": [{"name": "main", "extensions": BLOCK}]}}),
    "task": tekton("TaskRun", {"taskSpec": {"extensions": BLOCK, **STEPS}}),
    "sidecar": tekton("TaskRun", {"taskSpec": {**STEPS, "sidecars": [{"name": "x", "extensions": BLOCK}]}}),
    "final-task": tekton(
        "PipelineRun", {"pipelineSpec": {"finally": [{"name": "t", "taskSpec": {"extensions": BLOCK, **STEPS}}]}}
    ),
    "pipeline": tekton("Pipeline", {"tasks": [{"name": "t", "taskSpec": {"extensions": BLOCK, **STEPS}}]}),
    "run's-annotation": tekton("TaskRun", {"taskSpec": STEPS}, **annotated(RUN_SELECTORS)),
    "run's-annotation-for-a-reference": tekton("TaskRun", {"taskRef": {"name": "x"}}, **annotated(RUN_SELECTORS)),
    "task's-annotation": tekton("Task", STEPS, **annotated(TASK_SELECTORS)),
    "template": argo("Workflow", {"templates": [{**TEMPLATE, "extensions": BLOCK}]}),
    "container": argo("Workflow", {"templates": [{"name": "main", "container": {"extensions": BLOCK}}]}),
    "defaults": argo("Workflow", {"templateDefaults": {"extensions": BLOCK}, "templates": [TEMPLATE]}),
    "workflow-template": argo("WorkflowTemplate", {"templates": [{**TEMPLATE, "extensions": BLOCK}]}),
    "template's-annotation": argo("Workflow", {"templates": [{**TEMPLATE, "metadata": annotated(TASK_SELECTORS)}]}),
    "cron-workflow's-annotation": argo(
        "CronWorkflow", {"workflowMetadata": annotated(RUN_SELECTORS), "workflowSpec": {"templates": [TEMPLATE]}}
    ),
    "job": job(annotated(POD_SELECTORS)),
    "document": {"name": "demo", "steps": [{"name": "main", "extensions": BLOCK}]},
    **{f"pod-{level.rpartition('/')[2]}": pod(level) for level in LEVELS},
}


@pytest.mark.parametrize("obj", OBJECTS.values(), ids=OBJECTS)
def test_it_is_refused_wherever_a_selector_may_stand(obj):
    with pytest.raises(RefusedError) as refused:
        mutate(obj, Index(), Consumer())

    assert [problem[-len(EMPTY) :] for problem in refused.value.problems] == [EMPTY]


@pytest.mark.parametrize("obj", OBJECTS.values(), ids=OBJECTS)
def test_lint_finds_the_same(obj):
    problems = lint.check(manifests.dump(obj), "demo.yaml").problems

    assert [problem.message[-len(EMPTY) :] for problem in problems] == [EMPTY]
