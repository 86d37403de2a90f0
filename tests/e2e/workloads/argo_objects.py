"""Workflows and WorkflowTemplates for tests, and what the cluster has stored of them."""

import json

import yaml

from tests.e2e.support.waiting import wait_for
from tests.e2e.workloads.references import PIPELINE, TASK, metadata, selectors
from tests.e2e.workloads.runs import submit


def obj(kind, name, spec, **annotations):
    """An object of Argo; *annotations* are selectors by level."""
    noted = metadata(name, **annotations)
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": noted, "spec": spec}


def template(name, *, asks=None, **content):
    """A template; *asks* are its task selectors."""
    asking = {"metadata": {"annotations": {TASK: selectors(asks)}}} if asks else {}
    return {"name": name, **asking, **content}


def dag(name, *tasks):
    return {"name": name, "dag": {"tasks": list(tasks)}}


def there(name, of="shared", **more):
    """A call of the template *name* of the WorkflowTemplate *of*."""
    return {"name": name, "templateRef": {"name": of, "template": name}, **more}


def found_by_argo(here, name, **scope):
    """Wait until Argo finds the WorkflowTemplate *name*; `clusterScope=True` for one of the cluster.

    A Workflow that names one fails at once if Argo has not yet seen it, which takes a while after its
    watch was cut: the CRDs have changed, or the API server was away.
    """
    spec = {"workflowTemplateRef": {"name": name, **scope}, "suspend": True}
    probe = {**obj("Workflow", "", spec), "metadata": {"generateName": "probe-"}}

    def is_found():
        workflow = submit(here, probe)
        status = wait_for(lambda: here.api.get("workflows", workflow).get("status"), 60, f"Argo to take {workflow}")
        here("delete", "workflow", workflow)
        return f'"{name}" not found' not in status.get("message", "")

    wait_for(is_found, 120, f"Argo to find {name}")


def stored(here):
    """The stored WorkflowTemplate: its pipeline selectors, and the annotations and env of each template."""
    found = here.json("get", "workflowtemplate", "d")
    own = {key: value for key, value in found["metadata"].get("annotations", {}).items() if key == PIPELINE}
    assert "extensions" not in json.dumps([t["container"] for t in found["spec"]["templates"]])
    return own, {
        t["name"]: (
            {key: yaml.safe_load(text) for key, text in t.get("metadata", {}).get("annotations", {}).items()},
            t["container"].get("env", []),
        )
        for t in found["spec"]["templates"]
    }
