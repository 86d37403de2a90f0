"""Which pods wait at our gate, and which of them to have made anew. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import msgspec

from webhook.adapters.names import NOTES, PREFIX
from webhook.adapters.pod import GATE

# Their controllers make a pod anew that was deleted before it ran; API group and kind.
MAKERS: Final = frozenset({
    ("tekton.dev", "TaskRun"), ("argoproj.io", "Workflow"), ("batch", "Job"), ("apps", "ReplicaSet"),
    ("apps", "StatefulSet"), ("apps", "DaemonSet"), ("", "ReplicationController"),
})  # fmt: skip
# While it has this, a pod that is deleted counts as one of the Job's failures. The Job's controller takes it off, too,
# from the pods that it deletes itself.
JOB_TRACKING: Final = "batch.kubernetes.io/job-tracking"
# Seconds. A pod that is gated again and again is made anew less and less often.
SHORTEST: Final = 1.0
LONGEST: Final = 60.0


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


@dataclass(slots=True)
class Patience:
    """How often something may be tried again: by its key, less and less often."""

    _until: dict[str, tuple[float, float]] = field(default_factory=dict)

    def allows(self, key: str, now: float) -> bool:
        """Whether it may be tried now.

        Args:
            now: In seconds, of any clock that does not go back.
        """
        return now >= self._until.get(key, (0.0, now))[1]

    def note(self, keys: Iterable[str], now: float) -> None:
        """These were tried, each once, however often it is given."""
        # What has been well for longer than it would have had to wait is forgotten.
        self._until = {key: (pause, end) for key, (pause, end) in self._until.items() if now < end + 2 * LONGEST}
        for key in set(keys):
            pause, _ = self._until.get(key, (SHORTEST / 2, now))
            pause = min(pause * 2, LONGEST)
            self._until[key] = (pause, now + pause)
