"""Runs that are admitted and sent again, for tests."""

import json

import jsonpatch
from hypothesis import assume

from registry.records import codec
from registry.resolving.index import Index
from tests.plausible_runs import INDEX, ME, RECORDS
from webhook.adapters.annotations.names import RUN_SELECTORS
from webhook.errors import RefusedError
from webhook.mutation.mutate import mutate
from webhook.mutation.note import resolved

ASKS = "{extensions: [{name: s3, product: minio}]}"


def moved():
    """The registry after everything has moved."""
    text = json.dumps(RECORDS).replace("minio:9000", "new:1").replace('"u"', '"new"').replace('"login"', '"other"')
    return Index(map(codec.decode, json.loads(text)))


MOVED = moved()


def patched(obj, mutation):
    return jsonpatch.apply_patch(obj, [dict(op) for op in mutation.ops])


def created(obj, index=INDEX, consumer=ME):
    return patched(obj, mutate(obj, index, consumer))


def admitted(obj, index=INDEX):
    """What becomes of *obj*; the example is left out if it is refused."""
    try:
        result = created(obj, index)
    except RefusedError:
        assume(False)
    assume(resolved.is_there(result))
    return result


def as_engines_store(node):
    """*node* after a round trip through an engine's types, which leave out what is empty."""
    if isinstance(node, dict):
        stored = {key: as_engines_store(value) for key, value in node.items()}
        return {key: value for key, value in stored.items() if value not in ({}, [], "", None)}
    return [as_engines_store(item) for item in node] if isinstance(node, list) else node


def workflow(question=f"'*': {ASKS}", *templates, **spec):
    templates = templates or ({"name": "t", "container": {"image": "i"}},)
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "demo", "annotations": {RUN_SELECTORS: question} if question else {}},
        "spec": {"templates": list(templates), **spec},
    }


def task_run(*steps, **metadata):
    return {
        "apiVersion": "tekton.dev/v1",
        "kind": "TaskRun",
        "metadata": {"name": "demo", **metadata},
        "spec": {"taskSpec": {"steps": list(steps)}},
    }


def step(name="a", **more):
    return {"name": name, "image": "i", "extensions": [{"name": "s3", "product": "minio"}], **more}


def url_of(container):
    return {entry["name"]: entry.get("value") for entry in container["env"]}.get("S3_URL")


# Each user has a login of his own.
PRIVATE = {
    "id": "private",
    "product": "minio",
    "services": [
        {
            "id": "s3",
            "credentials": [
                {"id": of, "scope": "user", "users": [of], "secretRef": {"name": f"{of}s"}, "configuration": {"K": "k"}}
                for of in ("ann", "ben")
            ],
            "auth_required": True,
        }
    ],
}
