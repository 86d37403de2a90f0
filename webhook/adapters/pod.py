"""A pod's own containers, and which of them the annotations mean that propagated to it. Pure.

Nothing in it is expanded but these annotations' own variables: the rest may hold the output of other steps.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from webhook.adapters.annotations.names import GATE, LEVELS, POD_SELECTORS, TASK_SELECTORS, unread
from webhook.adapters.annotations.reader import with_annotation
from webhook.adapters.annotations.step_keys import KeyReader, Keys, UnknownKeyError
from webhook.adapters.argo import NO_ENV
from webhook.adapters.layout import Layout
from webhook.adapters.step import Engine, Kind, Region, Step
from webhook.objects.walk import Pointer, as_map, is_controlled, maps_in

_SPEC: Pointer = ("spec",)
_ANNOTATIONS: Pointer = ("metadata", "annotations")
# Containers that the engines add.
_TEKTONS = frozenset({"sidecar-tekton-log-results"})
_ARGOS = frozenset({"init", "wait", "supervisor"})
_ARGOS_PREFIXES = ("artifact-plugin", "init-artifact")
# Tekton may have cut names of pipeline runs that are longer than this.
_WHOLE_NAME = 50


def pod(obj: Mapping[str, Any]) -> Layout | None:
    """Find the containers of a Pod that may get services; None if it does not ask."""
    metadata, spec = as_map(obj.get("metadata")), as_map(obj.get("spec"))
    annotations = as_map(metadata.get("annotations"))
    labels = as_map(metadata.get("labels"))
    gate = next((i for i, g in maps_in(spec.get("schedulingGates")) if g.get("name") == GATE), None)
    misplaced = unread(metadata, "", read=LEVELS, notes=True)
    if gate is None and not misplaced and not any(key in annotations for key in LEVELS):
        return None
    containers = list(_containers(spec))
    template = _template(spec) if "workflows.argoproj.io/workflow" in labels else None
    steps = list(_steps(containers, labels, template))
    layout = Layout(
        Engine.KUBERNETES,
        tuple(steps),
        {_SPEC: Region("", (), Kind.OPAQUE)}
        | {s.pointer: Region(s.where, _scope(s, steps), Kind.OPAQUE) for s in steps},
        tuple(misplaced),
        has_user=not is_controlled(obj),
        gate=None if gate is None else (*_SPEC, "schedulingGates", gate),
    )
    for level in LEVELS:
        if level in annotations:
            pointer = (*_ANNOTATIONS, level)
            layout = with_annotation(layout, annotations, pointer, _keys(level, pointer, steps, labels, template))
    return layout


def is_meant(obj: Mapping[str, Any], level: str, key: str) -> bool:
    """True if *key*, in the annotation of *level*, means a container of the Pod *obj*, or makes the pod be refused."""
    spec, labels = as_map(obj.get("spec")), as_map(as_map(obj.get("metadata")).get("labels"))
    template = _template(spec) if "workflows.argoproj.io/workflow" in labels else None
    steps = list(_steps(list(_containers(spec)), labels, template))
    try:
        return bool(_keys(level, (), steps, labels, template).steps_of(key))
    except UnknownKeyError:
        return True  # The pod is refused, and says why.


def containers_of(template: Mapping[str, Any]) -> list[Step]:
    """The containers that ``pod-selectors`` names in a pod made from *template*, by no engine."""
    return list(_steps(list(_containers(as_map(template.get("spec")))), {}, None))


def _containers(spec: Mapping[str, Any]) -> Iterator[tuple[str, Pointer, bool]]:
    """Each container's name and pointer, and True if it is an init container."""
    for section in ("containers", "initContainers"):
        for i, container in maps_in(spec.get(section)):
            yield str(container.get("name", i)), (*_SPEC, section, i), section == "initContainers"


def _steps(
    containers: Sequence[tuple[str, Pointer, bool]], labels: Mapping[str, Any], template: Mapping[str, Any] | None
) -> Iterator[Step]:
    for name, pointer, is_init in () if _is_agents(labels) else containers:
        if "tekton.dev/taskRun" in labels:
            own, is_beside = _in_tekton(name)
        elif template is not None:
            own, is_beside = _in_argo(name, template, is_init=is_init)
        else:
            own, is_beside = name, is_init
        if own:
            yield Step(
                own, f"container {name}", pointer, env=(*pointer, "env"), only_if_named=is_beside, key_in_home=name
            )


def _is_agents(labels: Mapping[str, Any]) -> bool:
    """True if the pod is that of Argo's agent, which has the Workflow's ``podMetadata`` as all of its pods do."""
    return "workflows.argoproj.io/workflow" in labels and labels.get("workflows.argoproj.io/component") == "agent"


def _in_tekton(name: str) -> tuple[str, bool]:
    """Key of a Tekton pod's container, "" if Tekton added it; True if it is a sidecar."""
    if name.startswith("sidecar-") and name not in _TEKTONS:
        return name, True
    return (name.removeprefix("step-"), False) if name.startswith("step-") else ("", False)


def _in_argo(name: str, template: Mapping[str, Any], *, is_init: bool) -> tuple[str, bool]:
    """The same of an Argo pod that was created from *template*."""
    if name in _ARGOS or name.startswith(_ARGOS_PREFIXES):
        return "", False
    if is_init:
        return f"init-{name}", True
    if name in {c.get("name") for _, c in maps_in(template.get("sidecars"))}:
        return f"sidecar-{name}", True
    if name == "main" and any(kind in template for kind in NO_ENV):
        return "", False  # Argo's own program runs in it.
    return name, False


def _scope(step: Step, steps: Sequence[Step]) -> tuple[Step, ...]:
    """Whose selectors the variables of *step* may use: a sidecar of Tekton's, those of all its task's steps."""
    if step.only_if_named and step.key_in_home.startswith("sidecar-"):
        return (step, *(s for s in steps if not s.only_if_named))
    return (step,)


def _template(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    """The template from which Argo created the pod; empty if the pod does not say."""
    for section in ("initContainers", "containers"):
        for _, container in maps_in(spec.get(section)):
            for _, entry in maps_in(container.get("env")):
                if entry.get("name") == "ARGO_TEMPLATE" and isinstance(entry.get("value"), str):
                    try:
                        return as_map(json.loads(entry["value"]))
                    except ValueError:
                        return {}  # It is too long, and Argo keeps it elsewhere.
    return {}


def _keys(
    level: str,
    pointer: Pointer,
    steps: Sequence[Step],
    labels: Mapping[str, Any],
    template: Mapping[str, Any] | None,
) -> KeyReader:
    """How to read the keys of the annotation of *level* in this pod."""
    if _is_agents(labels):
        return _NoKeys()
    if level == POD_SELECTORS:
        return Keys([step._replace(key=step.key_in_home) for step in steps], pointer)
    own = Keys(steps, pointer)
    if level == TASK_SELECTORS:
        return own
    if template is not None:
        return _KeysInArgoPod(own, template, has_steps=any(not step.only_if_named for step in steps))
    task = labels.get("tekton.dev/pipelineTask")
    return _KeysInTektonPod(own, str(task), str(labels.get("tekton.dev/pipelineRun", ""))) if task else own


class _KeysInTektonPod:
    """Keys that name a pipeline's tasks, in a pod of one of these tasks."""

    def __init__(self, own: Keys, task: str, run: str) -> None:
        self._own = own
        self._task = task
        self._run = run

    def steps_of(self, key: str) -> Sequence[Step]:
        """See ``KeyReader``."""
        if key == "*":
            return self._own.steps_of(key)
        parts = key.removesuffix("/*").split("/")
        is_group = key.endswith("/*")
        if parts[-1] == self._task and (len(parts) == 1 or (is_group and self._is_within(parts[:-1]))):
            return self._own.steps_of("*")
        # A group is no step, even if the task around it is called like this one.
        if len(parts) > 1 and not is_group and parts[-2] == self._task and self._is_within(parts[:-2]):
            return _steps_in(f"task {self._task!r}", self._own, parts[-1])
        return ()

    def _is_within(self, around: Sequence[str]) -> bool:
        """True if the pod's run may be that of the task *around* it: the name of a nested run ends in its task's.

        If that task has a matrix, a number follows.
        """
        if not around or len(self._run) > _WHOLE_NAME:
            return True
        before, _, number = self._run.rpartition("-")
        name = before if number.isdecimal() else self._run
        return f"-{around[-1]}" in (self._run[-len(around[-1]) - 1 :], name[-len(around[-1]) - 1 :])


class _KeysInArgoPod:
    """Keys that name templates, in a pod that was created from *template*; one that is written inline has no name."""

    def __init__(self, own: Keys, template: Mapping[str, Any], *, has_steps: bool) -> None:
        self._own = own
        self._template = template.get("name")
        self._is_told = bool(template)
        self._has_steps = has_steps

    def steps_of(self, key: str) -> Sequence[Step]:
        """See ``KeyReader``."""
        template, _, container = key.removesuffix("/*").partition("/")
        if key == "*":
            return self._own.steps_of("*") if self._has_steps else ()
        if not self._is_told:
            raise UnknownKeyError(
                "the pod does not say which template it was created from, as that is too large; write "
                f"{TASK_SELECTORS} into the template"
            )
        if template != self._template:
            return ()
        if not container and not self._has_steps:
            raise UnknownKeyError(f"template {template!r} runs no container that can be given anything")
        return _steps_in(f"template {template!r}", self._own, container or "*")


def _steps_in(what: str, own: Keys, key: str) -> Sequence[Step]:
    """The steps of *key*; an error names *what* was searched, as the key was written in another object."""
    try:
        return own.steps_of(key)
    except UnknownKeyError as e:
        raise UnknownKeyError(f"in {what}, {e}") from None


class _NoKeys:
    """Any keys, in a pod without steps."""

    def steps_of(self, key: str) -> Sequence[Step]:
        """See ``KeyReader``."""
        del key
        return ()
