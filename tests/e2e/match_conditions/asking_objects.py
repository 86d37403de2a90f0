"""Objects of every kind that ask for services in every possible way, and objects that only look similar."""

from typing import Any

from tests.e2e.match_conditions import random_objects
from tests.e2e.match_conditions.random_objects import BLOCK, EXPRESSION

PREFIX = "extensions.fuseml.org/"
RUN_SELECTORS = f"{PREFIX}run-selectors"
PIPELINE_SELECTORS = f"{PREFIX}pipeline-selectors"
TASK_SELECTORS = f"{PREFIX}task-selectors"
POD_SELECTORS = f"{PREFIX}pod-selectors"
OTHERS = [PIPELINE_SELECTORS, TASK_SELECTORS, POD_SELECTORS, f"{PREFIX}run-selector"]
NOTES = RESOLVED, WAITING = [f"{PREFIX}resolved", f"{PREFIX}waiting"]
TASK = "tekton.dev/pipelineTask"
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
    """An object with an empty spec."""
    return tekton(kind, {}, **metadata) if kind in TEKTON_KINDS else argo({}, kind, **metadata)


def metadata(*keys: str) -> dict[str, Any]:
    """Metadata with annotations of these keys."""
    return {"metadata": {"annotations": dict.fromkeys(keys, "")}}


def pod(
    annotations: dict[str, str] | None = None, *, labels: dict[str, str] | None = None, **spec: Any
) -> dict[str, Any]:
    """A Pod."""
    metadata = {"annotations": annotations or {}, "labels": labels or {}}
    containers = [{"name": "main", "image": "x"}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": containers, **spec}}


def job(*keys: str, **metadata: Any) -> dict[str, Any]:
    """A Job whose pods have annotations of these keys."""
    annotations = dict.fromkeys(keys, "")
    spec = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "x"}]}
    template = {"metadata": {"annotations": annotations}, "spec": spec}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": template}}


def cron_job(*keys: str) -> dict[str, Any]:
    """A CronJob whose jobs' pods have annotations of these keys."""
    spec = {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": job(*keys)["spec"]}}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {}, "spec": spec}


def deployment(*keys: str, kind: str = "Deployment") -> dict[str, Any]:
    """A Deployment whose pods have annotations of these keys."""
    annotations, labels = dict.fromkeys(keys, ""), {"app": "x"}
    containers = [{"name": "main", "image": "x"}]
    template = {"metadata": {"annotations": annotations, "labels": labels}, "spec": {"containers": containers}}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {}, "spec": spec}


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
    "annotation of a task": pipeline_run(taskSpec=metadata(TASK_SELECTORS)),
    "annotation of a Pipeline's task": tekton("Pipeline", {"tasks": [{"taskSpec": metadata("a/b", TASK_SELECTORS)}]}),
    "annotation for a task's pods": tekton("PipelineRun", {"taskRunSpecs": [metadata(TASK_SELECTORS)]}),
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
    "annotation of a template": template(**metadata("a/b", "z/y", TASK_SELECTORS)),
    "annotation of a CronWorkflow's template": argo(
        {"workflowSpec": {"templates": [metadata(TASK_SELECTORS)]}}, "CronWorkflow"
    ),
    "annotation for all pods": argo({"podMetadata": {"annotations": {POD_SELECTORS: ""}}}),
    "expression in source": template(script={"image": "x", "source": EXPRESSION}),
    "expression in an argument": argo({"arguments": {"parameters": [{"name": "p", "value": EXPRESSION}]}}),
    "expression in a manifest": template(resource={"manifest": f"a: b\nc: {EXPRESSION}"}),
} | {
    f"annotation {key.removeprefix(PREFIX)} of a {kind}": of_kind(kind, annotations={key: ""})
    for kind in TEKTON_KINDS + ARGO_KINDS for key in [RUN_SELECTORS, *OTHERS]
} | {
    # Only the product writes these, and in other places.
    f"note {key.removeprefix(PREFIX)} {where}": obj for key in NOTES for where, obj in {
        "for a task's pods": tekton("PipelineRun", {"taskRunSpecs": [metadata(key)]}),
        "of a task": pipeline_run(taskSpec=metadata("a/b", key)),
        "for all pods": argo({"podMetadata": {"annotations": {key: ""}}}),
        "of a template": template(**metadata(key)),
    }.items()
}  # fmt: skip
RUN_KINDS = ["PipelineRun", "TaskRun", "Workflow"]
# Who sends a stored object again sends its note.
ASKING |= {f"{kind} that is sent again": of_kind(kind, annotations={RESOLVED: "{}"}) for kind in RUN_KINDS}
ASKING_PODS = {
    f"annotation {key.removeprefix(PREFIX)}": pod({key: ""}) for key in [RUN_SELECTORS, *OTHERS]
} | {
    "pod of the task that is named": pod({PIPELINE_SELECTORS: "train/main: {}"}, labels={TASK: "train"}),
    "pod of a task, and all are meant": pod({RUN_SELECTORS: "'*': {}"}, labels={TASK: "train"}),
    "pod of a task, written with escapes": pod({RUN_SELECTORS: '"\\x74rain": {}'}, labels={TASK: "train"}),
    "pod of a task without a name": pod({RUN_SELECTORS: "train: {}"}, labels={TASK: ""}),
    "pod of a run without tasks": pod({RUN_SELECTORS: "train: {}"}, labels={"tekton.dev/taskRun": "x"}),
    "pod of a task that asks by itself": pod({RUN_SELECTORS: "a: {}", TASK_SELECTORS: ""}, labels={TASK: "train"}),
    "pod with a gate of another's": pod({POD_SELECTORS: ""}, schedulingGates=[{"name": "example.com/gate"}]),
    "pod with our gate": pod({POD_SELECTORS: ""}, schedulingGates=[{"name": f"{PREFIX}injection"}]),
    "pod with very many annotations": pod({f"{PREFIX}{i}": "" for i in range(3000)}),
    "pod that is sent again": pod({RESOLVED: "{}"}),
}  # fmt: skip
ASKING_WORKLOADS = {
    "Job": job(POD_SELECTORS),
    "Job by itself": job(annotations={POD_SELECTORS: ""}),
    "Job with a note": job(f"{PREFIX}resolved"),
    "CronJob": cron_job("a/b", POD_SELECTORS),
    "Deployment": deployment(TASK_SELECTORS),
    "DaemonSet": deployment(POD_SELECTORS, kind="DaemonSet"),
    "StatefulSet": deployment(POD_SELECTORS, kind="StatefulSet"),
    "ReplicaSet": deployment(POD_SELECTORS, kind="ReplicaSet"),
}

# What is not read, and probably meant to be ours: it is sent for a warning.
NEAR = {"extension.fuseml.org/run-selectors": ""}
NEAR_MISSES = {
    **{f"prefix of a {kind}": of_kind(kind, annotations=NEAR) for kind in TEKTON_KINDS + ARGO_KINDS},
    **{f"{key} of a PipelineRun": of_kind("PipelineRun", annotations={key: ""}) for key in (
        "extensions.fusem.org/run-selectors", "fuseml.org/task-selectors", "extensions.fuseml.org",
        "extensions.fuse-ml.io/x", "extensions.FuseML.org/run-selectors", "run-selectors", "example.com/pod_selectors",
    )},
    "prefix of a Pod": pod(NEAR),
    "prefix in a Deployment": deployment(*NEAR),
    "prefix in a Job": job(*NEAR),
    "prefix in a CronJob": cron_job(*NEAR),
    "prefix for the pods of a Workflow": argo({"podMetadata": {"annotations": NEAR}}),
    "prefix for the Workflows of a CronWorkflow": argo({"workflowMetadata": {"annotations": NEAR}}, "CronWorkflow"),
}  # fmt: skip

LOOKALIKES = """\
cat <<EOF >>out
cat <<extension >> notes
cat <<<extension.a >> notes; cat << extension.unclosed
>> ; x << 2 >> 1; << extension.a > b; <<<<<<< HEAD
{{ extension.store.url }} {"extensions": [{"name": "x"}]} {"extensions.fuseml.org/run-selectors": ""}
{"a":"b","extensions.fuseml.org/run-selectors":""} {"a": "b", "extensions.fuseml.org/run-selectors": ""}
"""
OWNED = {"name": "x", "uid": "1", "apiVersion": "tekton.dev/v1", "kind": "PipelineRun", "controller": True}
SILENT = {
    **{f"whole {obj['kind']}": obj for obj in random_objects.whole()},
    **{f"what we wrote on a {kind}": of_kind(kind, annotations=dict.fromkeys(NOTES, ""))
       for kind in TEKTON_KINDS + ARGO_KINDS if kind not in RUN_KINDS},
    **{f"what a {kind} waits for": of_kind(kind, annotations={WAITING: ""}) for kind in RUN_KINDS},
    "TaskRun with the note of its PipelineRun": of_kind(
        "TaskRun", annotations={RESOLVED: "{}"}, ownerReferences=[OWNED]
    ),
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
SILENT_PODS = {
    "pod": pod(),
    "what it waits for": pod({WAITING: ""}),
    "pod with the note of its run": pod() | {"metadata": {"annotations": {RESOLVED: "{}"}, "ownerReferences": [OWNED]}},
    "label": pod(labels={f"{PREFIX}project": "alpha"}),
    "annotation of another's": pod({"extensions.fuseml.org.example.com/x": "", "extensions.example.com/run": ""}),
    "what an engine copied to a pod": pod(NEAR) | {"metadata": {"annotations": NEAR, "ownerReferences": [OWNED]}},
    "bound pod": pod(nodeName="n"),
    "pod of another task": pod({RUN_SELECTORS: "train: {}", PIPELINE_SELECTORS: "x"}, labels={TASK: "test"}),
    "pod of another task, with a long annotation": pod({RUN_SELECTORS: "a" * 250_000}, labels={TASK: "test"}),
    "pod with very many annotations": pod({f"example.com/{i}": "" for i in range(15_000)}),
}
SILENT_WORKLOADS = {
    "Job": job("a/b"),
    "CronJob": cron_job(),
    "Deployment": deployment("extensions.fuseml.org.example.com/x"),
    "Job that a CronJob made": job(POD_SELECTORS, ownerReferences=[{**OWNED, "apiVersion": "batch/v1"}]),
}
