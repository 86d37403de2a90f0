"""EDGE: Events, which show the users of an object what is wrong with it."""

from datetime import UTC, datetime

from kubernetes.client import CoreV1Api, CoreV1Event, V1EventSource, V1ObjectMeta, V1ObjectReference

from webhook.controller.api_calls import COMPONENT, WRITE_OPTIONS, translate_errors


def warn(core: CoreV1Api, about: V1ObjectReference, reason: str, message: str, now: datetime) -> None:
    """Create an Event of type Warning.

    Raises:
        ClusterError: It cannot be created.
    """
    # Events about objects that have no namespace are accepted in this one only.
    namespace = about.namespace or "default"
    event = CoreV1Event(
        metadata=V1ObjectMeta(generate_name=f"{about.name}."[-200:].lstrip(".-")),
        involved_object=about,
        type="Warning",
        reason=reason,
        message=message,
        source=V1EventSource(component=COMPONENT),
        first_timestamp=now.astimezone(UTC),
        last_timestamp=now.astimezone(UTC),
        count=1,
    )
    with translate_errors(f"Events in namespace {namespace!r}", "create"):
        core.create_namespaced_event(namespace, event, **WRITE_OPTIONS)
