"""Where the credentials of a binding come from, or why there are none: plain data, and text for people. Pure."""

from collections.abc import Mapping
from typing import Any

from registry.delivery.copies import copy_of
from registry.delivery.ledger import Ledger
from registry.resolving.resolve import Binding, Resolution
from registry.resolving.selectors import Consumer
from webhook.mutation import missing_project
from webhook.mutation.settings import Settings


def origin(
    resolution: Resolution, consumer: Consumer, settings: Settings, delivered: Ledger | None
) -> dict[str, Any] | None:
    """The credentials that *resolution* chose and where they are, without values; None if the service has none."""
    binding = resolution.binding
    if binding is None or not binding.service.credentials:
        return None
    credentials = binding.credentials
    if credentials is None:
        return {"id": None, "why": _why_none(binding, resolution, consumer, settings)}
    found: dict[str, Any] = {"id": credentials.id}
    if credentials.secret_ref is None:
        return found
    found["secret"] = {"name": credentials.secret_ref.name, "namespace": binding.namespace or consumer.namespace}
    if binding.shared:
        copy = copy_of(binding.extension.id, binding.service.id, credentials)
        found["copy"] = {"name": copy.name, "lack": None if delivered is None else delivered.lack(copy)}
    return found


def _why_none(binding: Binding, resolution: Resolution, consumer: Consumer, settings: Settings) -> str:
    if resolution.lacks_project:
        remedy = missing_project.remedy(consumer, settings)
        return f"namespace {consumer.namespace!r} has neither a project nor an owner{remedy}"
    person = f"owner {consumer.owner!r}" if binding.shared else f"user {consumer.user!r}"
    return f"no scope includes project {consumer.project!r}, {person}"


def as_text(found: Mapping[str, Any] | None) -> str:
    """What ``origin`` found, in one line."""
    if found is None:
        return "none"
    if found["id"] is None:
        return f"none: {found['why']}"
    if "secret" not in found:
        return str(found["id"])
    secret, copy = found["secret"], found.get("copy")
    if copy is None:
        return f"{found['id']}, from Secret {secret['name']} of this namespace"
    return f"{found['id']}, from Secret {secret['name']} of namespace {secret['namespace']}, {_delivery(copy)}"


def _delivery(copy: Mapping[str, Any]) -> str:
    if copy["lack"] is None:
        return f"as copy {copy['name']}, which was not checked"
    return f"not delivered: {copy['lack']}" if copy["lack"] else f"delivered as {copy['name']}"
