"""EDGE: the duty that warns when another webhook that rejects unresolved objects is called before ours.

API servers call webhooks in the order of their configurations' names, and Tekton's webhook rejects a run that contains
``extensions``.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final

from kubernetes.client import (
    AdmissionregistrationV1Api,
    ApiClient,
    CoreV1Api,
    V1MutatingWebhookConfiguration,
    V1ObjectReference,
)

from registry.reporting import OngoingProblem
from webhook.controller import events
from webhook.controller.api_calls import CALL_OPTIONS, metadata, translate_errors
from webhook.controller.status import Status

GROUP: Final = "tekton.dev"

_log = logging.getLogger(__name__)


def called_before(own: str, groups: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Return the names of the configurations that are called for Tekton's objects before *own*. Pure.

    Args:
        own: The name of our configuration.
        groups: The API groups that each configuration has rules for, by its name.
    """
    return tuple(sorted(name for name, api_groups in groups.items() if name < own and GROUP in api_groups))


class OrderDuty:
    """Reports each change of the order once: in the log, and as an Event on our configuration."""

    name = "order"
    interval = 30.0  # Seconds. People change configurations, and seldom.

    def __init__(
        self,
        api: ApiClient,
        *,
        configuration: str,
        status: Status,
        check: Callable[[], None],
    ) -> None:
        self._admission = AdmissionregistrationV1Api(api)
        self._core = CoreV1Api(api)
        self._own = configuration
        self._status = status
        self._check = check
        self._problem = OngoingProblem(_log)
        self._last_event: tuple[str, ...] = ()

    def reconcile(self, now: datetime) -> None:
        """Check the order of all configurations.

        Raises:
            ClusterError: They cannot be listed, or the Event cannot be written.
        """
        with translate_errors("MutatingWebhookConfigurations", "list"):
            items = self._admission.list_mutating_webhook_configuration(**CALL_OPTIONS).items
        earlier = called_before(self._own, {metadata(item).name or "": _groups(item) for item in items})
        self._status.called_before = len(earlier)
        if earlier:
            self._problem.report(_advice(self._own, earlier))
        else:
            self._problem.over(f"configuration {self._own!r} is called first again")
        own = next((item for item in items if metadata(item).name == self._own), None)
        if own and earlier != self._last_event:
            if earlier:
                self._create_event(own, earlier, now)
            self._last_event = earlier

    def _create_event(self, own: V1MutatingWebhookConfiguration, earlier: tuple[str, ...], now: datetime) -> None:
        about = V1ObjectReference(
            api_version="admissionregistration.k8s.io/v1",
            kind="MutatingWebhookConfiguration",
            name=metadata(own).name,
            uid=metadata(own).uid,
        )
        self._check()
        events.warn(self._core, about, "WrongOrder", _advice(self._own, earlier), now)


def _groups(configuration: V1MutatingWebhookConfiguration) -> set[str]:
    rules = [rule for webhook in configuration.webhooks or () for rule in webhook.rules or ()]
    return {group for rule in rules for group in rule.api_groups or ()}


def _advice(own: str, earlier: tuple[str, ...]) -> str:
    names = ", ".join(repr(name) for name in earlier[:3]) + (" and others" if len(earlier) > 3 else "")
    return (
        f"configuration {own!r} is called after {names}, which may reject objects that ours has not resolved yet; "
        f"give ours a name that sorts first, and pass that name to the controller as --configuration"
    )
