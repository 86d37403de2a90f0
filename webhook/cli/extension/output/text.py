"""An extension as text for people, laid out as FuseML's client does. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from registry.records import times
from registry.records.model import Credentials, Endpoint, Extension, Service
from webhook.cli.terminal import printable

_GAP: Final = 3


def get_text(extension: Extension, registered: datetime | None = None) -> str:
    """All about *extension*, whose values must be hidden already; *registered* is when, as far as that is known."""
    return aligned(_lines(extension, registered))


def aligned(lines: Iterable[str]) -> str:
    """*lines* as text: what stands after a tab stands in one column in all lines that follow each other with a tab."""
    written: list[str] = []
    held: list[list[str]] = []

    def write_held() -> None:
        width = max((len(label) for label, _ in held), default=0) + _GAP
        written.extend(f"{label:{width}}{value}" for label, value in held)
        held.clear()

    for line in lines:
        if "\t" in line:
            held.append(line.split("\t", 1))
        else:
            write_held()
            written.append(line)
    write_held()
    return "".join(f"{printable(line.rstrip())}\n" for line in written)


def _lines(extension: Extension, registered: datetime | None) -> Iterator[str]:
    fields = {
        "ID": extension.id,
        "Registered": times.written(registered) if registered else "",
        "Description": extension.description,
        "Product": extension.product,
        "Version": extension.version,
        "Zone": extension.zone,
    }
    yield from _fields(fields, "")
    yield from _configuration(extension.configuration, "", " ")
    if extension.services:
        yield from ("", "Services")
    for service in extension.services:
        yield ""
        yield from _service(service)


def _service(service: Service) -> Iterator[str]:
    yield f" ID:  {service.id}"
    fields = {
        "Description": service.description,
        "Resource": service.resource,
        "Category": service.category,
        "Authentication required": str(service.auth_required).lower(),
        "Default": "true" if service.default else "",
    }
    yield from _fields(fields, "   ")
    yield from _configuration(service.configuration, "   ", "    ")
    if service.endpoints:
        yield from ("", "   Endpoints")
    for endpoint in service.endpoints:
        yield ""
        yield from _endpoint(endpoint)
    if service.credentials:
        yield from ("", "   Credentials")
    for login in service.credentials:
        yield ""
        yield from _credentials(login)


def _endpoint(endpoint: Endpoint) -> Iterator[str]:
    yield f"    URL:  {endpoint.url}"
    yield from _fields({"Type": endpoint.type}, "      ")
    yield from _configuration(endpoint.configuration, "      ", "       ")


def _credentials(login: Credentials) -> Iterator[str]:
    yield f"    ID:  {login.id}"
    fields = {
        "Scope": login.scope,
        "Default": "true" if login.default else "",
        "Projects": ", ".join(login.projects),
        "Users": ", ".join(login.users),
        "Secret": login.secret_ref.name if login.secret_ref else "",
    }
    yield from _fields(fields, "      ")
    yield from _configuration(login.configuration, "      ", "       ")


def _fields(fields: Mapping[str, str], indent: str) -> Iterator[str]:
    for label, value in fields.items():
        if value:
            first, *more = value.splitlines()
            yield f"{indent}{label}:\t{first}"
            yield from (f"{indent}\t{line}" for line in more)


def _configuration(configuration: Mapping[str, str], indent: str, deeper: str) -> Iterator[str]:
    if configuration:
        yield f"{indent}Configuration:"
    for name in sorted(configuration):
        first, *more = configuration[name].splitlines() or [""]
        yield f"{deeper}{name} = {first}"
        yield from (f"{deeper}{line}" for line in more)
