"""EDGE: the duty that has pods recreated which lacked a webhook or credentials when they were created.

Such a pod waits at a scheduling gate (manifests/base/policy-pods.yaml), and its containers can no longer be changed.
When the webhook answers, and the credentials are there, this duty deletes the pod, and the controller that owns it
creates it again.
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
from webhook.controller.api_calls import CALL_OPTIONS, WRITE_OPTIONS, ClusterError, translate_errors
from webhook.controller.backoff import Backoff
from webhook.controller.pods.waiting import JOB_TRACKING, PodList, WaitingPod, waiting_pod
from webhook.controller.status import Status

_PROBE_VARIABLE: Final = "FUSEML_PROBE"
_RESTRICTED: Final = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
_MINIMAL: Final = {"cpu": "1m", "memory": "1Mi"}
# Seconds, for Events and for deletions separately. After an outage thousands of pods may wait, and so do other duties.
_TIME_LIMIT: Final = 20.0
# The pod is gone (404), is another one of the same name (409), or has changed (422: a test in the patch fails, or our
# policy no longer finds the gate).
_CHANGED: Final = (404, 409, 422)
# In an Event.
_MOST_NAMES: Final = 3
_NAME_LENGTH: Final = 253
# It satisfies the Pod Security Standard "restricted". It is only created in dry runs and never runs.
_PROBE: Final[Mapping[str, Any]] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "generateName": "fuseml-probe-",
        "annotations": {POD_SELECTORS: f"probe: {{env: [{{name: {_PROBE_VARIABLE}, value: works}}]}}"},
    },
    "spec": {
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [
            {
                "name": "probe",
                "image": "probe",
                "securityContext": _RESTRICTED,
                "resources": {"requests": _MINIMAL, "limits": _MINIMAL},
            }
        ],
    },
}

_log = logging.getLogger(__name__)


class PodDuty:
    """Reports pods that wait at our gate, and deletes them when that would help.

    Args:
        namespace: Where the duty may create a pod in a dry run, to find out whether the webhook answers.
        check: Called before each write; raises NotLeaderError if this process must not write.
        are_settled: Whether copies of credentials, by a namespace and their names, are all delivered or no longer due.
    """

    name = "pods"
    interval = 2.0  # Seconds. A pod may wait this much longer than the webhook was away.

    def __init__(
        self,
        api: ApiClient,
        *,
        namespace: str,
        status: Status,
        check: Callable[[], None],
        are_settled: Callable[[str, tuple[str, ...]], bool] = lambda namespace, copies: True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._core: Any = CoreV1Api(api)  # Its type stubs lack _preload_content.
        self._namespace = namespace
        self._status = status
        self._check = check
        self._are_settled = are_settled
        self._clock = clock
        self._event_backoff = Backoff()
        self._deletion_backoff = Backoff()
        self._reported: set[str] = set()

    def reconcile(self, now: datetime) -> None:
        """Check all pods that are not scheduled.

        Raises:
            ClusterError: Something cannot be read or written; everything else has been done.
        """
        pods = self._waiting_pods()
        self._status.pods_waiting = len(pods)
        self._reported &= {pod.uid for pod in pods}
        problems = list(self._report(pods, now))
        due = [pod for pod in pods if self._is_due(pod)]
        if due and self._webhook_answers():
            problems += self._delete(due)
        if problems:
            raise problems[0]

    def _is_due(self, pod: WaitingPod) -> bool:
        """Whether *pod* would get further if it were recreated now, as far as is known without the webhook."""
        if not pod.recreated_by or not self._deletion_backoff.allows(pod.recreated_by, self._clock()):
            return False
        return not pod.copies or self._are_settled(pod.namespace, pod.copies)

    def _waiting_pods(self) -> list[WaitingPod]:
        with translate_errors("Pods", "list"):
            # resource_version 0: the API server may answer from its cache, which is recent enough.
            response = self._core.list_pod_for_all_namespaces(
                field_selector="spec.nodeName=", resource_version="0", _preload_content=False, **CALL_OPTIONS
            )
        found = msgspec.json.decode(response.data, type=PodList).items
        return [pod for item in found if (pod := waiting_pod(item)) is not None]

    def _report(self, pods: Iterable[WaitingPod], now: datetime) -> Iterable[ClusterError]:
        """Report once for each pod why it does not start. Yields the errors."""
        new = (p for p in pods if p.uid not in self._reported and self._event_backoff.allows(p.uid, self._clock()))
        for pod in self._until_time_limit(new):
            about = V1ObjectReference(api_version="v1", kind="Pod", namespace=pod.namespace, name=pod.name, uid=pod.uid)
            self._check()
            try:
                events.warn(self._core, about, _reason(pod), _message(pod), now)
            except ClusterError as e:
                self._event_backoff.note([pod.uid], self._clock())
                yield e
            else:
                self._reported.add(pod.uid)
                what = "credentials are not there" if pod.copies else "no webhook answered when it was created"
                _log.warning("pod %s/%s waits: %s", pod.namespace, pod.name, what)

    def _webhook_answers(self) -> bool:
        """Whether a pod with a selector gets the selected variable, in a dry run."""
        self._check()
        with translate_errors(f"Pods in namespace {self._namespace!r}", "create"):
            response = self._core.create_namespaced_pod(
                self._namespace, dict(_PROBE), dry_run="All", _preload_content=False, **WRITE_OPTIONS
            )
        spec = json.loads(response.data)["spec"]
        # All containers, as another webhook may have inserted one of its own before ours.
        names = {entry["name"] for container in spec["containers"] for entry in container.get("env", ())}
        return _PROBE_VARIABLE in names and all(gate["name"] != GATE for gate in spec.get("schedulingGates", ()))

    def _delete(self, pods: Iterable[WaitingPod]) -> Iterable[ClusterError]:
        """Delete *pods*. Yields the errors."""
        tried = []
        for pod in self._until_time_limit(pods):
            self._check()
            tried.append(pod.recreated_by)
            try:
                if self._delete_one(pod):
                    _log.info("pod %s/%s deleted, to be recreated", pod.namespace, pod.name)
            except ClusterError as e:
                yield e
        self._deletion_backoff.note(tried, self._clock())

    def _delete_one(self, pod: WaitingPod) -> bool:
        """Delete *pod* unless it has changed since it was read. True if it was deleted."""
        options = V1DeleteOptions(preconditions=V1Preconditions(uid=pod.uid))
        with translate_errors(f"Pod {pod.name!r} in namespace {pod.namespace!r}", "patch, delete"):
            try:
                if JOB_TRACKING in pod.finalizers:
                    self._core.patch_namespaced_pod(pod.name, pod.namespace, _without_tracking(pod), **WRITE_OPTIONS)
                self._core.delete_namespaced_pod(pod.name, pod.namespace, body=options, **CALL_OPTIONS)
            except ApiException as e:
                if e.status not in _CHANGED:
                    raise
                return False
        return True

    def _until_time_limit(self, pods: Iterable[WaitingPod]) -> Iterable[WaitingPod]:
        """Yield *pods* until the time limit; the next run handles the others."""
        end = self._clock() + _TIME_LIMIT
        for pod in pods:
            if self._clock() >= end:
                return
            yield pod


def _without_tracking(pod: WaitingPod) -> list[dict[str, Any]]:
    path = f"/metadata/finalizers/{pod.finalizers.index(JOB_TRACKING)}"
    return [
        {"op": "test", "path": "/metadata/uid", "value": pod.uid},
        {"op": "test", "path": path, "value": JOB_TRACKING},
        {"op": "remove", "path": path},
    ]


def _reason(pod: WaitingPod) -> str:
    return "WaitingForCredentials" if pod.copies else "WaitingForInjection"


def _message(pod: WaitingPod) -> str:
    if pod.copies:
        why = f"this pod waits for credentials: {_named(pod.copies)} not in this namespace yet"
        then = "they are there"
    else:
        why = (
            "no webhook answered when this pod was created, so it lacks what its annotations ask for and does not start"
        )
        then = "the webhook is back"
    if pod.recreated_by:
        return f"{why}; it is recreated when {then}"
    return f"{why}; nothing recreates it: delete it, and create it again when {then}"


def _named(copies: tuple[str, ...]) -> str:
    """``Secret a is``, ``Secrets a, b and 2 more are``. An Event holds no more than 1024 characters."""
    if len(copies) == 1:
        return f"Secret {copies[0][:_NAME_LENGTH]} is"
    shown = ", ".join(name[:_NAME_LENGTH] for name in copies[:_MOST_NAMES])
    more = f" and {len(copies) - _MOST_NAMES} more" if len(copies) > _MOST_NAMES else ""
    return f"Secrets {shown}{more} are"
