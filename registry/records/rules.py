"""Rules between the fields of a record, checked on its plain data, in addition to the type of each field. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from registry.errors import Problem
from registry.records.placeholders import HIDDEN, placeholders_in
from registry.records.variables import is_name, steers

Path = tuple[str | int, ...]

_SECRET_KEY = re.compile(r"[A-Za-z0-9._-]{1,253}")


def breaches(
    record: Mapping[str, Any], allowed: frozenset[str], *, is_template: bool = False, is_shown: bool = False
) -> Iterator[Problem]:
    """Every rule that *record* breaks; parts of the wrong type are skipped.

    Args:
        is_template: Placeholders need not be filled in.
        is_shown: ``<hidden>`` may stand for the names of keys in a Secret.
    """
    if not is_template:
        yield from _unfilled(record, ())
    yield from _steering(record, (), allowed)
    yield from _repeated(record, "services", "id", ())
    for path, service in _items(record, "services", ()):
        yield from _steering(service, path, allowed)
        yield from _repeated(service, "endpoints", "url", path)
        yield from _repeated(service, "credentials", "id", path)
        for endpoint_path, endpoint in _items(service, "endpoints", path):
            yield from _steering(endpoint, endpoint_path, allowed)
        for credentials_path, credentials in _items(service, "credentials", path):
            yield from _steering(credentials, credentials_path, allowed)
            yield from _scope(credentials, credentials_path)
            yield from _reference(credentials, credentials_path, is_shown=is_shown)


def _unfilled(value: object, path: Path) -> Iterator[Problem]:
    """Every placeholder of a template that nobody has replaced: it would reach a step as if it were a value."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _unfilled(item, (*path, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _unfilled(item, (*path, i))
    elif isinstance(value, str):
        for placeholder in placeholders_in(value):
            yield Problem(f"is not filled in; replace {placeholder!r} by the real value", path)


def _items(part: Mapping[str, Any], key: str, path: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    items = part.get(key)
    if isinstance(items, list):
        yield from (((*path, key, i), item) for i, item in enumerate(items) if isinstance(item, Mapping))


def _repeated(part: Mapping[str, Any], key: str, name: str, path: Path) -> Iterator[Problem]:
    seen = set()
    for item_path, item in _items(part, key, path):
        value = item.get(name)
        if isinstance(value, str):
            if value in seen:
                yield Problem(f"{value!r} is taken by another of these {key}", (*item_path, name))
            seen.add(value)


def _steering(part: Mapping[str, Any], path: Path, allowed: frozenset[str]) -> Iterator[Problem]:
    for name, _ in _entries(part):
        if steers(name) and name not in allowed:
            yield Problem(
                f"variable {name!r} controls a loader, shell, interpreter or tool; "
                f"the operator may allow it with --allow-variable {name}",
                (*path, "configuration", name),
            )


def _entries(part: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """The entries of a configuration that can become variables."""
    configuration = part.get("configuration")
    if isinstance(configuration, Mapping):
        yield from ((k, v) for k, v in configuration.items() if isinstance(k, str) and is_name(k))


def _scope(credentials: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    """A scope and its lists must agree: a list that nothing reads would give a login to everyone."""
    scope = credentials.get("scope", "global")
    for key, scopes in (("projects", ("project", "user")), ("users", ("user",))):
        if credentials.get(key) and scope in ("global", "project", "user") and scope not in scopes:
            message = f"is not read with scope {scope!r}; set scope: {scopes[0]}, or leave it out"
            yield Problem(message, (*path, key))
    needed = {"project": "projects", "user": "users"}.get(str(scope))
    if needed and not credentials.get(needed):
        yield Problem(f"scope {scope!r} needs a list of {needed} that may use it", (*path, "scope"))


def _reference(credentials: Mapping[str, Any], path: Path, *, is_shown: bool) -> Iterator[Problem]:
    if "secret_ref" in credentials:
        # That is the field's name in Python, so the record would accept it.
        yield Problem("unknown field 'secret_ref'; did you mean 'secretRef'?", (*path, "secret_ref"))
    if "secretRef" not in credentials:
        return
    if not credentials.get("configuration"):
        message = "needs a configuration that says which key of the Secret each variable takes: {NAME: key}"
        yield Problem(message, (*path, "secretRef"))
    for name, key in _entries(credentials):
        # A value that was left here by mistake would be shown to everyone as if it were the name of a key.
        if isinstance(key, str) and not _SECRET_KEY.fullmatch(key) and not (is_shown and key == HIDDEN):
            message = "is not a key of a Secret: keys hold letters, digits, '-', '_' and '.'"
            yield Problem(message, (*path, "configuration", name))
