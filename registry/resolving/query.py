"""Which extensions a list is asked for, by the criteria of selectors. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from registry.records.model import Extension, Service
from registry.resolving.matching import mismatches
from registry.resolving.offers import Offer
from registry.resolving.selectors import Selector, parse

_OF_EXTENSIONS: Final = ("extension_id", "product", "version", "zone")


def query_of(criteria: Mapping[str, str]) -> Selector:
    """The *criteria* of a list, those that are "" left out, as a selector.

    Raises:
        InvalidSelectorError: With every problem that there is.
    """
    given = {field: value for field, value in criteria.items() if value}
    return parse({"name": "query", **given}) if given else Selector(name="query")


def matching(extension: Extension, query: Selector) -> Extension | None:
    """*extension* with those of its services that fulfil *query*; None if it does not, or none of them does."""
    of_extension = replace(query, service_id="", service_resource="", service_category="")
    if mismatches(Offer(extension, Service(id="any")), of_extension):
        return None
    if query.criteria.keys() <= {*_OF_EXTENSIONS}:
        return extension
    services = tuple(s for s in extension.services if not mismatches(Offer(extension, s), query))
    return replace(extension, services=services) if services else None
