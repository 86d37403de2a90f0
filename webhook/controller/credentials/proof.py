"""EDGE: proves, by a dry run, that the policy confines this process to its own Secrets."""

import threading
import time
from collections.abc import Callable
from typing import Any, Final

from kubernetes.client import ApiClient, CoreV1Api
from kubernetes.client.exceptions import ApiException

from webhook.controller.api_calls import RAW, WRITE_OPTIONS, ClusterError, translate_errors

POLICY: Final = "credentials.extensions.fuseml.org"
# Seconds for which a proof holds. A policy that is deleted ceases to work after some seconds, too.
_HOLDS: Final = 10.0
# No Secret of ours has this name or this type.
_FOREIGN: Final = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "fuseml-proof"},
    "type": "Opaque",
}


class Proof:
    """Knows whether the policy works.

    Args:
        system: The namespace in which this process tries to create a Secret in a dry run.
    """

    def __init__(self, api: ApiClient, *, system: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._core: Any = CoreV1Api(api)  # Its type stubs lack _preload_content.
        self._system = system
        self._clock = clock
        self._until = float("-inf")
        self._lock = threading.Lock()

    def __call__(self) -> None:
        """Return if the policy works.

        Raises:
            ClusterError: It does not, so nothing may be delivered.
        """
        with self._lock:
            if self._clock() >= self._until:
                asked_at = self._clock()
                self._try()
                self._until = asked_at + _HOLDS

    def _try(self) -> None:
        with translate_errors(f"Secrets in namespace {self._system!r}", "create"):
            try:
                self._core.create_namespaced_secret(self._system, dict(_FOREIGN), dry_run="All", **WRITE_OPTIONS, **RAW)
            except ApiException as e:
                if POLICY in str(e.body or ""):
                    return
                raise
        raise ClusterError(
            f"nothing is delivered: ValidatingAdmissionPolicy {POLICY!r} did not refuse this controller a Secret that "
            "is not its own; apply the manifests, which contain it and its binding (Kubernetes 1.30 or later)"
        )
