"""Which records a client wants to see: the criteria of FuseML's list, and pages. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from registry.errors import InvalidSelectorError, Problem
from registry.resolving.query import matching, query_of
from registry.resolving.selectors import CRITERIA, MAX_CRITERION, Selector
from registry.service.problems import unreadable
from registry.stores.store import Stored
from registry.suggestions import did_you_mean

MAX_PAGE: Final = 1000
_OF_PAGES: Final = ("limit", "continue")


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked for.

    Attributes:
        criteria: What extensions and their services have to fulfil; None = all are asked for.
        limit: Most records of the page; 0 = no pages.
        after: The page begins after this id.
    """

    criteria: Selector | None = None
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
    return Query(
        _criteria({k: v for k, v in given.items() if k in CRITERIA and v != ""}),
        _limit(given["limit"]) if "limit" in given else 0,
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
        if (fitting := _fitting(stored, query.criteria)) is None:
            continue
        if query.limit and len(found) == query.limit:
            return Page(tuple(found), found[-1].record.id)
        found.append(fitting)
    return Page(tuple(found))


def _fitting(stored: Stored, criteria: Selector | None) -> Stored | None:
    if criteria is None:
        return stored
    record = matching(stored.record, criteria)
    return stored._replace(record=record) if record is not None else None


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


def _criteria(given: Mapping[str, Any]) -> Selector | None:
    for name, value in given.items():
        if not isinstance(value, str):
            raise unreadable(f"{name}: expected text")
        if len(value) > MAX_CRITERION and name != "version":
            message = f"is longer than {MAX_CRITERION} characters, and so is no value in a record"
            raise InvalidSelectorError([Problem(message, (name,), rule="string_too_long")])
    return query_of(given) if given else None


def _limit(value: Any) -> int:
    text = _text("limit", value)
    if not text.isascii() or not text.isdecimal() or len(text) > 9 or not 1 <= int(text) <= MAX_PAGE:
        raise unreadable(f"limit: expected a number from 1 to {MAX_PAGE}")
    return int(text)


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise unreadable(f"{name}: expected text")
    return str(value)
