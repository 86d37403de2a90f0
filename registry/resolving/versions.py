"""What a version constraint means: the one place that knows semver. Pure.

Versions are parsed and ordered by the ``semver`` package. Constraints mean what they mean to Go's
github.com/Masterminds/semver/v3 v3.4.0, ``NewConstraint(constraint)`` and then ``Check(NewVersion(version))``, odd
corners included; tests/resolving/masterminds keeps its answers, and asks for them.

One answer differs. A number beyond 64 bits in a pre-release is a number to ``semver`` and text to Masterminds. This
matters if it is compared with another such number, or with text that begins with "-" or a digit.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

import semver

from registry.errors import RegistryError

_MAX_LENGTH = 256  # ours, for versions and constraints: Masterminds has no limit, a webhook must
_MAX_CLAUSES = 32  # ours, too
_MAX_NUMBER = 2**64 - 1  # Go's uint64

# All repetitions are possessive ("++"), so nothing is ever tried a second way: time grows linearly.
_SPACE = r"[\t\n\f\r ]"  # Go's \s; Python's takes more
_IDENTIFIERS = r"[0-9A-Za-z-]++(?:\.[0-9A-Za-z-]++)*+"
_EXTRAS = rf"(?:-{_IDENTIFIERS})?+(?:\+{_IDENTIFIERS})?+"
_NUMBER = r"[0-9xX|*]++"  # "|" is Masterminds' accident; it makes '1||2 - 3' mean '1 || 2, <= 3'
_PARTIAL = rf"v?+{_NUMBER}(?:\.{_NUMBER}){{0,2}}+{_EXTRAS}"

_RANGE = re.compile(rf"{_SPACE}*+(?:({_PARTIAL})(?:{_SPACE}++-{_SPACE}++({_PARTIAL}))?+)?+")
_CLAUSE = re.compile(
    rf"{_SPACE}*+(?P<operator>[=!<>~^]*+){_SPACE}*+(?P<version>{_PARTIAL})"
    rf"(?:(?P<more>{_SPACE}*+,|{_SPACE}++(?!\Z))|{_SPACE}*+\Z)"
)
_WILDCARDS = frozenset("xX*")


class ConstraintError(RegistryError, ValueError):
    """A version constraint that Masterminds/semver would not parse, or that is beyond our limits."""


class Version(NamedTuple):
    """A version for comparisons: *core* first, because tuples of numbers compare many times faster than *full*.

    Attributes:
        core: Major, minor, patch.
        full: Decides if *core* is equal. Build metadata does not count.
    """

    core: tuple[int, int, int]
    full: semver.Version


_NO_VERSION = Version((-1, -1, -1), semver.Version(0))

_Predicate = Callable[[Version], bool]


class _Group(NamedTuple):
    """Clauses that must all hold. One that names a pre-release lets pre-releases in, for all of them."""

    takes_prereleases: bool
    clauses: tuple[_Predicate, ...]


def satisfies(version: str, constraint: str) -> bool:
    """True if *version* is a semantic version (``v1.2`` will do) that *constraint* allows.

    Raises:
        ConstraintError: The constraint cannot be read, whatever the version.
    """
    groups = _compile(constraint)
    found = _parse(version)
    return found is not None and any(_allows(group, found) for group in groups)


def sort_key(version: str) -> tuple[Version, str]:
    """Order versions, higher last; what is no semantic version comes first. Text decides between equals."""
    return _parse(version) or _NO_VERSION, version


def _allows(group: _Group, version: Version) -> bool:
    if not group.takes_prereleases and version.full.prerelease:
        return False
    return all(clause(version) for clause in group.clauses)


# Reading versions


def _parse(version: str) -> Version | None:
    return _parse_short(version) if len(version) <= _MAX_LENGTH else None  # the cache holds nothing long


@lru_cache(maxsize=4096)
def _parse_short(version: str) -> Version | None:
    try:
        return _version(version)
    except ValueError:
        return _coerced(version)


def _coerced(version: str) -> Version | None:
    """Read what is a version to Masterminds only: ``v1.2``, ``01.2.3``."""
    try:
        return _version(_spelt_out(*_split(version)))
    except ValueError:
        return None


def _split(text: str) -> tuple[list[str], str]:
    """The numbers, and what follows them: a pre-release, build metadata."""
    core = re.split("[+-]", text, maxsplit=1)[0]
    return core.removeprefix("v").split("."), text[len(core) :]


def _spelt_out(numbers: list[str], extras: str) -> str:
    """``1.2.0-rc.1`` for ``v01.2-rc.1``."""
    core = (*map(_number, numbers), 0, 0, 0)[: max(3, len(numbers))]
    return ".".join(map(str, core)) + extras


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text!r} is neither a number nor one of x, X, *")
    return int(text)


def _version(text: str) -> Version:
    try:
        full = semver.Version.parse(text)
    except ValueError:
        raise ValueError(f"{text!r} is no semantic version; no number in a pre-release may begin with 0") from None
    core = (full.major, full.minor, full.patch)
    if max(core) > _MAX_NUMBER:
        raise ValueError(f"the number {max(core)} is too large")
    return Version(core, full)


# Reading constraints


@lru_cache(maxsize=1024)
def _compile(constraint: str) -> tuple[_Group, ...]:
    if len(constraint) > _MAX_LENGTH:
        raise _refusal(f"{constraint[:32]}…", f"longer than {_MAX_LENGTH} characters")
    expanded = _RANGE.sub(_expand, constraint)
    try:
        groups = tuple(_group(alternative) for alternative in expanded.split("||"))
    except ValueError as e:
        aside = " (a range 'a - b' stands for '>= a, <= b'; put ', ' or ' || ' between it and the rest)"
        raise _refusal(constraint, f"{e}{aside if expanded != constraint else ''}") from None
    if sum(len(group.clauses) for group in groups) > _MAX_CLAUSES:
        raise _refusal(constraint, f"more than {_MAX_CLAUSES} comparisons")
    return groups


def _refusal(constraint: str, why: str) -> ConstraintError:
    advice = "write for example '~1.19', '>=1.0, <2.0' or '1.2 - 1.4.5'"
    return ConstraintError(f"version constraint {constraint!r}: {why}; {advice}")


def _expand(found: re.Match[str]) -> str:
    """``1.2 - 1.4.5`` is ``>= 1.2, <= 1.4.5``; all else stays."""
    return f">= {found[1]}, <= {found[2]} " if found[2] else found[0]


def _group(text: str) -> _Group:
    clauses = []
    takes_prereleases = False
    for found in _find_clauses(text):
        numbers, extras = _split(found["version"])
        given = next((i for i, number in enumerate(numbers) if number in _WILDCARDS), len(numbers))
        compare = _OPERATORS.get(found["operator"])
        if compare is None:
            raise ValueError(f"there is no operator {found['operator']!r}")
        wanted = _version(_spelt_out(numbers[:given], extras))
        clauses.append(compare(wanted, given))
        takes_prereleases = takes_prereleases or wanted.full.prerelease is not None
    return _Group(takes_prereleases, tuple(clauses))


def _find_clauses(text: str) -> Iterator[re.Match[str]]:
    position, more = 0, True
    while more:
        found = _CLAUSE.match(text, position)
        if found is None:
            rest = text[position:].lstrip(" ")
            raise ValueError(f"cannot read {rest!r}" if rest else "a version is missing")
        yield found
        position, more = found.end(), found["more"] is not None


# What the operators mean. *given* says how many of *wanted*'s three numbers were written, before a wildcard.


def _less(wanted: Version, given: int) -> _Predicate:
    return lambda version: version < wanted


def _at_least(wanted: Version, given: int) -> _Predicate:
    return lambda version: version >= wanted


def _greater(wanted: Version, given: int) -> _Predicate:
    if given in {1, 2}:
        return lambda version: version.core[:given] > wanted.core[:given]
    return lambda version: version > wanted


def _at_most(wanted: Version, given: int) -> _Predicate:
    if given == 3:
        return lambda version: version <= wanted
    width = given or 2  # "<=*" means <=0.0.x
    return lambda version: version.core[:width] <= wanted.core[:width]


def _equal(wanted: Version, given: int) -> _Predicate:
    if given < 3:
        return _tilde(wanted, given)
    return lambda version: version == wanted


def _not_equal(wanted: Version, given: int) -> _Predicate:
    if given == 1:
        return lambda version: version.core[:1] != wanted.core[:1]
    if given == 2:
        return lambda version: version.core[:2] != wanted.core[:2] or version.full.prerelease != wanted.full.prerelease
    return lambda version: version != wanted


def _tilde(wanted: Version, given: int) -> _Predicate:
    if given == 3 and wanted.core == (0, 0, 0):
        return _at_least(wanted, given)  # "~0.0.0" means anything
    return _at_least_with_same(wanted, min(given, 2))


def _caret(wanted: Version, given: int) -> _Predicate:
    major, minor, _ = wanted.core
    if major > 0 or given == 1:
        return _at_least_with_same(wanted, 1)
    if minor > 0 or given == 2:
        return _at_least_with_same(wanted, 2)
    return _at_least_with_same(wanted, 3)  # "^*" is 0.0.0, too


def _at_least_with_same(wanted: Version, width: int) -> _Predicate:
    return lambda version: version >= wanted and version.core[:width] == wanted.core[:width]


_OPERATORS: dict[str, Callable[[Version, int], _Predicate]] = {
    "": _equal,
    "=": _equal,
    "!=": _not_equal,
    ">": _greater,
    "<": _less,
    ">=": _at_least,
    "=>": _at_least,
    "<=": _at_most,
    "=<": _at_most,
    "~": _tilde,
    "~>": _tilde,
    "^": _caret,
}
