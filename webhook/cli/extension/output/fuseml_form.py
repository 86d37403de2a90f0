"""Records as FuseML's client writes them: its names of fields, without underscores. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from registry.records import times
from registry.records.model import Credentials, Endpoint, Extension, Service


def extension_form(extension: Extension, registered: datetime | None = None) -> dict[str, Any]:
    """An extension with all its parts; *registered* is when, as far as that is known."""
    return _present(
        id=extension.id,
        product=extension.product,
        version=extension.version,
        description=extension.description,
        zone=extension.zone,
        configuration=dict(extension.configuration),
        status={"registered": times.written(registered)} if registered else {},
        services=[service_form(extension, service) for service in extension.services],
    )


def service_form(extension: Extension, service: Service) -> dict[str, Any]:
    """A service with all its parts."""
    return _present(
        id=service.id,
        extensionid=extension.id,
        resource=service.resource,
        category=service.category,
        authrequired=service.auth_required,
        default=service.default or None,
        description=service.description,
        configuration=dict(service.configuration),
        endpoints=[endpoint_form(extension, service, endpoint) for endpoint in service.endpoints],
        credentials=[credentials_form(extension, service, login) for login in service.credentials],
    )


def endpoint_form(extension: Extension, service: Service, endpoint: Endpoint) -> dict[str, Any]:
    """An endpoint."""
    return _present(
        url=endpoint.url,
        extensionid=extension.id,
        serviceid=service.id,
        type=endpoint.type,
        configuration=dict(endpoint.configuration),
    )


def credentials_form(extension: Extension, service: Service, login: Credentials) -> dict[str, Any]:
    """Credentials; their values must be hidden already."""
    return _present(
        id=login.id,
        extensionid=extension.id,
        serviceid=service.id,
        scope=login.scope,
        default=login.default,
        projects=list(login.projects),
        users=list(login.users),
        configuration=dict(login.configuration),
        secretref=_secret(login),
    )


def _secret(login: Credentials) -> Mapping[str, str] | None:
    return {"name": login.secret_ref.name} if login.secret_ref else None


def _present(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None and value not in ("", {}, [])}
