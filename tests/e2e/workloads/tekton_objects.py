"""Runs and definitions of the tests of Tekton."""

from tests.e2e.workloads.references import metadata

V1 = "tekton.dev/v1"


def obj(kind, name, spec, *, api=V1, **annotations):
    """An object of Tekton; *annotations* are selectors by level."""
    return {"apiVersion": api, "kind": kind, "metadata": metadata(name, **annotations), "spec": spec}


def step(name, content):
    return {"name": name, **content}


def ref(name, task, **more):
    return {"name": name, "taskRef": {"name": task}, **more}
