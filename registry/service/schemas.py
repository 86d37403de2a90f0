"""The JSON schemas of bodies, from the models that validate records. Pure.

They refuse nothing that is accepted. Rules between fields, such as a scope and its lists, are not in them.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final, TypeAlias

from pydantic import TypeAdapter

from registry.documents import reader
from registry.records.editing import HIDDEN
from registry.records.model import Extension

Schema: TypeAlias = dict[str, Any]

KINDS: Final = ("Extension", "Service", "Endpoint", "Credentials")
_LISTS: Final = ("services", "endpoints", "credentials")
_OWNERS: Final = {
    "Extension": (),
    "Service": ("extension_id",),
    "Endpoint": ("extension_id", "service_id"),
    "Credentials": ("extension_id", "service_id"),
}
_ALWAYS_SHOWN: Final = {
    "Extension": ("id",),
    "Service": ("id", "auth_required"),
    "Endpoint": ("url", "type"),
    "Credentials": ("id", "scope", "default"),
}
_TIME: Final = {"type": "string", "format": "date-time"}
# What counts as a field that is not given.
_NOTHING: Final = {"enum": [None, *sorted(reader.NULLS)]}
# The words for true and false.
_WORD: Final = {
    "type": "string",
    "pattern": "^([tT][rR][uU][eE]|[yY]([eE][sS])?|[oO][nN]|[fF][aA][lL][sS][eE]|[nN][oO]?|[oO][fF][fF])$",
}


def shown() -> dict[str, Schema]:
    """What answers have, by kind."""
    schemas = {}
    for kind, model in _models().items():
        properties = {name: _answered(name, schema) for name, schema in model["properties"].items()}
        if kind == "Credentials":
            properties["configuration"]["description"] = f"{HIDDEN} for each value; with secretRef, names of keys"
        properties |= {owner: {"type": "string"} for owner in _OWNERS.get(kind, ())}
        if kind in KINDS:
            times = {"registered": _TIME, "updated": _TIME}
            properties["status"] = {"type": "object", "properties": times, "additionalProperties": False}
            model["required"] = [*_ALWAYS_SHOWN[kind], *_OWNERS[kind], "status"]
        schemas[kind] = {**model, "properties": properties}
    return schemas


def wanted() -> dict[str, Schema]:
    """What bodies may have: ``ServiceToAdd`` and ``ServiceToChange``, and so on."""
    schemas = {}
    for kind, model in _models().items():
        properties = {name: _given(name, schema) for name, schema in model["properties"].items()}
        required = [name for name in model.get("required", ()) if name != "id"]
        del model["required"]
        if kind != "SecretRef":
            model["additionalProperties"] = _NOTHING
        if kind == "SecretRef":
            schemas["SecretRefToAdd"] = {**model, "properties": model["properties"], "required": required}
            continue
        schemas[f"{kind}ToChange"] = {**model, "properties": properties}
        schemas[f"{kind}ToAdd"] = {**model, "properties": properties, **({"required": required} if required else {})}
    return schemas


def _models() -> dict[str, Schema]:
    schema = deepcopy(_SCHEMA)
    models = {**schema.pop("$defs"), "Extension": schema}
    for kind, model in models.items():
        model.pop("title")
        model["description"] = str(model["description"]).partition("\n")[0]
        model.setdefault("required", [])
        for name, field in model["properties"].items():
            model["properties"][name] = {k: v for k, v in field.items() if k not in ("title", "default")}
        models[kind] = model
    return models


def _answered(name: str, schema: Mapping[str, Any]) -> Schema:
    if name in _LISTS:
        return {"type": "array", "items": _reference(schema["items"], "")}
    if name == "secretRef":
        return {"$ref": "#/components/schemas/SecretRef"}
    return dict(schema)


def _given(name: str, schema: Mapping[str, Any]) -> Schema:
    if name in _LISTS:
        return {"anyOf": [{"type": "array", "items": _reference(schema["items"], "ToAdd")}, _NOTHING]}
    if name == "secretRef":
        return {"anyOf": [{"$ref": "#/components/schemas/SecretRefToAdd"}, _NOTHING]}
    if name == "url":
        return dict(schema)
    if schema.get("type") == "boolean":
        return {"anyOf": [{"type": "boolean"}, _WORD, _NOTHING]}
    return {"anyOf": [dict(schema), _NOTHING]}


def _reference(schema: Mapping[str, Any], suffix: str) -> Schema:
    return {"$ref": f"#/components/schemas/{str(schema['$ref']).rpartition('/')[2]}{suffix}"}


_SCHEMA: Final[Schema] = TypeAdapter(Extension).json_schema()
