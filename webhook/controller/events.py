"""EDGE: Events, by which the controller tells people of an object what is the matter with it."""

from datetime import UTC, datetime

from kubernetes.client import CoreV1Api, CoreV1Event, V1EventSource, V1ObjectMeta, V1ObjectReference

from webhook.controller.api_calls import WRITER, WRITING, asking


def warn(core: CoreV1Api, about: V1ObjectReference, reason: str, message: str, now: datetime) -> None:
    """Write a warning.

    Raises:
        ClusterError: It cannot be written.
    """
    # The API server takes events about what has no namespace in this one only.
    namespace = about.namespace or "default"
    event = CoreV1Event(
        metadata=V1ObjectMeta(generate_name=f"{about.name}."[-200:].lstrip(".-")),
        involved_object=about,
        type="Warning",
        reason=reason,
        message=message,
        source=V1EventSource(component=WRITER),
        first_timestamp=now.astimezone(UTC),
        last_timestamp=now.astimezone(UTC),
        count=1,
    )
    with asking(f"Events in namespace {namespace!r}", "create"):
        core.create_namespaced_event(namespace, event, **WRITING)
