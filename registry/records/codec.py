"""Records <-> plain data: text kept as typed, unknown fields refused, all errors at once, with paths. Pure."""

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import MISSING, fields
from functools import cache
from itertools import count
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from registry.documents import reader
from registry.errors import InvalidRecordsError, Problem
from registry.records.model import HALF_A_CHARACTER, Credentials, Endpoint, Extension, SecretRef, Service
from registry.records.rules import breaches
from registry.suggestions import did_you_mean, shown

_ADAPTER = TypeAdapter(Extension)
_WIRE_NAMES = {"secret_ref": "secretRef"}
_KINDS = {dict: "a map", list: "a list", str: "text", bool: "true or false"}


def decode(
    content: object, *, allowed: frozenset[str] = frozenset(), is_template: bool = False, is_shown: bool = False
) -> Extension:
    """Read one extension's record.

    Args:
        content: Maps, lists and text, as ``reader.read`` gives them.
        allowed: Variables that control a loader or an interpreter and may be registered all the same.
        is_template: Placeholders need not be filled in.
        is_shown: ``<hidden>`` may stand for the names of keys in a Secret, as a registry may show a record.

    Raises:
        InvalidRecordsError: With every problem that there is.
    """
    if not isinstance(content, Mapping):
        raise InvalidRecordsError([Problem(f"expected an extension's record, got {_kind(content)}")])
    record = _with_ids(_normal(content))
    problems = [*breaches(record, allowed, is_template=is_template, is_shown=is_shown)]
    try:
        extension: Extension = _ADAPTER.validate_python(record)
    except ValidationError as e:
        problems[:0] = [_problem(error) for error in e.errors(include_url=False, include_context=True)]
    if problems:
        raise InvalidRecordsError(problems)
    return extension


def encode(value: Any, *, apart_from: Collection[str] = ()) -> dict[str, Any]:
    """The plain data of a record or of a part of one, without fields that have their default.

    Args:
        apart_from: More fields of *value* itself that are left out.
    """
    plain = {}
    for name, key, default in _fields_of(value.__class__):
        if name not in apart_from and (item := getattr(value, name)) != default:
            plain[key] = _encode_item(item)
    return plain


@cache
def _fields_of(kind: Any) -> tuple[tuple[str, str, Any], ...]:
    """For each field its name, that in plain data, and its default."""
    return tuple(
        (
            f.name,
            _WIRE_NAMES.get(f.name, f.name),
            f.default_factory() if f.default_factory is not MISSING else f.default,
        )
        for f in fields(kind)
    )


def _encode_item(item: object) -> Any:
    if isinstance(item, str | bool):
        return item
    if isinstance(item, tuple):
        return [_encode_item(i) for i in item]
    return dict(item) if isinstance(item, Mapping) else encode(item)


def _kind(value: object) -> str:
    return "nothing" if _is_null(value) else _KINDS.get(type(value), "a number")


def _is_unquoted(value: object) -> bool:
    """True if it is text that kubectl reads as something else."""
    return isinstance(value, (bool, int, float))


def _normal(value: Any) -> Any:
    """The record without empty fields.

    ``configuration`` is left alone: there, ``~`` is the text ``~``.
    """
    if isinstance(value, list):
        return [_normal(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {k: v if k == "configuration" else _normal(v) for k, v in value.items() if not _is_null(v)}


def _is_null(value: object) -> bool:
    return value is None or (isinstance(value, str) and value in reader.NULLS)


def _with_ids(record: dict[str, Any]) -> dict[str, Any]:
    """Give an id, FuseML's ``<product>-<8 of a-z0-9>``, to whatever has none.

    The eight are taken from what the record says, so that every process and every reload finds the same ones.
    """
    named: dict[str, Any] = _identified([record], "product", "extension")[0]
    if isinstance(record.get("services"), list):
        named["services"] = [
            _service_with_ids(service) for service in _identified(record["services"], "resource", "service")
        ]
    return named


def _service_with_ids(service: Any) -> Any:
    if isinstance(service, dict) and isinstance(service.get("credentials"), list):
        return service | {"credentials": _identified(service["credentials"], "scope", "credentials")}
    return service


def _identified(parts: list[Any], prefix_field: str, otherwise: str) -> list[Any]:
    """*parts*, those that are maps as copies with an id; parts with equal content get different ones."""
    taken = {part["id"] for part in parts if isinstance(part, dict) and isinstance(part.get("id"), str)}
    identified = []
    for part in parts:
        if isinstance(part, dict) and "id" not in part:
            new_id = _new_id(part, prefix_field, otherwise, taken=taken)
            taken.add(new_id)
            identified.append({"id": new_id, **part})
        else:
            identified.append(dict(part) if isinstance(part, dict) else part)
    return identified


def _new_id(part: dict[str, Any], prefix_field: str, otherwise: str, *, taken: Collection[str]) -> str:
    prefix = id_prefix(part, prefix_field, otherwise)
    canonical = json.dumps(_public(part, in_credentials=otherwise == "credentials"), sort_keys=True, default=str)
    ids = (f"{prefix}-{_eight_letters(canonical + turn * '+')}" for turn in count())
    return next(new_id for new_id in ids if new_id not in taken)


def id_prefix(part: Mapping[str, Any], prefix_field: str, otherwise: str) -> str:
    """What a generated id begins with; ``-`` and eight characters follow, 100 at most in all."""
    prefix = re.sub(r"[^A-Za-z0-9_]+", "-", str(part.get(prefix_field) or otherwise)).strip("-") or otherwise
    return prefix[:91]


def _eight_letters(text: str) -> str:
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    return "".join(letters[number // 36**i % 36] for i in range(8))


def _public(part: Any, *, in_credentials: bool) -> Any:
    """*part* with the names, not the values, of credentials: an id must not help to guess a password."""
    if isinstance(part, list):
        return [_public(item, in_credentials=in_credentials) for item in part]
    if not isinstance(part, dict):
        return part
    if in_credentials and isinstance(part.get("configuration"), dict):
        part = part | {"configuration": sorted(map(str, part["configuration"]))}
    spelled = {"auth_required" if k == "authrequired" else str(k): v for k, v in part.items()}
    return {k: _public(v, in_credentials=in_credentials or k == "credentials") for k, v in spelled.items()}


_FIELDS: dict[type, list[str]] = {
    cls: [_WIRE_NAMES.get(f.name, f.name) for f in fields(cls)]
    for cls in (Extension, Service, Endpoint, Credentials, SecretRef)
}
_LEVELS = {"services": Service, "endpoints": Endpoint, "credentials": Credentials, "secretRef": SecretRef}


def _problem(error: ErrorDetails) -> Problem:
    """Pydantic's error in our words. The input is quoted only where it cannot be a credential's value."""
    path = error["loc"]
    kind = error["type"]
    context = error.get("ctx", {})
    got = _kind(error["input"])
    if path[-1:] == ("[key]",):
        path = path[:-2]
    if kind == "unexpected_keyword_argument":
        return Problem(_unexpected(path), path)
    texts = {
        "missing": "is required",
        "string_type": f"expected text, got {got}{'; put it in quotes' if _is_unquoted(error['input']) else ''}",
        "string_unicode": HALF_A_CHARACTER,
        "tuple_type": f"expected a list, got {got}",
        "dict_type": f"expected a map, got {got}",
        "dataclass_type": f"expected a map, got {got}",
        "literal_error": f"expected {context.get('expected')}, got {shown(error['input'])}",
        "string_too_long": f"is longer than {context.get('max_length')} characters",
        "string_too_short": "must not be empty",
        "value_error": str(context.get("error")),
    }
    return Problem(texts.get(kind, error["msg"]), path, rule=kind)


def _unexpected(path: tuple[str | int, ...]) -> str:
    name = str(path[-1])
    levels = (_LEVELS[step] for step in reversed(path[:-1]) if isinstance(step, str) and step in _LEVELS)
    level = next(levels, Extension)
    if (level, name) == (Service, "authrequired"):
        return "is given beside 'auth_required', which means the same"
    return f"unknown field {name[:100]!r}; {did_you_mean(name, _FIELDS[level])}"
