"""Which records a client wants to see: the criteria of FuseML's list, and pages. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from registry.errors import InvalidSelectorError, Problem
from registry.records.model import Service
from registry.resolving import selectors
from registry.resolving.matching import mismatches
from registry.resolving.offers import Offer
from registry.resolving.selectors import CRITERIA, Selector
from registry.service.problems import unreadable
from registry.stores.store import Stored
from registry.suggestions import did_you_mean

MAX_PAGE: Final = 1000
_OF_SERVICES: Final = ("service_id", "service_resource", "service_category")
_OF_PAGES: Final = ("limit", "continue")


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for.

    Attributes:
        of_extension: Criteria for the extension; those of the selector for its services likewise. None = no criteria.
        limit: Most records of the page; 0 = no pages.
        after: The page begins after this id.
    """

    of_extension: Selector | None = None
    of_services: Selector | None = None
    limit: int = 0
    after: str = ""


class Page(NamedTuple):
    """A page of records, and the id after which the next one begins; "" if this is the last one."""

    records: tuple[Stored, ...]
    next_after: str = ""


def parse(body: object, arguments: Iterable[tuple[str, str]]) -> Query:
    """Read a query from a *body*, the *arguments* of the URL, or both; what the body says counts first.

    Raises:
        RequestError, InvalidSelectorError: It cannot be read.
    """
    given = _unrepeated(arguments)
    if body is not None:
        if not isinstance(body, Mapping):
            raise unreadable(f"expected a map of {', '.join(CRITERIA)}")
        given = {**given, **{str(k): v for k, v in body.items() if v not in (None, "")}}
    _refuse_unknown(given)
    criteria = {k: v for k, v in given.items() if k in CRITERIA and v != ""}
    page = given.get("limit", "")
    return Query(
        _selector({k: v for k, v in criteria.items() if k not in _OF_SERVICES}),
        _selector({k: v for k, v in criteria.items() if k in _OF_SERVICES}),
        _limit(page) if page != "" else 0,
        _text("continue", given.get("continue", "")),
    )


def page_of(records: Iterable[Stored], query: Query) -> Page:
    """Those of *records* that *query* asks for, each with its fitting services.

    Args:
        records: In the order of their ids.
    """
    found: list[Stored] = []
    for stored in records:
        if query.after and stored.record.id <= query.after:
            continue
        if (fitting := _fitting(stored, query)) is None:
            continue
        if query.limit and len(found) == query.limit:
            return Page(tuple(found), found[-1].record.id)
        found.append(fitting)
    return Page(tuple(found))


def _fitting(stored: Stored, query: Query) -> Stored | None:
    record = stored.record
    # The criteria of the extension read nothing of the service.
    if query.of_extension and mismatches(Offer(record, Service(id="_")), query.of_extension):
        return None
    if query.of_services is None:
        return stored
    services = tuple(s for s in record.services if not mismatches(Offer(record, s), query.of_services))
    return stored._replace(record=replace(record, services=services)) if services else None


def _unrepeated(arguments: Iterable[tuple[str, str]]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for name, value in arguments:
        if name in given:
            raise unreadable(f"{name[:100]!r} is given twice")
        given[name] = value
    return given


def _refuse_unknown(given: Mapping[str, Any]) -> None:
    names = (*CRITERIA, *_OF_PAGES)
    for name in given:
        if name not in names:
            raise unreadable(f"unknown criterion {name[:100]!r}; {did_you_mean(name, names)}")


def _selector(criteria: Mapping[str, Any]) -> Selector | None:
    if not criteria:
        return None
    for name, value in criteria.items():
        if not isinstance(value, str):
            raise unreadable(f"{name}: expected text")
        if len(value) > selectors.MAX_CRITERION and name != "version":
            message = f"is longer than {selectors.MAX_CRITERION} characters, and so is no value in a record"
            raise InvalidSelectorError([Problem(message, (name,), rule="string_too_long")])
    return selectors.parse({"name": "list", **criteria})


def _limit(value: Any) -> int:
    text = _text("limit", value)
    if not text.isascii() or not text.isdecimal() or len(text) > 9 or not 1 <= int(text) <= MAX_PAGE:
        raise unreadable(f"limit: expected a number from 1 to {MAX_PAGE}")
    return int(text)


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise unreadable(f"{name}: expected text")
    return str(value)
