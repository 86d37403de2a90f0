"""EDGE: the duty to have pods made anew that were made while no webhook answered.

Such a pod waits at a gate (manifests/base/policy-pods.yaml), and nothing can be put into it any more. Once the webhook
is back the pod is deleted, and its engine makes it anew.
"""

import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from kubernetes.client import ApiClient, CoreV1Api, V1DeleteOptions, V1ObjectReference, V1Preconditions
from kubernetes.client.exceptions import ApiException

from webhook.adapters.annotations.names import GATE, POD_SELECTORS
from webhook.controller import events
from webhook.controller.api_calls import LIMITED, WRITING, ClusterError, asking
from webhook.controller.backoff import Backoff
from webhook.controller.pods.waiting import JOB_TRACKING, PodList, Waiting, waiting
from webhook.controller.status import Status

_PROBED: Final = "FUSEML_PROBE"
_UNRESTRICTED: Final = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
_LITTLE: Final = {"cpu": "1m", "memory": "1Mi"}
# Seconds for each kind of writes. After an outage there may be thousands of pods, and other duties wait.
_LONGEST_TURN: Final = 20.0
# Gone; another of that name; or changed: a test in the patch fails, or our policy finds no gate any more.
_CHANGED: Final = (404, 409, 422)
# As strict as any namespace may want it; it never runs.
_PROBE: Final[Mapping[str, Any]] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "generateName": "fuseml-probe-",
        "annotations": {POD_SELECTORS: f"probe: {{env: [{{name: {_PROBED}, value: works}}]}}"},
    },
    "spec": {
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": "probe",
                "image": "probe",
                "securityContext": _UNRESTRICTED,
                "resources": {"requests": _LITTLE, "limits": _LITTLE},
            }
        ],
    },
}

_log = logging.getLogger(__name__)


class PodDuty:
    """Tells of pods that wait at our gate, and deletes them when the webhook is back.

    Args:
        namespace: Where a pod may be made in a dry run, to see whether the webhook answers.
        check: Called before each write, and raises if there must be none.
    """

    name = "pods"
    pause = 2.0  # Seconds. That long a pod waits for nothing when the webhook is back.

    def __init__(
        self,
        api: ApiClient,
        *,
        namespace: str,
        status: Status,
        check: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._core: Any = CoreV1Api(api)  # its types do not know _preload_content
        self._namespace = namespace
        self._status = status
        self._check = check
        self._clock = clock
        self._telling = Backoff()
        self._deleting = Backoff()
        self._told: set[str] = set()

    def act(self, now: datetime) -> None:
        """Look at all pods that are not scheduled.

        Raises:
            ClusterError: Something cannot be read or written; all else has been done.
        """
        pods = self._waiting()
        self._status.pods_waiting = len(pods)
        self._told &= {pod.uid for pod in pods}
        problems = list(self._tell(pods, now))
        due = [pod for pod in pods if pod.maker and self._deleting.allows(pod.maker, self._clock())]
        if due and self._webhook_answers():
            problems += self._delete(due)
        if problems:
            raise problems[0]

    def _waiting(self) -> list[Waiting]:
        with asking("Pods", "list"):
            # What API servers have at hand will do; most of what is not scheduled is pending for other reasons.
            response = self._core.list_pod_for_all_namespaces(
                field_selector="spec.nodeName=", resource_version="0", _preload_content=False, **LIMITED
            )
        found = msgspec.json.decode(response.data, type=PodList).items
        return [pod for item in found if (pod := waiting(item)) is not None]

    def _tell(self, pods: Iterable[Waiting], now: datetime) -> Iterable[ClusterError]:
        """Say of each pod, once, why it does not start."""
        untold = (pod for pod in pods if pod.uid not in self._told and self._telling.allows(pod.uid, self._clock()))
        for pod in self._while_there_is_time(untold):
            about = V1ObjectReference(api_version="v1", kind="Pod", namespace=pod.namespace, name=pod.name, uid=pod.uid)
            self._check()
            try:
                events.warn(self._core, about, "WaitingForInjection", _message(pod), now)
            except ClusterError as e:
                self._telling.note([pod.uid], self._clock())
                yield e
            else:
                self._told.add(pod.uid)
                _log.warning("pod %s/%s waits: it was made while no webhook answered", pod.namespace, pod.name)

    def _webhook_answers(self) -> bool:
        """Whether a pod that asks gets what it asks for, in a dry run."""
        self._check()
        with asking(f"Pods in namespace {self._namespace!r}", "create"):
            response = self._core.create_namespaced_pod(
                self._namespace, dict(_PROBE), dry_run="All", _preload_content=False, **WRITING
            )
        spec = json.loads(response.data)["spec"]
        # Another webhook may have put a container of its own before ours.
        names = {entry["name"] for container in spec["containers"] for entry in container.get("env", ())}
        return _PROBED in names and all(gate["name"] != GATE for gate in spec.get("schedulingGates", ()))

    def _delete(self, pods: Iterable[Waiting]) -> Iterable[ClusterError]:
        tried = []
        for pod in self._while_there_is_time(pods):
            self._check()
            tried.append(pod.maker)
            try:
                if self._delete_one(pod):
                    _log.info("pod %s/%s deleted, to be made anew", pod.namespace, pod.name)
            except ClusterError as e:
                yield e
        self._deleting.note(tried, self._clock())

    def _delete_one(self, pod: Waiting) -> bool:
        """Delete it, unless it is not what it was; say whether it was deleted."""
        options = V1DeleteOptions(preconditions=V1Preconditions(uid=pod.uid))
        with asking(f"Pod {pod.name!r} in namespace {pod.namespace!r}", "patch, delete"):
            try:
                if JOB_TRACKING in pod.finalizers:
                    self._core.patch_namespaced_pod(pod.name, pod.namespace, _untracked(pod), **WRITING)
                self._core.delete_namespaced_pod(pod.name, pod.namespace, body=options, **LIMITED)
            except ApiException as e:
                if e.status not in _CHANGED:
                    raise
                return False
        return True

    def _while_there_is_time(self, pods: Iterable[Waiting]) -> Iterable[Waiting]:
        """Those that can be seen to in this turn; the others have theirs at the next."""
        end = self._clock() + _LONGEST_TURN
        for pod in pods:
            if self._clock() >= end:
                return
            yield pod


def _untracked(pod: Waiting) -> list[dict[str, Any]]:
    path = f"/metadata/finalizers/{pod.finalizers.index(JOB_TRACKING)}"
    return [
        {"op": "test", "path": "/metadata/uid", "value": pod.uid},
        {"op": "test", "path": path, "value": JOB_TRACKING},
        {"op": "remove", "path": path},
    ]


def _message(pod: Waiting) -> str:
    why = "no webhook answered when this pod was made, so it lacks what its annotations ask for and does not start"
    if pod.maker:
        return f"{why}; it is made anew when the webhook is back"
    return f"{why}; nothing makes it anew: delete it, and create it again when the webhook is back"
