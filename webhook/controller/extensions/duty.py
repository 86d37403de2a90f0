"""EDGE: the duty that writes into each Extension whether it works, and warns if it no longer does."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final, NamedTuple

from kubernetes.client import ApiClient, CoreV1Api, CustomObjectsApi, V1ObjectReference

from registry.kube.watch import Key
from registry.records import extension_objects
from webhook.controller import events
from webhook.controller.api_calls import WRITE_OPTIONS, ClusterError, ConflictError, translate_errors
from webhook.controller.backoff import Backoff
from webhook.controller.extensions.conditions import (
    DeliveryFacts,
    SourceFacts,
    is_ready,
    ready_condition,
    status_of,
    stops_working,
)
from webhook.controller.followed_extensions import FollowedExtensions, Observed
from webhook.controller.status import Status

# Of statuses and of Events in one run. After an upgrade all Extensions may need one, and other duties wait meanwhile.
_MOST_WRITES: Final = 200
# Seconds, for statuses and for Events separately.
_TIME_LIMIT: Final = 3.0

_log = logging.getLogger(__name__)


class _Basis(NamedTuple):
    """What a status was computed from. If none of it changes, neither does the status."""

    observed: Observed
    sources: int
    delivery: DeliveryFacts | None


@dataclass(frozen=True, slots=True)
class _Pending:
    """A status that is to be written, or was written and is to be reported."""

    observed: Observed
    status: Mapping[str, Any]


class ExtensionDuty:
    """Keeps the status of all Extensions up to date.

    Args:
        extensions: What is followed; it is started with the first run.
        registry_namespace: The namespace of *sources*; an Extension there is for everyone.
        sources: Gives the Secrets of that namespace by name, or None while they are not known: then its Extensions are
            left as they are. Without it nothing is said about credentials.
        delivery: Gives where the credentials of an Extension of that namespace are.
        check: Called before each write; raises NotLeaderError if this process must not write.
    """

    name = "extensions"
    interval = 1.0  # Seconds. Whoever registers a record waits for its status.

    def __init__(
        self,
        api: ApiClient,
        *,
        extensions: FollowedExtensions,
        registry_namespace: str,
        sources: Callable[[], Mapping[str, SourceFacts] | None] | None = None,
        delivery: Callable[[str], DeliveryFacts | None] = lambda _: None,
        status: Status,
        check: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._objects: Any = CustomObjectsApi(api)  # Its type stubs lack _preload_content.
        self._core = CoreV1Api(api)
        self._extensions = extensions
        self._registry_namespace = registry_namespace
        self._get_sources = sources
        self._get_delivery = delivery
        self._status = status
        self._check = check
        self._clock = clock
        self._backoff = Backoff()
        self._sources: Mapping[str, SourceFacts] | None = None
        self._sources_changed = 0
        # By namespace and name: what is known, what is to be written, and what is to be reported.
        self._assessed: dict[Key, tuple[_Basis, bool]] = {}
        self._unwritten: dict[Key, _Pending] = {}
        self._unreported: dict[Key, _Pending] = {}

    def reconcile(self, now: datetime) -> None:
        """Write the status of each Extension of which it has changed.

        Raises:
            ClusterError: Something cannot be read or written; everything else has been done.
        """
        self._extensions.start()
        found = self._extensions.current()
        if found is None:
            return
        self._forget(self._assessed.keys() - found.keys())
        self._assess(found, now)
        ready = sum(is_ready for _, is_ready in self._assessed.values())
        self._status.extensions = {"ready": ready, "not_ready": len(self._assessed) - ready}
        problems = [*self._write_statuses(), *self._report(now)]
        if problems:
            raise problems[0]

    def _forget(self, keys: Iterable[Key]) -> None:
        for key in keys:
            del self._assessed[key]
            self._unwritten.pop(key, None)
            self._unreported.pop(key, None)

    def _assess(self, found: Mapping[Key, Observed], now: datetime) -> None:
        """Compute the status of each Extension for which something has changed."""
        sources = self._get_sources() if self._get_sources else None
        if sources != self._sources:
            self._sources, self._sources_changed = sources, self._sources_changed + 1
        for key, observed in found.items():
            namespace, name = key
            is_shared = namespace == self._registry_namespace
            if is_shared and self._get_sources and sources is None:
                continue
            delivery = self._get_delivery(name) if is_shared else None
            basis = _Basis(observed, self._sources_changed if is_shared else 0, delivery)
            if key in self._assessed and self._assessed[key][0] == basis:
                continue
            status = status_of(
                observed.record,
                generation=observed.generation,
                sources=sources if is_shared else None,
                delivery=delivery,
                now=now,
                before=observed.status,
            )
            self._assessed[key] = basis, is_ready(status)
            self._unwritten.pop(key, None)
            if status != observed.status:
                self._unwritten[key] = _Pending(observed, status)

    def _write_statuses(self) -> Iterator[ClusterError]:
        """Write the statuses that have changed. Yields the errors."""
        failed = []
        for key, pending in self._due(self._unwritten):
            try:
                self._write(key, pending)
            except ClusterError as e:
                failed.append("/".join(key))
                # After a conflict the changed object arrives soon, and is assessed.
                if not isinstance(e, ConflictError):
                    yield e
            else:
                del self._unwritten[key]
                if stops_working(pending.observed.status, pending.status):
                    self._unreported[key] = pending
                elif is_ready(pending.status):
                    self._unreported.pop(key, None)
        self._backoff.note(failed, self._clock())

    def _report(self, now: datetime) -> Iterator[ClusterError]:
        """Report once each Extension that has stopped working. Yields the errors."""
        failed = []
        for key, pending in self._due(self._unreported):
            try:
                self._warn(key, pending, now)
            except ClusterError as e:
                failed.append("/".join(key))
                yield e
            else:
                del self._unreported[key]
        self._backoff.note(failed, self._clock())

    def _due(self, pending: Mapping[Key, _Pending]) -> Iterator[tuple[Key, _Pending]]:
        """Yield what may be written now, until the limits; the next run handles the rest."""
        end = self._clock() + _TIME_LIMIT
        due = (item for item in list(pending.items()) if self._backoff.allows("/".join(item[0]), self._clock()))
        for item in islice(due, _MOST_WRITES):
            if self._clock() >= end:
                return
            yield item

    def _write(self, key: Key, pending: _Pending) -> None:
        namespace, name = key
        group, _, version = extension_objects.API_VERSION.partition("/")
        # null removes a field that the status no longer has.
        status = dict.fromkeys(pending.observed.status) | dict(pending.status)
        patch = {"metadata": {"resourceVersion": pending.observed.version}, "status": status}
        self._check()
        with translate_errors(f"Status of Extension {name!r} in namespace {namespace!r}", "patch on extensions/status"):
            self._objects.patch_namespaced_custom_object_status(
                group, version, namespace, "extensions", name, patch,
                _content_type="application/merge-patch+json", _preload_content=False, **WRITE_OPTIONS,
            )  # fmt: skip

    def _warn(self, key: Key, pending: _Pending, now: datetime) -> None:
        namespace, name = key
        about = V1ObjectReference(
            api_version=extension_objects.API_VERSION,
            kind=extension_objects.KIND,
            namespace=namespace,
            name=name,
            uid=pending.observed.uid,
        )
        condition = ready_condition(pending.status)
        self._check()
        events.warn(self._core, about, condition["reason"], condition["message"], now)
        _log.warning("extension %s/%s does not work: %s", namespace, name, condition["reason"])
