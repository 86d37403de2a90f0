"""What a binding offers to a step: its variables, and the fields that expressions read. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from registry.delivery.copies import copy_of
from registry.delivery.ledger import Ledger
from registry.resolving.resolve import Binding, Resolution
from registry.resolving.selectors import Selector

Level = Literal["extension", "service", "endpoint", "credentials"]


@dataclass(frozen=True, slots=True)
class Source:
    """Which configuration a variable comes from. Equal sources give equal values."""

    level: Level
    extension: str
    service: str = ""
    part: str = ""

    def __str__(self) -> str:
        """``credentials 'default' of mlflow/store``."""
        owner = f"{self.extension}/{self.service}" if self.service else self.extension
        part = f" {self.part!r}" if self.part else ""
        return f"{self.level}{part} of {owner}" if self.service else f"{self.level} {owner}"


@dataclass(frozen=True, slots=True)
class SecretKey:
    """Where in a Kubernetes Secret a value is.

    Attributes:
        lack: Where the Secret is not and why, in words for the author of a run; "" if it is there, or was not checked.
    """

    name: str
    key: str
    lack: str = ""


@dataclass(frozen=True, slots=True)
class Variable:
    """One entry of a binding's configuration.

    Attributes:
        value: Its text; for a *secret* only a placeholder.
        secret: Set if the value is not known here and is delivered by reference.
    """

    key: str
    source: Source
    value: str
    secret: SecretKey | None = None

    @property
    def is_credential(self) -> bool:
        """True if its value must not be shown."""
        return self.source.level == "credentials"

    def __repr__(self) -> str:
        """Without the value."""
        return f"Variable({self.key!r}, {self.source})"


@dataclass(frozen=True, slots=True)
class BoundSelector:
    """A selector of a step with its resolution."""

    selector: Selector
    resolution: Resolution
    variables: Mapping[str, Variable]
    fields: Mapping[str, Any]

    @property
    def chosen(self) -> tuple[str, ...]:
        """The ids of what was chosen: extension, service, credentials; nothing if nothing was."""
        binding = self.resolution.binding
        if binding is None:
            return ()
        return binding.extension.id, binding.service.id, binding.credentials.id if binding.credentials else ""


def bind(resolution: Resolution, namespace: str = "", delivered: Ledger | None = None) -> BoundSelector:
    """Lay out what the binding of *resolution* offers; nothing, if there is none.

    Args:
        namespace: The consumer's.
        delivered: What has been delivered there; None = not checked.
    """
    binding = resolution.binding
    if binding is None:
        return BoundSelector(resolution.selector, resolution, {}, {"cfg": {}})
    # The deeper configuration wins, at the place of the one that it replaces.
    variables = {v.key: v for v in _variables(binding, namespace, delivered)}
    return BoundSelector(resolution.selector, resolution, variables, _fields(binding, variables))


def _variables(binding: Binding, namespace: str, delivered: Ledger | None) -> Iterator[Variable]:
    extension, service = binding.extension, binding.service
    source = Source("extension", extension.id)
    yield from (Variable(k, source, v) for k, v in extension.configuration.items())
    source = Source("service", extension.id, service.id)
    yield from (Variable(k, source, v) for k, v in service.configuration.items())
    if binding.endpoint:
        source = Source("endpoint", extension.id, service.id, binding.endpoint.url)
        yield from (Variable(k, source, v) for k, v in binding.endpoint.configuration.items())
    if binding.credentials:
        source = Source("credentials", extension.id, service.id, binding.credentials.id)
        if binding.credentials.secret_ref is None:
            yield from (Variable(k, source, v) for k, v in binding.credentials.configuration.items())
        else:
            yield from (Variable(k, source, "", secret) for k, secret in _secret_keys(binding, namespace, delivered))


def _secret_keys(binding: Binding, namespace: str, delivered: Ledger | None) -> Iterator[tuple[str, SecretKey]]:
    """Where the value of each variable of the binding's credentials is, in the consumer's *namespace*."""
    credentials = binding.credentials
    if credentials is None or credentials.secret_ref is None:
        return
    if not binding.shared:
        yield from (
            (name, SecretKey(credentials.secret_ref.name, key)) for name, key in credentials.configuration.items()
        )
        return
    copy = copy_of(binding.extension.id, binding.service.id, credentials)
    why = delivered.lack(copy) if delivered is not None else ""
    lack = f"not in namespace {namespace!r}: {why}" if why else ""
    # The keys of a copy are the names of the record's variables.
    yield from ((name, SecretKey(copy.name, name, lack)) for name in credentials.configuration)


def _fields(binding: Binding, variables: Mapping[str, Variable]) -> dict[str, Any]:
    """The fields of ``extension.NAME`` in an expression; those that the record leaves empty are left out."""
    extension, service, endpoint = binding.extension, binding.service, binding.endpoint
    fields = {
        "url": endpoint.url if endpoint else "",
        "endpoint_type": endpoint.type if endpoint else "",
        "product": extension.product,
        "version": extension.version,
        "zone": extension.zone,
        "extension_id": extension.id,
        "service_id": service.id,
        "service_resource": service.resource,
        "service_category": service.category,
        "credentials_id": binding.credentials.id if binding.credentials else "",
    }
    given: dict[str, Any] = {name: value for name, value in fields.items() if value}
    return given | {"cfg": {key: variable.value for key, variable in variables.items()}}
