"""Where texts are meant to differ, and why. Whatever is not in these tables must be the same."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import yaml

from tests.fuseml_client.transcript import Entry


class Rule(NamedTuple):
    """A difference that all commands of a kind have.

    Attributes:
        concerns: A regular expression that is found in these commands, or in what they give.
        same: What of a text has to be the same all the same.
        reason: Why the rest is not.
    """

    concerns: str
    same: Callable[[str], Any]
    reason: str


def _without_code(text: str) -> str:
    return re.sub(r"^exit code \d+\n", "exit code\n", text, flags=re.MULTILINE)


def _words(text: str) -> list[list[str]]:
    lines = _without_code(text).splitlines()
    return [line.split() for line in lines if line.strip() and not line.startswith("Registered:")]


def _table(text: str) -> list[list[str]]:
    """For each column, what its cells say, line by line."""
    lines = (line.strip("|").split("|") for line in text.splitlines() if line[:1] == "|")
    columns = [[cell.strip() for cell in column if cell.strip()] for column in zip(*lines, strict=True)]
    return [_unnarrowed(column) for column in columns]


def _unnarrowed(lines: list[str]) -> list[str]:
    """Without the projects of a login that is for users."""
    after = [*lines[1:], ""]
    return [line for line, following in zip(lines, after, strict=True)
            if not (line.startswith("projects:") and following.startswith("users:"))]  # fmt: skip


def _csv(text: str) -> list[list[str]]:
    rows = csv.reader(io.StringIO(text.replace("\\,", ",")))
    return [[_unnarrowed([line.strip() for line in cell.splitlines() if line.strip()]) for cell in row] for row in rows]


def _data(text: str) -> Any:
    # Scalars as they are written, so that 1.10 stays 1.10.
    data = json.loads(text) if text[:1] in "[{" else yaml.load(text, yaml.BaseLoader)
    return _unordered(_without_status(data))


def _without_status(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _without_status(value) for key, value in data.items() if key != "status"}
    return [_without_status(item) for item in data] if isinstance(data, list) else data


def _unordered(data: Any) -> Any:
    return sorted(data, key=lambda item: item.get("id", "")) if isinstance(data, list) else data


# Of our own command line, compared with FuseML's; the first rule that concerns a command counts.
OF_OURS = [
    Rule(
        r"extension get \S+( --format text)?$",
        _words,
        "the parts of a record have an empty line between them, and configurations are all indented in the same way;"
        " a time of registration is shown if it is known, where FuseML's client shows the time at which it was built."
        " The exit code is that of the last rule",
    ),
    Rule(
        "--format (json|yaml)",
        _data,
        "a status has only times that are known; FuseML's client writes an empty line at the end;"
        " what another program might take for a number is in quotes; parts are in the order of the table",
    ),
    Rule(
        "--format csv",
        _csv,
        "CSV as RFC 4180 has it, where FuseML's client writes a backslash before a comma, and empty lines",
    ),
    Rule(
        r"\+---",
        _table,
        "cells end with their last line, where FuseML's client adds two empty ones;"
        " a login for users shows its projects, too: they narrow down which of their runs may have it",
    ),
    Rule("exit code", _without_code, "1 is a refusal and 2 a wrong use of the command; FuseML's client ends with 255"),
]


def differing(expected: Iterable[Entry], found: Iterable[Entry], rules: list[Rule]) -> list[Entry]:
    """What has been found and differs, although no rule says so."""
    return [ours for theirs, ours in zip(expected, found, strict=True) if not _is_same(theirs, ours, rules)]


def _is_same(expected: Entry, found: Entry, rules: list[Rule]) -> bool:
    if expected.shown == found.shown:
        return True
    both = expected.shown + found.shown
    rule = next((r for r in rules if re.search(r.concerns, expected.command) or re.search(r.concerns, both)), None)
    if rule is None:
        return False
    try:
        return bool(rule.same(expected.shown) == rule.same(found.shown))
    # One of them is no such text.
    except ValueError:
        return False
