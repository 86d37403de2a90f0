"""Tekton's custom tasks: a controller of their own makes what they stand for. Pure.

What that is, Tekton does not say: the controller gets a CustomRun with the task's reference or spec, and with the
annotations of the PipelineRun (tektoncd/pipeline v1.15.0, ``createChildResourceAnnotations``).
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from registry.resolving.selectors import CRITERIA
from webhook.adapters.annotations.names import POD_SELECTORS, RUN_SELECTORS
from webhook.adapters.layout import Finding, ReferencedSteps
from webhook.objects.walk import Pointer, maps_in

_TEKTONS: Final = frozenset({"", "Task", "ClusterTask"})
# Their controllers copy the annotations of the CustomRun to the runs that they make, and so to all of their pods:
# kubeflow/kfp-tekton, tekton-catalog/pipeline-loops, and tektoncd/experimental, task-loops and pipelines-in-pipelines
# (``getPipelineRunAnnotations``, ``getTaskRunAnnotations``).
_PASS_ON: Final = frozenset(
    {("custom.tekton.dev", "PipelineLoop"), ("custom.tekton.dev", "TaskLoop"), ("tekton.dev", "Pipeline")}
)
_CRITERIA: Final = frozenset(CRITERIA)
_EXPRESSION: Final = (b"<< extension", b"<<extension")


def is_custom(task: Mapping[str, Any]) -> bool:
    """True if *task*, a ``taskRef`` or ``taskSpec``, is none of Tekton's own."""
    version = str(task.get("apiVersion") or "")
    if not version:
        return False
    return _group(version) != "tekton.dev" or str(task.get("kind") or "") not in _TEKTONS


def steps_of(task: Mapping[str, Any], key: str, where: str) -> ReferencedSteps:
    """The steps that the custom *task* stands for, whose keys begin with *key*."""
    kind = _kind(task)
    if passes_on(task):
        why = f"the steps of {where} are created by the controller of {kind}"
        return ReferencedSteps(key, why, "only '*' names them", is_open=True)
    why = f"{where} is a custom task ({kind}), which has no steps"
    unreached = f"if its controller creates pods, write {POD_SELECTORS} where it takes annotations for them"
    return ReferencedSteps(key, why, "leave it out", unreached=unreached)


def misplaced_in(task: Mapping[str, Any], where: str) -> Iterator[str]:
    """The messages about blocks within the spec of a custom task, which is called *where*."""
    if any(_blocks(task.get("spec"), ("spec",))):
        yield f"{where}.spec: 'extensions' is not read here, in what only the controller of {_kind(task)} reads; " + (
            f"write it under '*' into {RUN_SELECTORS} of the run, which that controller passes on"
            if passes_on(task)
            else "use a task of Tekton's own"
        )


def warnings_about(task: Mapping[str, Any], pointer: Pointer, where: str) -> Iterator[Finding]:
    """Expressions within the spec of a custom task, which is at *pointer*."""
    text = msgspec.json.encode(task.get("spec"))
    if any(sign in text for sign in _EXPRESSION):
        message = f"expressions are not expanded here, in what only the controller of {_kind(task)} reads"
        yield Finding(f"{where}.spec", message, (*pointer, "spec"))


def passes_on(task: Mapping[str, Any]) -> bool:
    """True if the controller of the custom *task* passes the annotations of the run to the pods that it causes."""
    return (_group(str(task.get("apiVersion") or "")), str(task.get("kind") or "")) in _PASS_ON


def _group(version: str) -> str:
    return version.partition("/")[0]


def _kind(task: Mapping[str, Any]) -> str:
    return str(task.get("kind") or task.get("apiVersion"))[:63]


def _blocks(value: object, path: Pointer) -> Iterator[Pointer]:
    """The ways to lists ``extensions`` that hold a selector: other tools may use the word for something else."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for part, item in items:
        if part == "extensions" and any(not _CRITERIA.isdisjoint(content) for _, content in maps_in(item)):
            yield (*path, part)
        else:
            yield from _blocks(item, (*path, part))
