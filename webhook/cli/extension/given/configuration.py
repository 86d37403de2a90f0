"""Entries of a configuration as they are given on a command line or in a file of variables. Pure."""

import csv
import re
from collections.abc import Iterable
from typing import Final

_CONVENTIONAL: Final = re.compile(r"[A-Z_][A-Z0-9_]*")
_NAME: Final = re.compile(r"[^\s=#:]+")


def read_pairs(texts: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """The entries of ``KEY:VALUE`` as FuseML's client reads them, and warnings.

    Each text is split at commas, unless they stand in double quotes; each entry at its first ``:``. Spaces around
    both parts are dropped. Of a text that is empty nothing is read, so that it clears a configuration.

    Raises:
        ValueError: An entry has no ``:``, or no key. No message shows what was given: it may be a password.
    """
    pairs: dict[str, str] = {}
    warnings = []
    for text in texts:
        entries = _entries(text.strip())
        keys = []
        for entry in entries:
            key, colon, value = entry.partition(":")
            if not colon or not key.strip():
                raise ValueError(_NO_PAIR if len(entries) == 1 else _COMMA)
            keys.append(key.strip())
            pairs[key.strip()] = value.strip()
        if len(keys) > 1 and not all(map(_CONVENTIONAL.fullmatch, keys)):
            warnings.append(f"read as {len(keys)} entries: {_REMEDY}")
    return pairs, warnings


def _entries(text: str) -> list[str]:
    """The parts of *text* between commas; a text of several lines is one part."""
    if not text or "\n" in text:
        return [text] if text else []
    try:
        return next(csv.reader([text], strict=True))
    except csv.Error:
        raise ValueError(f"a double quote does not end; {_REMEDY}") from None


_REMEDY: Final = "if a value holds commas, put all of it in double quotes, as in '\"KEY:a,b\"'"
_NO_PAIR: Final = "expected KEY:VALUE, and there is no ':' in it"
_COMMA: Final = f"expected KEY:VALUE, and there is no ':' in a part between commas; {_REMEDY}"


def read_literal(text: str) -> tuple[str, str]:
    """The entry of ``KEY=VALUE``, whose value is taken as it is.

    Raises:
        ValueError: It has no ``=``, or no key.
    """
    key, sign, value = text.partition("=")
    if not sign or not key:
        raise ValueError("expected KEY=VALUE, and there is no '=' after a key")
    return key, value


def read_variables(text: str) -> dict[str, str]:
    """The entries of a file of variables, as ``kubectl create secret --from-env-file`` reads it.

    One ``KEY=VALUE`` a line; the value is taken as it is, quotes included. Empty lines and lines that begin with
    ``#`` are skipped.

    Raises:
        ValueError: A line is something else; says which, and not what is in it.
    """
    pairs: dict[str, str] = {}
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        entry = line.lstrip()
        if not entry or entry.startswith("#"):
            continue
        key, sign, value = entry.partition("=")
        if not sign or not _NAME.fullmatch(key):
            raise ValueError(f"line {number}: expected KEY=VALUE")
        pairs[key] = value
    return pairs
