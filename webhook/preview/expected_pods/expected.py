"""A pod that a run or a workload is expected to create. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias

from webhook.adapters.annotations.names import LEVELS
from webhook.adapters.environment.sources import Source, merged
from webhook.objects.walk import Pointer, annotations_of

Origins: TypeAlias = Mapping[str, Mapping[str, str]]

# The owner of an expected pod. A controller creates the pod, so no user vouches for it.
OWNER: Final = {"controller": True}

# Gives the definition of a kind and name in a namespace, "" for the run's own namespace; None if there is none.
FindDefinition: TypeAlias = Callable[[str, str, str], Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True)
class ExpectedPod:
    """A pod, or why it cannot be predicted.

    Attributes:
        where: The part of its creator that it comes from, for messages: ``tasks[eval]``.
        pod: What the webhook reads of the pod that the engine will create.
        unknown: Why the pod cannot be predicted; then *pod* is empty.
        part: Where its task or template stands in its creator; None if that is in another object.
        origins: By container and variable, the places besides a container's own ``env`` that its variables come from.
    """

    where: str
    pod: Mapping[str, Any] = field(default_factory=dict)
    unknown: str = ""
    part: Pointer | None = None
    origins: Origins = field(default_factory=dict)

    @property
    def asks(self) -> bool:
        """True if an annotation of the pod asks for something."""
        return any(annotations_of(self.pod).get(key) for key in LEVELS)


class Container(NamedTuple):
    """A container of an expected pod, and the places that its variables come from."""

    content: dict[str, Any]
    origins: Mapping[str, str]


def container(name: str, own: Mapping[str, Any], sources: Sequence[Source]) -> Container:
    """The container *name* with its *own* variables and those of *sources*, as its engine merges them."""
    entries = merged(own.get("env"), sources)
    content: dict[str, Any] = {"name": name, "env": [dict(entry.content) for entry in entries]}
    if "envFrom" in own:
        content["envFrom"] = own["envFrom"]
    return Container(content, {str(entry.content.get("name")): entry.where for entry in entries if entry.where})


def missing(where: str, kind: str, name: str) -> ExpectedPod:
    """The answer for a reference to a definition that was not found."""
    message = f"{kind} {name!r} is in none of the given files, nor was it found in the cluster, if one was given"
    return ExpectedPod(where, unknown=message)


def pod(
    where: str,
    labels: Mapping[str, str],
    annotations: Mapping[str, Any],
    containers: Sequence[Container],
    init_containers: Sequence[Container] = (),
    *,
    part: Pointer | None = None,
) -> ExpectedPod:
    """An expected pod with the parts that the webhook reads."""
    metadata = {"labels": dict(labels), "annotations": dict(annotations), "ownerReferences": [OWNER]}
    spec: dict[str, Any] = {"containers": [container.content for container in containers]}
    if init_containers:
        spec["initContainers"] = [container.content for container in init_containers]
    origins = {container.content["name"]: container.origins for container in (*containers, *init_containers)}
    content = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    return ExpectedPod(where, content, part=part, origins=origins)
