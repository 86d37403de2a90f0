"""EDGE: the duty to tell when the webhook comes too late: after one that refuses what it has not seen yet.

API servers ask webhooks in the order of their configurations' names, and Tekton's refuses a run with ``extensions``
in it.
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

from webhook.controller import events
from webhook.controller.api_calls import LIMITED, asking, metadata
from webhook.controller.status import Status

GROUP: Final = "tekton.dev"

_log = logging.getLogger(__name__)


def in_the_way(own: str, groups: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Name those configurations that see Tekton's objects before *own* does. Pure.

    Args:
        own: Name of ours.
        groups: By the name of each configuration, the API groups that it has rules for.
    """
    return tuple(sorted(name for name, its in groups.items() if name < own and GROUP in its))


class OrderDuty:
    """Says so in the log and as an Event on our configuration, whenever it changes."""

    name = "order"
    pause = 30.0  # Seconds. Configurations are changed by people.

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
        self._found: tuple[str, ...] = ()
        self._told: tuple[str, ...] = ()

    def act(self, now: datetime) -> None:
        """Look at all configurations.

        Raises:
            ClusterError: They cannot be listed, or the Event cannot be written.
        """
        with asking("MutatingWebhookConfigurations", "list"):
            items = self._admission.list_mutating_webhook_configuration(**LIMITED).items
        found = in_the_way(self._own, {metadata(item).name or "": _groups(item) for item in items})
        self._status.in_the_way = len(found)
        self._log(found)
        own = next((item for item in items if metadata(item).name == self._own), None)
        if own and found != self._told:
            if found:
                self._tell(own, found, now)
            self._told = found

    def _log(self, found: tuple[str, ...]) -> None:
        if found and found != self._found:
            _log.error("%s", _advice(self._own, found))
        elif self._found and not found:
            _log.info("configuration %r comes first again", self._own)
        self._found = found

    def _tell(self, own: V1MutatingWebhookConfiguration, found: tuple[str, ...], now: datetime) -> None:
        about = V1ObjectReference(
            api_version="admissionregistration.k8s.io/v1",
            kind="MutatingWebhookConfiguration",
            name=metadata(own).name,
            uid=metadata(own).uid,
        )
        self._check()
        events.warn(self._core, about, "WrongOrder", _advice(self._own, found), now)


def _groups(configuration: V1MutatingWebhookConfiguration) -> set[str]:
    rules = [rule for webhook in configuration.webhooks or () for rule in webhook.rules or ()]
    return {group for rule in rules for group in rule.api_groups or ()}


def _advice(own: str, found: tuple[str, ...]) -> str:
    names = ", ".join(repr(name) for name in found[:3]) + (" and others" if len(found) > 3 else "")
    return (
        f"configuration {own!r} is asked after {names}, which may refuse what it has not resolved yet; "
        f"give it a name that sorts before, and the controller the same by --configuration"
    )
