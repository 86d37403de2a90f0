"""Records as FuseML's client writes them: its names of fields, without underscores, and empty fields, too. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from registry.records import times
from registry.records.model import Credentials, Endpoint, Extension, Service


def extension_form(extension: Extension, registered: datetime | None = None) -> dict[str, Any]:
    """An extension with all its parts; *registered* is when, as far as that is known."""
    return {
        "id": extension.id,
        "product": extension.product or None,
        "version": extension.version or None,
        "description": extension.description or None,
        "zone": extension.zone or None,
        "configuration": dict(extension.configuration),
        "status": {"registered": times.written(registered)} if registered else {},
        "services": [service_form(extension, service) for service in extension.services],
    }


def service_form(extension: Extension, service: Service) -> dict[str, Any]:
    """A service with all its parts."""
    return {
        "id": service.id,
        "extensionid": extension.id,
        "resource": service.resource or None,
        "category": service.category or None,
        "authrequired": service.auth_required,
        **({"default": True} if service.default else {}),
        "description": service.description or None,
        "configuration": dict(service.configuration),
        "status": {},
        "endpoints": [endpoint_form(extension, service, endpoint) for endpoint in service.endpoints],
        "credentials": [credentials_form(extension, service, login) for login in service.credentials],
    }


def endpoint_form(extension: Extension, service: Service, endpoint: Endpoint) -> dict[str, Any]:
    """An endpoint."""
    return {
        "url": endpoint.url,
        "extensionid": extension.id,
        "serviceid": service.id,
        "type": endpoint.type,
        "configuration": dict(endpoint.configuration),
        "status": {},
    }


def credentials_form(extension: Extension, service: Service, login: Credentials) -> dict[str, Any]:
    """Credentials; their values must be hidden already."""
    return {
        "id": login.id,
        "extensionid": extension.id,
        "serviceid": service.id,
        "default": login.default,
        "scope": login.scope,
        "projects": list(login.projects),
        "users": list(login.users),
        "configuration": dict(login.configuration),
        "status": {},
        **_secret(login),
    }


def _secret(login: Credentials) -> Mapping[str, Any]:
    return {"secretref": {"name": login.secret_ref.name}} if login.secret_ref else {}
