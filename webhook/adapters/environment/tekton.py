"""Where Tekton takes a step's variables from besides the step: its task's template and the run's pod templates. Pure.

Tekton merges ``stepTemplate`` below each step by variables' names, and puts the variables of pod templates after those
of each step, so that they win; sidecars get neither (tektoncd/pipeline pkg/apis/pipeline/v1/merge.go, pkg/pod/pod.go).
"""

from collections.abc import Mapping
from typing import Any

from webhook.adapters.environment.sources import Source, source_of
from webhook.objects.walk import as_map, maps_in

# In v1 and v1beta1.
POD_TEMPLATES = ("podTemplate", "taskPodTemplate")


def pod_template(part: Mapping[str, Any], name: str, where: str = "") -> tuple[Source, ...]:
    """The variables of the pod template *name* in *part*."""
    return source_of(part.get(name), where + name, wins=True, env_from=False)


def of_pods(spec: Mapping[str, Any]) -> tuple[Source, ...]:
    """What a run's *spec* sets for the steps of all its pods."""
    template = as_map(spec.get("taskRunTemplate"))
    return (*pod_template(spec, "podTemplate"), *pod_template(template, "podTemplate", "taskRunTemplate."))


def of_task_run_specs(spec: Mapping[str, Any]) -> dict[str, tuple[Source, ...]]:
    """What a PipelineRun's *spec* sets for the steps of single tasks, by the task's name."""
    found: dict[str, tuple[Source, ...]] = {}
    for i, task in maps_in(spec.get("taskRunSpecs")):
        name = str(task.get("pipelineTaskName"))
        own = (source for key in POD_TEMPLATES for source in pod_template(task, key, f"taskRunSpecs[{i}]."))
        found[name] = (*found.get(name, ()), *own)
    return found
