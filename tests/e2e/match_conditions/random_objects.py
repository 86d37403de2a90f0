"""Objects of Tekton and Argo: complete ones, and random variants with values where they do not belong."""

import random
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

BLOCK = [{"name": "store", "product": "minio"}]
EXPRESSION = "<< extension.store.url >>"
ODD: list[Any] = [
    None, 7, 1.5, True, "", "x", EXPRESSION, "cat <<EOF >>x extension", "<< extension.open", [], [[]], [None], {},
    {"extensions": BLOCK}, BLOCK, [{"extensions": BLOCK}], [[{"extensions": BLOCK}]], {"tasks": []},
]  # fmt: skip


def container(**more: Any) -> dict[str, Any]:
    """A step, or whatever else runs in a container."""
    return {"image": "x", "command": ["sh"], "args": ["a", "b"], "env": [{"name": "A", "value": "b"}]} | more


def task_spec() -> dict[str, Any]:
    """A Tekton task."""
    return {
        "params": [{"name": "p", "default": "d"}],
        "stepTemplate": {"env": [{"name": "A", "value": "1"}]},
        "steps": [container(script="x"), container()],
        "sidecars": [container()],
    }


def pipeline_spec(depth: int = 2) -> dict[str, Any]:
    """A Tekton pipeline that nests *depth* more."""
    inner = [{"name": "inner", "pipelineSpec": pipeline_spec(depth - 1)}] if depth else []
    inline = {"name": "inline", "taskSpec": task_spec(), "params": [{"name": "a", "value": ["x", "y"]}]}
    referred = {"name": "referred", "taskRef": {"name": "x"}, "params": [{"name": "a", "value": {"k": "v"}}]}
    return {"tasks": [inline, referred, *inner], "finally": [{"name": "last", "taskSpec": task_spec()}]}


def templates(*, calls: bool = True) -> list[dict[str, Any]]:
    """Argo templates of every type."""
    leaves = [
        {"name": "container", "container": container(), "initContainers": [container()], "sidecars": [container()]},
        {"name": "script", "script": container(source="x")},
        {"name": "set", "containerSet": {"containers": [container(), container()]}},
        {"name": "resource", "resource": {"manifest": "x"}},
    ]
    if not calls:
        return leaves
    inline = [{"name": f"i{i}", "inline": template} for i, template in enumerate(templates(calls=False))]
    first = {"name": "a", "template": "container", "arguments": {"parameters": [{"name": "x", "value": "y"}]}}
    return [*leaves, {"name": "dag", "dag": {"tasks": [first, *inline]}}, {"name": "steps", "steps": [[first], inline]}]


def workflow_spec() -> dict[str, Any]:
    """An Argo Workflow."""
    return {
        "entrypoint": "dag",
        "arguments": {"parameters": [{"name": "p", "value": "v"}]},
        "templateDefaults": {"container": container(), "script": container()},
        "templates": templates(),
    }


def whole() -> list[dict[str, Any]]:
    """One object of each kind, with every field that matters here."""
    specs = {
        ("tekton.dev/v1", "PipelineRun"): {"params": [], "pipelineSpec": pipeline_spec()},
        ("tekton.dev/v1", "TaskRun"): {"taskSpec": task_spec()},
        ("tekton.dev/v1beta1", "Pipeline"): pipeline_spec(),
        ("argoproj.io/v1alpha1", "Workflow"): workflow_spec(),
        ("argoproj.io/v1alpha1", "WorkflowTemplate"): workflow_spec(),
        ("argoproj.io/v1alpha1", "CronWorkflow"): {"schedules": ["0 0 1 1 *"], "workflowSpec": workflow_spec()},
        ("argoproj.io/v1alpha1", "ClusterWorkflowTemplate"): workflow_spec(),
    }
    return [{"apiVersion": version, "kind": kind, "spec": spec} for (version, kind), spec in specs.items()]


def odd(count: int, seed: int) -> Iterator[dict[str, Any]]:
    """*count* random objects, each with some value where it does not belong."""
    chance = random.Random(seed)
    for _ in range(count):
        obj = deepcopy(chance.choice(whole()))
        for _ in range(chance.choice((1, 1, 2, 3))):
            parent, key = chance.choice(list(_places(obj, "spec")))
            if isinstance(parent[key], dict) and chance.random() < 0.4:
                parent[key]["extensions"] = deepcopy(chance.choice((BLOCK, None, "x", [], {})))
            else:
                parent[key] = deepcopy(chance.choice(ODD))
        yield obj


def _places(parent: Any, key: str | int) -> Iterator[tuple[Any, str | int]]:
    yield parent, key
    value = parent[key]
    for inner in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from _places(value, inner)
