"""Pods as Tekton and Argo make them of a task or a template, as far as the webhook looks at them."""

import json

from webhook.objects.walk import maps_in


def tekton_pod(task_spec, annotations=None, *, task="", run="demo"):
    """The pod of a TaskRun; of a pipeline's *task* in the PipelineRun *run*, if that is given."""
    labels = {
        "tekton.dev/taskRun": f"{run}-{task}" if task else run,
        "app.kubernetes.io/managed-by": "tekton-pipelines",
    }
    if task:
        labels |= {"tekton.dev/pipelineTask": task, "tekton.dev/pipelineRun": run}
    steps = [_container(f"step-{s.get('name') or f'unnamed-{i}'}", s) for i, s in maps_in(task_spec.get("steps"))]
    sidecars = [_container(f"sidecar-{s.get('name', i)}", s) for i, s in maps_in(task_spec.get("sidecars"))]
    return _pod(labels, annotations, [*steps, *sidecars], [{"name": "prepare", "image": "tekton"}], "TaskRun")


def argo_pod(template, annotations=None):
    """The pod of a node that runs *template*."""
    inside = template.get("containerSet", {}).get("containers")
    main = template.get("container") or template.get("script") or {"image": "argoexec"}
    own = [_container(c["name"], c) for c in inside] if inside else [_container("main", main)]
    sidecars = [_container(str(s.get("name", i)), s) for i, s in maps_in(template.get("sidecars"))]
    inits = [_container(str(s.get("name", i)), s) for i, s in maps_in(template.get("initContainers"))]
    told = {"name": "ARGO_TEMPLATE", "value": json.dumps(template)}
    init, wait = ({"name": name, "image": "argoexec", "env": [told]} for name in ("init", "wait"))
    labels = {"workflows.argoproj.io/workflow": "demo", "workflows.argoproj.io/completed": "false"}
    return _pod(labels, annotations, [wait, *own, *sidecars], [init, *inits], "Workflow")


def container_of(pod, name):
    """The container of that *name*, of either list."""
    return next(c for c in (*pod["spec"]["containers"], *pod["spec"]["initContainers"]) if c["name"] == name)


def _container(name, step):
    kept = {key: step[key] for key in ("image", "env", "args") if key in step}
    return {"name": name, "command": ["/tekton/bin/entrypoint"], **kept}


def _pod(labels, annotations, containers, inits, owner):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "demo-pod",
            "labels": labels,
            "annotations": dict(annotations or {}),
            "ownerReferences": [{"apiVersion": "x/v1", "kind": owner, "name": "demo", "controller": True}],
        },
        "spec": {"containers": containers, "initContainers": inits},
    }
