"""The order of entries in configurations, which means nothing: an API server sorts them. Pure."""

from collections.abc import Mapping
from dataclasses import replace

from registry.records.model import Credentials, Endpoint, Extension, Service


def ordered_as(record: Extension, model: Extension) -> Extension:
    """*record* with the entries of its configurations in the order of *model*, then those that are only in *record*."""
    services = {service.id: service for service in model.services}
    return replace(
        record,
        configuration=_ordered(record.configuration, model.configuration),
        services=tuple(
            _service(service, services[service.id]) if service.id in services else service
            for service in record.services
        ),
    )


def _service(service: Service, model: Service) -> Service:
    endpoints: dict[str, Endpoint] = {endpoint.url: endpoint for endpoint in model.endpoints}
    logins: dict[str, Credentials] = {login.id: login for login in model.credentials}
    return replace(
        service,
        configuration=_ordered(service.configuration, model.configuration),
        endpoints=tuple(
            replace(e, configuration=_ordered(e.configuration, endpoints[e.url].configuration))
            if e.url in endpoints
            else e
            for e in service.endpoints
        ),
        credentials=tuple(
            replace(c, configuration=_ordered(c.configuration, logins[c.id].configuration)) if c.id in logins else c
            for c in service.credentials
        ),
    )


def _ordered(entries: Mapping[str, str], model: Mapping[str, str]) -> dict[str, str]:
    return {name: entries[name] for name in (*(n for n in model if n in entries), *entries)}
