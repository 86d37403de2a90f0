"""What a run makes. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from webhook.adapters.annotations.names import LEVELS
from webhook.objects.walk import annotations_of

# A controller creates it, so that nobody vouches for a user.
OWNER: Final = {"controller": True}

# Gives the definition of a kind and name that is in a namespace, "" for the run's own; None if there is none.
Lookup: TypeAlias = Callable[[str, str, str], Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Made:
    """A pod, or what is known of it.

    Attributes:
        where: Whose it is, for people.
        pod: As its engine will make it, but for what the webhook does not look at.
        unknown: Why it cannot be told; then there is no *pod*.
    """

    where: str
    pod: Mapping[str, Any] = field(default_factory=dict)
    unknown: str = ""

    @property
    def asks(self) -> bool:
        """Whether anything is asked for in it."""
        return any(annotations_of(self.pod).get(key) for key in LEVELS)


def missing(where: str, kind: str, name: str) -> Made:
    """What is behind a reference to a definition that is not there."""
    return Made(where, unknown=f"{kind} {name!r} is neither in the given files nor in a cluster that was asked")


def pod(
    where: str,
    labels: Mapping[str, str],
    annotations: Mapping[str, Any],
    containers: list[dict[str, Any]],
    init_containers: list[dict[str, Any]] | None = None,
) -> Made:
    """A pod with what the webhook looks at."""
    metadata = {"labels": dict(labels), "annotations": dict(annotations), "ownerReferences": [OWNER]}
    spec: dict[str, Any] = {"containers": containers}
    if init_containers:
        spec["initContainers"] = init_containers
    return Made(where, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
