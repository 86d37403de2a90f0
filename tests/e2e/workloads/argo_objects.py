"""Workflows and WorkflowTemplates for tests, and what the cluster has stored of them."""

import json

import yaml

from tests.e2e.workloads.references import PIPELINE, TASK, metadata, selectors


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
