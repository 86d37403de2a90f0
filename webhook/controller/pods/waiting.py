"""Which pods wait at our gate, and which of them to have made anew. Pure."""

from dataclasses import dataclass
from typing import Final

import msgspec

from webhook.adapters.annotations.names import GATE, NOTES, PREFIX

# Their controllers make a pod anew that was deleted before it ran; API group and kind.
MAKERS: Final = frozenset({
    ("tekton.dev", "TaskRun"), ("argoproj.io", "Workflow"), ("batch", "Job"), ("apps", "ReplicaSet"),
    ("apps", "StatefulSet"), ("apps", "DaemonSet"), ("", "ReplicationController"),
})  # fmt: skip
# While it has this, a pod that is deleted counts as one of the Job's failures. The Job's controller takes it off, too,
# from the pods that it deletes itself.
JOB_TRACKING: Final = "batch.kubernetes.io/job-tracking"


class _Struct(msgspec.Struct, frozen=True, rename="camel"):
    """What else the API server tells is not kept: there may be thousands of pods."""


class Owner(_Struct, frozen=True):
    """What a pod belongs to."""

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
    """What a pod waits for."""

    name: str


class Spec(_Struct, frozen=True):
    """A pod's spec."""

    scheduling_gates: list[Gate] = []


class Pod(_Struct, frozen=True):
    """A pod, as the API server gives it."""

    metadata: Metadata
    spec: Spec


class PodList(_Struct, frozen=True):
    """Several of them."""

    items: list[Pod]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A pod that waits at our gate.

    Attributes:
        maker: What has it made anew if it is deleted: its uid; "" if nothing would.
    """

    namespace: str
    name: str
    uid: str
    maker: str
    finalizers: tuple[str, ...] = ()


def waiting(pod: Pod) -> Waiting | None:
    """*pod* if it waits at our gate and asks for what the webhook gives."""
    metadata = pod.metadata
    asks = any(key.startswith(PREFIX) and key not in NOTES for key in metadata.annotations)
    if not asks or metadata.deletion_timestamp or not any(gate.name == GATE for gate in pod.spec.scheduling_gates):
        return None
    # The API server lets it have no more than one controller.
    maker = next((o.uid for o in metadata.owner_references if o.controller and _kind(o) in MAKERS), "")
    return Waiting(metadata.namespace, metadata.name, metadata.uid, maker, tuple(metadata.finalizers))


def _kind(owner: Owner) -> tuple[str, str]:
    group, slash, _ = owner.api_version.rpartition("/")
    return group if slash else "", owner.kind
