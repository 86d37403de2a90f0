"""Finds the pods that wait at our gate, and those of them that a controller would recreate. Pure."""

from dataclasses import dataclass
from typing import Final

import msgspec

from registry.delivery import copies
from webhook.adapters.annotations.names import GATE, NOTES, PREFIX, WAITING

# API group and kind of the owners whose controllers recreate a pod that was deleted before it ran.
RECREATING_OWNERS: Final = frozenset({
    ("tekton.dev", "TaskRun"), ("argoproj.io", "Workflow"), ("batch", "Job"), ("apps", "ReplicaSet"),
    ("apps", "StatefulSet"), ("apps", "DaemonSet"), ("", "ReplicationController"),
})  # fmt: skip
# A deleted pod that has this finalizer counts as a failure of its Job. The Job's controller also removes it from the
# pods that it deletes itself.
JOB_TRACKING: Final = "batch.kubernetes.io/job-tracking"


class _Struct(msgspec.Struct, frozen=True, rename="camel"):
    """Fields that are not listed are dropped, because there may be thousands of pods."""


class Owner(_Struct, frozen=True):
    """An owner of a pod."""

    api_version: str
    kind: str
    uid: str
    controller: bool = False


class Metadata(_Struct, frozen=True):
    """A pod's metadata."""

    name: str
    namespace: str
    uid: str
    annotations: dict[str, str] = {}
    owner_references: list[Owner] = []
    finalizers: list[str] = []
    deletion_timestamp: str = ""


class Gate(_Struct, frozen=True):
    """A scheduling gate of a pod."""

    name: str


class Spec(_Struct, frozen=True):
    """A pod's spec."""

    scheduling_gates: list[Gate] = []


class Pod(_Struct, frozen=True):
    """A pod, as the API server returns it."""

    metadata: Metadata
    spec: Spec


class PodList(_Struct, frozen=True):
    """A list of pods."""

    items: list[Pod]


@dataclass(frozen=True, slots=True)
class WaitingPod:
    """A pod that waits at our gate.

    Attributes:
        recreated_by: The uid of the owner whose controller recreates the pod if it is deleted; "" if there is none.
        copies: The names of the Secrets that it waits for; none if it waits because no webhook answered.
    """

    namespace: str
    name: str
    uid: str
    recreated_by: str
    finalizers: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()


def waiting_pod(pod: Pod) -> WaitingPod | None:
    """Return *pod* as a WaitingPod; None if it does not wait at our gate, or has no annotation that asks."""
    metadata = pod.metadata
    asks = any(key.startswith(PREFIX) and key not in NOTES for key in metadata.annotations)
    if not asks or metadata.deletion_timestamp or not any(gate.name == GATE for gate in pod.spec.scheduling_gates):
        return None
    # The API server allows at most one owner with controller=true.
    owner = next((o.uid for o in metadata.owner_references if o.controller and _kind(o) in RECREATING_OWNERS), "")
    return WaitingPod(
        metadata.namespace, metadata.name, metadata.uid, owner, tuple(metadata.finalizers), _copies(metadata)
    )


def _copies(metadata: Metadata) -> tuple[str, ...]:
    # Whoever may create pods may have written it.
    words = metadata.annotations.get(WAITING, "").split()
    return tuple(word for word in words if word.startswith(copies.PREFIX))


def _kind(owner: Owner) -> tuple[str, str]:
    group, slash, _ = owner.api_version.rpartition("/")
    return group if slash else "", owner.kind
