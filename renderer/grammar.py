"""The closed grammar: what an expression may say, and why another one may not. Pure.

::

    expression = opener "extension"["s"] part part [part] { "|" filter } closer
    part       = "." word | "[" string "]"
    filter     = word [ "(" string ")" ]
    word       = one or more of A-Z a-z 0-9 _ -
    string     = '"' anything but '"' '"' | "'" anything but "'" "'"

The parts are a selector's name, a field and, for ``cfg`` alone, a key; ``default`` alone takes a string.
Strings know no escapes: what is written is meant. Spaces and tabs may stand at both ends, around ``|``,
before ``(`` and within ``[ ]`` and ``( )``.
"""

import difflib
import re
from dataclasses import dataclass
from typing import Final, NamedTuple, NoReturn

from renderer.errors import ExpressionError, quoted, shown
from renderer.filters import DEFAULT, FILTERS

MAX_FILTERS = 8

CFG = "cfg"
FIELDS: Final = (
    CFG,
    "url",
    "product",
    "version",
    "zone",
    "extension_id",
    "service_id",
    "service_resource",
    "service_category",
    "endpoint_type",
    "credentials_id",
)
_FILTERS = (DEFAULT, *FILTERS)

_HEAD = re.compile(r"..[ \t]*extensions?")
_SPACES = re.compile(r"[ \t]*")
_WORD = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(r""""[^"]*"|'[^']*'""")


class Filter(NamedTuple):
    """One filter of an expression, with what stands between its brackets."""

    name: str
    args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Expression:
    """One accepted expression. Only :func:`renderer.parse` makes them.

    Attributes:
        source: As written, delimiters included.
        name: The selector it reads.
        field: What it reads of it: ``"url"``, …, or ``"cfg"``.
        key: Which configuration entry, if *field* is ``"cfg"``, else None.
        filters: What is done with the value, in this order.
    """

    source: str
    name: str
    field: str
    key: str | None = None
    filters: tuple[Filter, ...] = ()

    @property
    def default(self) -> str | None:
        """The text of its ``default`` filter, which can only be the first."""
        return self.filters[0].args[0] if self.filters and self.filters[0].name == DEFAULT else None

    def __str__(self) -> str:
        return shown(self.source)


def read(source: str, *, nested: bool = False) -> Expression:
    """Read a candidate, delimiters included.

    Raises:
        ExpressionError: It says something that the grammar does not know.
    """
    reader = _Reader(source)
    if nested:
        reader.fail("an expression cannot hold another one; is its end missing?")
    name = reader.part("the name of a selector")
    field = reader.field()
    key = reader.key() if field == CFG else None
    return Expression(source, name, field, key, reader.filters())


class _Reader:
    """A place in a candidate that moves on as parts are taken."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._end = len(source) - 2
        self._at = 0
        self._take(_HEAD)

    def fail(self, problem: str) -> NoReturn:
        raise ExpressionError(self._source, problem)

    def part(self, what: str, example: str = "") -> str:
        """A word after a dot, or a string in square brackets."""
        if self._take_sign("["):
            text = self._string(f"{what} in quotes")
            self._close("]")
            return text
        word = self._take_sign(".") and self._take(_WORD)
        return word or self._expected(what + example)

    def key(self) -> str:
        key = self.part("a key", ", as in .cfg.KEY")
        if self._take_sign("."):
            self.fail("""a key with dots is written in brackets, as in .cfg["any.key"]""")
        return key

    def field(self) -> str:
        field = self.part("a field", ", such as .url or .cfg.KEY")
        if field not in FIELDS:
            self.fail(f"unknown field {quoted(field)}; {_advice(field, FIELDS)}")
        return field

    def filters(self) -> tuple[Filter, ...]:
        """All that follows the path."""
        found: list[Filter] = []
        self._skip_spaces()
        while self._at < self._end:
            if not self._take_sign("|"):
                self._expected("'|' and a filter")
            if len(found) == MAX_FILTERS:
                self.fail(f"more than {MAX_FILTERS} filters")
            found.append(self._filter(first=not found))
            self._skip_spaces()
        return tuple(found)

    def _filter(self, *, first: bool) -> Filter:
        self._skip_spaces()
        name = self._take(_WORD) or self._expected("a filter")
        if name not in _FILTERS:
            self.fail(f"unknown filter {quoted(name)}; {_advice(name, _FILTERS)}")
        self._skip_spaces()
        brackets = self._take_sign("(")
        if name == DEFAULT:
            return self._default(brackets=brackets, first=first)
        if brackets:
            self.fail(f"the filter '{name}' takes no brackets")
        return Filter(name)

    def _default(self, *, brackets: bool, first: bool) -> Filter:
        if not first:
            # It would never act: without a value the filter before it has failed already.
            self.fail("'default' must be the first filter")
        if not brackets:
            self.fail("""'default' needs a text, as in default("text")""")
        text = self._string("a text in quotes")
        self._close(")")
        return Filter(DEFAULT, (text,))

    def _string(self, what: str) -> str:
        self._skip_spaces()
        text = self._take(_STRING)
        if not text and self._source.startswith(("'", '"'), self._at):
            self.fail(f"the quote at character {self._at + 1} is never closed")
        self._skip_spaces()
        return text[1:-1] if text else self._expected(what)

    def _close(self, sign: str) -> None:
        if not self._take_sign(sign):
            self._expected(f"'{sign}'")

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._source, self._at, self._end)
        if not match:
            return ""
        self._at = match.end()
        return match[0]

    def _take_sign(self, sign: str) -> bool:
        taken = self._source.startswith(sign, self._at, self._end)
        if taken:
            self._at += len(sign)
        return taken

    def _skip_spaces(self) -> None:
        self._take(_SPACES)

    def _expected(self, what: str) -> NoReturn:
        rest = self._source[self._at : self._end].rstrip(" \t")
        found = f"{_sign(rest[0])} at character {self._at + 1}" if rest else "the end"
        self.fail(f"expected {what}, found {found}")


def _sign(character: str) -> str:
    # Look-alikes of plain characters can be told apart by their number only.
    return quoted(character) if character.isascii() else f"{quoted(character)} (U+{ord(character):04X})"


def _advice(word: str, known: tuple[str, ...]) -> str:
    # registry.suggestions is not used: this package imports neither of the others, and its few short words need a
    # stricter measure than names that people choose.
    close = difflib.get_close_matches(word.lower()[:40], known, n=1, cutoff=0.65)
    return f"did you mean '{close[0]}'?" if close else f"there are {', '.join(known)}"
