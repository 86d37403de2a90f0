"""What selectors choose from: the services of extensions, and the values that criteria are compared with. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from registry.records.model import Extension, Service


@dataclass(frozen=True, slots=True)
class Offer:
    """A service of an extension: what a selector can choose.

    Attributes:
        namespace: Where it is registered and its Secrets are; "" = wherever the run is.
    """

    extension: Extension
    service: Service
    namespace: str = ""

    @property
    def id(self) -> str:
        """``EXTENSION/SERVICE``."""
        return f"{self.extension.id}/{self.service.id}"

    @property
    def place(self) -> tuple[str, str]:
        """Where it stands among others: offers are ordered by extension, then by service."""
        return self.extension.id, self.service.id


# The criteria of a selector that a value of the record must equal.
EXACT: Mapping[str, Callable[[Offer], str]] = {
    "extension_id": lambda o: o.extension.id,
    "service_id": lambda o: o.service.id,
    "zone": lambda o: o.extension.zone,
    "product": lambda o: o.extension.product,
    "service_category": lambda o: o.service.category,
    "service_resource": lambda o: o.service.resource,
}


def offers_of(extension: Extension, namespace: str) -> list[Offer]:
    """The services of *extension*, which is registered in *namespace*, in order."""
    return [Offer(extension, s, namespace) for s in sorted(extension.services, key=lambda s: s.id)]
