"""EDGE: shows in a namespace why it does not get credentials."""

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from kubernetes.client import CoreV1Api, V1ObjectReference

from registry.delivery.ledger import Lack, in_words
from webhook.controller import events
from webhook.controller.api_calls import ClusterError
from webhook.controller.credentials.facts import Namespace

_REASONS: Final[Mapping[Lack, str]] = {
    Lack.TAKEN: "NameTaken",
    Lack.QUOTA: "QuotaExceeded",
    Lack.FORBIDDEN: "DeliveryForbidden",
    Lack.REFUSED: "DeliveryRefused",
}

_log = logging.getLogger(__name__)


def report(core: CoreV1Api, namespace: Namespace, name: str, lack: Lack, check: Callable[[], None]) -> None:
    """Create an Event about the copy *name*, which cannot be delivered. That it cannot be created is logged."""
    about = V1ObjectReference(api_version="v1", kind="Secret", namespace=namespace.name, name=name)
    check()
    try:
        events.warn(core, about, _REASONS.get(lack, "NotDelivered"), in_words(lack, name), datetime.now(UTC))
    except ClusterError as e:
        _log.warning("%s", e)
