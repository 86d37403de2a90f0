"""A pod that a run or a workload is expected to create. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from webhook.adapters.annotations.names import LEVELS
from webhook.objects.walk import annotations_of

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
    """

    where: str
    pod: Mapping[str, Any] = field(default_factory=dict)
    unknown: str = ""

    @property
    def asks(self) -> bool:
        """True if an annotation of the pod asks for something."""
        return any(annotations_of(self.pod).get(key) for key in LEVELS)


def missing(where: str, kind: str, name: str) -> ExpectedPod:
    """The answer for a reference to a definition that was not found."""
    message = f"{kind} {name!r} is in none of the given files, nor in the cluster, if one was given"
    return ExpectedPod(where, unknown=message)


def pod(
    where: str,
    labels: Mapping[str, str],
    annotations: Mapping[str, Any],
    containers: list[dict[str, Any]],
    init_containers: list[dict[str, Any]] | None = None,
) -> ExpectedPod:
    """An expected pod with the parts that the webhook reads."""
    metadata = {"labels": dict(labels), "annotations": dict(annotations), "ownerReferences": [OWNER]}
    spec: dict[str, Any] = {"containers": containers}
    if init_containers:
        spec["initContainers"] = init_containers
    return ExpectedPod(where, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
