"""EDGE: shows why a namespace does not get credentials: to its people in an Event, to the operator in the log."""

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from kubernetes.client import CoreV1Api, V1ObjectReference

from registry.delivery.ledger import REASONS, Lack, in_words
from registry.reporting import OngoingProblem
from webhook.controller import events
from webhook.controller.api_calls import ClusterError
from webhook.controller.credentials.facts import Namespace

_log = logging.getLogger(__name__)


def report(core: CoreV1Api, namespace: Namespace, name: str, lack: Lack, check: Callable[[], None]) -> None:
    """Create an Event about the copy *name*, which cannot be delivered. That it cannot be created is logged."""
    about = V1ObjectReference(api_version="v1", kind="Secret", namespace=namespace.name, name=name)
    check()
    try:
        events.warn(core, about, REASONS[lack], in_words(lack, name), datetime.now(UTC))
    except ClusterError as e:
        _log.warning("%s", e)


class FailureLog:
    """Logs once that a namespace does not get its credentials, and that it gets them again."""

    def __init__(self) -> None:
        self._failing: dict[str, OngoingProblem] = {}

    def note(self, namespaces: Iterable[str], failures: Mapping[str, ClusterError]) -> None:
        """Note what was tried in *namespaces*, and what of it failed."""
        for name in namespaces:
            if name in failures:
                problem = self._failing.setdefault(name, OngoingProblem(_log, level=logging.WARNING))
                problem.report(f"credentials are not delivered to namespace {name}: {failures[name]}")
            elif name in self._failing:
                self._failing.pop(name).over(f"credentials are delivered to namespace {name} again")
