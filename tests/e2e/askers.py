"""Objects of every kind that ask in every way, and objects that only look so."""

from typing import Any

from tests.e2e import shapes
from tests.e2e.shapes import BLOCK, EXPRESSION

PREFIX = "extensions.fuseml.org/"
RUN_SELECTORS = f"{PREFIX}run-selectors"
OTHERS = [f"{PREFIX}pipeline-selectors", f"{PREFIX}task-selectors", f"{PREFIX}pod-selectors", f"{PREFIX}run-selector"]
TEKTON_KINDS = ["PipelineRun", "TaskRun", "Pipeline", "Task"]
ARGO_KINDS = ["Workflow", "WorkflowTemplate", "CronWorkflow", "ClusterWorkflowTemplate"]


def tekton(kind: str, spec: Any, *, version: str = "v1", **metadata: Any) -> dict[str, Any]:
    """An object of Tekton."""
    return {"apiVersion": f"tekton.dev/{version}", "kind": kind, "metadata": metadata, "spec": spec}


def argo(spec: Any, kind: str = "Workflow", **metadata: Any) -> dict[str, Any]:
    """An object of Argo."""
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


def pipeline_run(**task: Any) -> dict[str, Any]:
    """A PipelineRun of one task."""
    return tekton("PipelineRun", {"pipelineSpec": {"tasks": [{"name": "t", **task}]}})


def step(**more: Any) -> dict[str, Any]:
    """A task of two steps, the second one with *more*."""
    return {"taskSpec": {"steps": [{"name": "quiet", "image": "x"}, {"name": "s", "image": "x", **more}]}}


def template(**more: Any) -> dict[str, Any]:
    """A Workflow of two templates, the second one with *more*."""
    return argo({"entrypoint": "m", "templates": [{"name": "quiet"}, {"name": "m", **more}]})


def of_kind(kind: str, **metadata: Any) -> dict[str, Any]:
    """An object with nothing in it."""
    return tekton(kind, {}, **metadata) if kind in TEKTON_KINDS else argo({}, kind, **metadata)


ASKING = {
    "step": pipeline_run(**step(extensions=BLOCK)),
    "step, v1beta1": tekton("PipelineRun", {"pipelineSpec": {"tasks": [step(extensions=BLOCK)]}}, version="v1beta1"),
    "step of a finally task": tekton("PipelineRun", {"pipelineSpec": {"finally": [step(extensions=BLOCK)]}}),
    "step of a TaskRun": tekton("TaskRun", step(extensions=BLOCK)),
    "step of a TaskRun, v1beta1": tekton("TaskRun", step(extensions=BLOCK), version="v1beta1"),
    "all steps of a task": pipeline_run(taskSpec={"extensions": BLOCK, "steps": [{"image": "x"}]}),
    "sidecar": pipeline_run(taskSpec={"sidecars": [{"image": "x", "extensions": BLOCK}]}),
    "empty block": pipeline_run(**step(extensions=[])),
    "block that is no list": pipeline_run(**step(extensions="mlflow")),
    "misplaced: stepTemplate": pipeline_run(taskSpec={"stepTemplate": {"extensions": BLOCK}}),
    "misplaced: task": pipeline_run(extensions=BLOCK),
    "misplaced: pipelineSpec": tekton("PipelineRun", {"pipelineSpec": {"extensions": BLOCK}}),
    "pipeline in a pipeline": pipeline_run(pipelineSpec={"tasks": [step(extensions=BLOCK)]}),
    "pipeline in one in one": pipeline_run(
        pipelineSpec={"finally": [{"pipelineSpec": {"tasks": [step(extensions=BLOCK)]}}]}
    ),
    "Pipeline": tekton("Pipeline", {"tasks": [step(extensions=BLOCK)]}),
    "Pipeline, v1beta1": tekton("Pipeline", {"finally": [step(extensions=BLOCK)]}, version="v1beta1"),
    "Pipeline in a Pipeline": tekton("Pipeline", {"tasks": [{"pipelineSpec": {"tasks": [step(extensions=BLOCK)]}}]}),
    "expression in env": pipeline_run(**step(env=[{"name": "A", "value": EXPRESSION}])),
    "expression in args": pipeline_run(**step(args=["x", 'a << extensions["a-b"].url >>'])),
    "expression in a script": pipeline_run(**step(script="a\n\tcat <<\t extension.a.url|host>>\n")),
    "expression in a parameter": tekton("PipelineRun", {"params": [{"name": "p", "value": EXPRESSION}]}),
    "expression in a list": pipeline_run(params=[{"name": "p", "value": ["x", EXPRESSION]}]),
    "expression in a matrix": pipeline_run(matrix={"params": [{"name": "p", "value": [EXPRESSION]}]}),
    "expression in a Task": tekton("Task", {"steps": [{"name": "s", "image": "x", "script": EXPRESSION}]}),
    "expression in a StepAction": tekton("StepAction", {"image": "x", "args": [EXPRESSION]}, version="v1beta1"),
    "annotation for what is made": tekton(
        "PipelineRun", {"pipelineSpec": {"tasks": [{"taskSpec": {"metadata": {"annotations": {RUN_SELECTORS: ""}}}}]}}
    ),
    "container": template(container={"image": "x", "extensions": BLOCK}),
    "template": template(container={"image": "x"}, extensions=BLOCK),
    "script": template(script={"image": "x", "extensions": BLOCK}),
    "container set": template(containerSet={"containers": [{"name": "a"}, {"name": "b", "extensions": BLOCK}]}),
    "all of a container set": template(containerSet={"containers": [{"name": "a"}], "extensions": BLOCK}),
    "init container": template(container={"image": "x"}, initContainers=[{"extensions": BLOCK}]),
    "Argo sidecar": template(container={"image": "x"}, sidecars=[{"extensions": BLOCK}]),
    "misplaced: dag task": template(dag={"tasks": [{"name": "a", "extensions": BLOCK}]}),
    "misplaced: spec": argo({"extensions": BLOCK}),
    "inline in a dag": template(dag={"tasks": [{"inline": {"container": {"extensions": BLOCK}}}]}),
    "inline in steps": template(steps=[[{"name": "a"}], [{}, {"inline": {"script": {"extensions": BLOCK}}}]]),
    "template defaults": argo({"templateDefaults": {"container": {"extensions": BLOCK}}}),
    "all template defaults": argo({"templateDefaults": {"extensions": BLOCK}}),
    "WorkflowTemplate": argo({"templates": [{"extensions": BLOCK}]}, "WorkflowTemplate"),
    "ClusterWorkflowTemplate": argo({"templates": [{"extensions": BLOCK}]}, "ClusterWorkflowTemplate"),
    "CronWorkflow": argo({"workflowSpec": {"templates": [{"extensions": BLOCK}]}}, "CronWorkflow"),
    "annotation for the Workflows of a CronWorkflow": argo(
        {"workflowMetadata": {"annotations": {RUN_SELECTORS: ""}}}, "CronWorkflow"
    ),
    "expression in source": template(script={"image": "x", "source": EXPRESSION}),
    "expression in an argument": argo({"arguments": {"parameters": [{"name": "p", "value": EXPRESSION}]}}),
    "expression in a manifest": template(resource={"manifest": f"a: b\nc: {EXPRESSION}"}),
} | {
    f"annotation {key.removeprefix(PREFIX)} of a {kind}": of_kind(kind, annotations={key: ""})
    for kind in TEKTON_KINDS + ARGO_KINDS for key in [RUN_SELECTORS, *OTHERS]
}  # fmt: skip

LOOKALIKES = """\
cat <<EOF >>out
cat <<extension >> notes
cat <<<extension.a >> notes; cat << extension.unclosed
>> ; x << 2 >> 1; << extension.a > b; <<<<<<< HEAD
{{ extension.store.url }} {"extensions": [{"name": "x"}]} "extensions.fuseml.org/run-selectors":
"""
OWNED = {"name": "x", "uid": "1", "apiVersion": "tekton.dev/v1", "kind": "PipelineRun", "controller": True}
SILENT = {
    **{f"whole {obj['kind']}": obj for obj in shapes.whole()},
    **{f"what we wrote on a {kind}": of_kind(kind, annotations={f"{PREFIX}resolved": "", f"{PREFIX}submitter": "ada"})
       for kind in TEKTON_KINDS + ARGO_KINDS},
    "label": tekton("PipelineRun", {}, labels={f"{PREFIX}project": "alpha"}),
    "lookalikes in a script": pipeline_run(**step(script=LOOKALIKES)),
    "lookalikes in a source": template(script={"image": "x", "source": LOOKALIKES}),
    "key of a parameter": pipeline_run(params=[{"name": "p", "value": {"extensions": "a,b"}}]),
    "field of a custom task": pipeline_run(taskSpec={"apiVersion": "x/v1", "spec": {"extensions": BLOCK}}),
    "field of a plugin": template(plugin={"x": {"extensions": BLOCK}}),
    "label of a pod": template(metadata={"labels": {"extensions": "x"}}),
    "TaskRun that Tekton made": tekton(
        "TaskRun", step(args=[EXPRESSION]), annotations={RUN_SELECTORS: ""}, ownerReferences=[OWNED]
    ),
}  # fmt: skip
