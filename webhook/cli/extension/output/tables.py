"""Rows as a table for people, and as CSV. Pure."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from registry.suggestions import did_you_mean
from webhook.cli.terminal import printable
from webhook.objects import manifests

Row: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        path: Which field of a row it shows, by the names in lower case that lead to it.
    """

    title: str
    path: tuple[str, ...]

    def cell(self, row: Row) -> str:
        """What it shows of *row*; lines are separated by line breaks."""
        of_column = _BY_TITLE.get(self.title)
        return of_column(row) if of_column else _text(_found(row, self.path))


def columns_of(specifiers: Iterable[str], known: Sequence[str]) -> list[Column]:
    """The columns that FuseML's ``COLUMN[:FIELD[.FIELD…]]`` mean; without a field, it is called as the column.

    Args:
        known: The fields that a row may have.

    Raises:
        ValueError: There is no such field.
    """
    columns = []
    for specifier in specifiers:
        title, _, field = specifier.strip().partition(":")
        path = tuple((field or title).lower().split("."))
        if path[0] not in known:
            raise ValueError(f"there is no field {path[0][:100]!r}; {did_you_mean(path[0], known)}")
        columns.append(Column(title, path))
    return columns


def table(columns: Sequence[Column], rows: Iterable[Row]) -> str:
    """A table with a frame. A row is as high as its highest cell."""
    lines = [[column.title.upper() for column in columns]]
    height_of_title = 1
    for row in rows:
        cells = [printable(column.cell(row)).splitlines() or [""] for column in columns]
        height = max(map(len, cells))
        lines += [[cell[i] if i < len(cell) else "" for cell in cells] for i in range(height)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    rule = f"+{'+'.join('-' * (width + 2) for width in widths)}+\n"
    text = [
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |\n" for line in lines
    ]
    body = text[height_of_title:]
    return "".join([rule, *text[:height_of_title], rule, *body, rule])


def csv_text(columns: Sequence[Column], rows: Iterable[Row]) -> str:
    """The same as CSV (RFC 4180, with line feeds)."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column.title for column in columns])
    writer.writerows([column.cell(row) for column in columns] for row in rows)
    return text.getvalue()


def _found(row: Any, path: Sequence[str]) -> Any:
    """The field at *path*, whatever the case of its names."""
    for name in path:
        if not isinstance(row, Mapping):
            return None
        row = next((value for key, value in row.items() if key.lower() == name), None)
    return row


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return manifests.dump(value).rstrip("\n") if isinstance(value, (dict, list)) else str(value)


def _pairs(row: Row) -> str:
    return "\n".join(f"{name}: {value}" for name, value in sorted(row.get("configuration", {}).items()))


def _services(row: Row) -> str:
    blocks = (
        f"[ {s['id']} ]\nresource: {s['resource'] or 'N/A'}\ncategory: {s['category'] or 'N/A'}"
        for s in row.get("services", ())
    )
    return "\n\n".join(blocks)


def _endpoints(row: Row) -> str:
    blocks = []
    for service in row.get("services", ()):
        lines = [f"{endpoint['type']}: {endpoint['url']}" for endpoint in service.get("endpoints", ())]
        blocks += ["\n".join([f"[ {service['id']} ]", *lines])] if lines else []
    return "\n\n".join(blocks)


def _credentials(row: Row) -> str:
    blocks = []
    for service in row.get("services", ()):
        lines = [line for login in service.get("credentials", ()) for line in _login(login)]
        blocks += ["\n".join([f"[ {service['id']} ]", *lines])] if lines else []
    return "\n\n".join(blocks)


def _login(login: Row) -> Iterable[str]:
    yield f"{login['id']}: {login['scope']}"
    for key in ("projects", "users"):
        if login.get(key):
            yield f"  {key}: {', '.join(login[key])}"


# Columns that FuseML's client writes in a form of their own, by their titles.
_BY_TITLE: Mapping[str, Callable[[Row], str]] = {
    "Services": _services,
    "Endpoints": _endpoints,
    "Credentials": _credentials,
    "Configuration": _pairs,
    "Projects": lambda row: "\n".join(row.get("projects", ())),
    "Users": lambda row: "\n".join(row.get("users", ())),
}
