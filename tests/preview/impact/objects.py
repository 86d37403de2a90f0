"""An object of each kind that may ask for the store, as its author writes it."""

from webhook.adapters.annotations.names import PIPELINE_SELECTORS, POD_SELECTORS, RUN_SELECTORS, TASK_SELECTORS
from webhook.objects import manifests

STORE = {"name": "store", "product": "minio", "version": "^1.0"}
STEP = {"name": "main", "image": "i"}
ASKING = {**STEP, "extensions": [STORE]}
TEMPLATES = {"entrypoint": "t", "templates": [{"name": "t", "container": {"image": "i"}, "extensions": [STORE]}]}
TASKS = {"tasks": [{"name": "t", "taskSpec": {"steps": [ASKING]}}]}


def made(api, kind, spec, *, namespace="team-a", **annotations):
    metadata = {"name": "demo", **({"namespace": namespace} if namespace else {})}
    if annotations:
        metadata["annotations"] = annotations
    return {"apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec}


def tekton(kind, spec, **annotations):
    return made("tekton.dev/v1", kind, spec, **annotations)


def argo(kind, spec, **more):
    return made("argoproj.io/v1alpha1", kind, spec, **more)


def asked(key):
    return manifests.dump({key: {"extensions": [STORE]}})


def pod_template(**more):
    annotations = {POD_SELECTORS: asked("main")}
    return {"metadata": {"annotations": annotations}, "spec": {"containers": [STEP], **more}}


JOB = {"template": pod_template(restartPolicy="Never")}
# A definition of another name, for the kinds that refer to one.
PLAIN_TASK = {**tekton("Task", {"steps": [STEP]}), "metadata": {"name": "plain", "namespace": "team-a"}}

OBJECTS = {
    "PipelineRun": tekton("PipelineRun", {"pipelineSpec": TASKS}),
    "PipelineRun-by-reference": tekton(
        "PipelineRun",
        {"pipelineSpec": {"tasks": [{"name": "t", "taskRef": {"name": "plain"}}]}},
        **{RUN_SELECTORS: asked("t/main")},
    ),
    "TaskRun": tekton("TaskRun", {"taskSpec": {"steps": [ASKING]}}),
    "TaskRun-by-reference": tekton("TaskRun", {"taskRef": {"name": "plain"}}, **{RUN_SELECTORS: asked("main")}),
    "Pipeline": tekton("Pipeline", TASKS),
    "Pipeline-by-reference": tekton(
        "Pipeline", {"tasks": [{"name": "t", "taskRef": {"name": "plain"}}]}, **{PIPELINE_SELECTORS: asked("t/main")}
    ),
    "Task": tekton("Task", {"steps": [STEP]}, **{TASK_SELECTORS: asked("main")}),
    "Workflow": argo("Workflow", TEMPLATES),
    "WorkflowTemplate": argo("WorkflowTemplate", TEMPLATES),
    "ClusterWorkflowTemplate": argo("ClusterWorkflowTemplate", TEMPLATES, namespace=""),
    "CronWorkflow": argo("CronWorkflow", {"schedule": "@daily", "workflowSpec": TEMPLATES}),
    "Pod": made("v1", "Pod", {"containers": [STEP]}, **{POD_SELECTORS: asked("main")}),
    "Job": made("batch/v1", "Job", JOB),
    "CronJob": made("batch/v1", "CronJob", {"schedule": "@daily", "jobTemplate": {"spec": JOB}}),
    "Deployment": made("apps/v1", "Deployment", {"template": pod_template()}),
    "FuseML": {"name": "demo", "steps": [{"name": "main", "image": "i", "extensions": [STORE]}]},
}
