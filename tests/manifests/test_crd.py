"""The CRD says of an Extension what registry/records.py says of a record, as far as an API server can."""

import re
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
import yaml

from registry.errors import Problem
from registry.records import codec, model
from registry.records.rules import _SECRET_KEY
from registry.records.variables import _NAME, MAX_VALUE_BYTES
from webhook.controller.extensions.conditions import LONGEST_MESSAGE, DeliveryFacts, status_of

CRD = yaml.safe_load((Path(__file__).parents[2] / "manifests/base/crd.yaml").read_text())
(VERSION,) = CRD["spec"]["versions"]
EXTENSION = VERSION["schema"]["openAPIV3Schema"]["properties"]
SPEC = EXTENSION["spec"]["properties"]
SERVICE = SPEC["services"]["items"]["properties"]
ENDPOINT = SERVICE["endpoints"]["items"]["properties"]
CREDENTIALS = SERVICE["credentials"]["items"]["properties"]
LEVELS = [
    pytest.param(model.Extension, SPEC, id="extension"),
    pytest.param(model.Service, SERVICE, id="service"),
    pytest.param(model.Endpoint, ENDPOINT, id="endpoint"),
    pytest.param(model.Credentials, CREDENTIALS, id="credentials"),
    pytest.param(model.SecretRef, CREDENTIALS["secretRef"]["properties"], id="secretRef"),
]
STATUS = EXTENSION["status"]["properties"]
CONDITION = STATUS["conditions"]["items"]
CONFIGURATIONS = [part["configuration"] for part in (SPEC, SERVICE, ENDPOINT)]


def metadata_of(annotation: Any) -> list[Any]:
    """What ``Annotated`` says besides the type."""
    return list(get_args(annotation)[1:]) if get_origin(annotation) else []


def limit(annotation: Any, name: str) -> int | None:
    """The length that a type of records.py gives."""
    return next((getattr(m, name) for m in metadata_of(annotation) if getattr(m, name, None) is not None), None)


def walk(schema: dict[str, Any]):
    """Every schema below *schema*."""
    yield schema
    for part in schema.get("properties", {}).values():
        yield from walk(part)
    for key in ("items", "additionalProperties"):
        if key in schema:
            yield from walk(schema[key])


def rules(schema: dict[str, Any]) -> str:
    return " ".join(rule["rule"] for rule in schema.get("x-kubernetes-validations", ()))


@pytest.mark.parametrize(("record", "properties"), LEVELS)
def test_fields_are_those_of_the_record(record, properties):
    names = {field.name: field.name for field in fields(record)} | {"secret_ref": "secretRef"}
    expected = {names[field.name] for field in fields(record)}
    if record is model.Extension:
        expected.remove("id")  # metadata.name

    assert set(properties) == expected


@pytest.mark.parametrize(("record", "properties"), LEVELS)
def test_lengths_are_those_of_the_record(record, properties):
    for field in fields(record):
        schema = properties.get(field.name)
        for ours, theirs in (("max_length", "maxLength"), ("min_length", "minLength")):
            if schema and schema.get("type") == "string" and (length := limit(field.type, ours)):
                assert schema.get(theirs) == length, field.name


def test_a_name_is_an_id():
    assert EXTENSION["metadata"]["properties"]["name"]["maxLength"] == limit(model.Id, "max_length")


def test_ids_have_the_same_characters():
    for schema in (SERVICE["id"], CREDENTIALS["id"]):
        assert f"self.matches('^{model._ID.pattern}$')" in rules(schema)


def test_members_are_those_of_the_record():
    for schema in (CREDENTIALS["projects"]["items"], CREDENTIALS["users"]["items"]):
        assert schema["maxLength"] == limit(model.Member, "max_length")
        assert schema["minLength"] == limit(model.Member, "min_length")


def test_words_are_those_of_the_record():
    assert ENDPOINT["type"]["enum"] == list(get_args(model.EndpointType))
    assert CREDENTIALS["scope"]["enum"] == list(get_args(model.Scope))


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_values_have_the_same_length(configuration):
    assert configuration["additionalProperties"]["maxLength"] == MAX_VALUE_BYTES


def test_names_of_variables_have_the_same_characters():
    assert f"name.matches('^{_NAME.pattern}$')" in rules(CREDENTIALS["configuration"])


@pytest.mark.parametrize("key", ["tls.crt", "root-password", "A_1", "pass word", "p@ss", "ä", "a\n", "a/b", "a=b"])
def test_keys_of_a_secret_have_the_same_characters(key):
    (pattern,) = re.findall(r"self\[name\]\.matches\(r'(.*?)'\)", rules(CREDENTIALS["configuration"]))

    assert (re.search(pattern, key, re.ASCII) is None) == (_SECRET_KEY.fullmatch(key) is not None)


def test_credentials_have_no_place_for_a_value():
    """The one map in them holds keys of a Secret."""
    maps = [s for s in walk(SERVICE["credentials"]) if "additionalProperties" in s]

    assert maps == [CREDENTIALS["configuration"]]
    assert not any(s.get("x-kubernetes-preserve-unknown-fields") for s in walk(VERSION["schema"]["openAPIV3Schema"]))


def test_every_field_is_explained():
    levels = (SPEC, SERVICE, ENDPOINT, CREDENTIALS, STATUS, CONDITION["properties"])
    missing = [name for properties in levels for name, schema in properties.items() if not schema.get("description")]

    assert not missing


def test_every_rule_says_what_is_wrong():
    found = [r for s in walk(VERSION["schema"]["openAPIV3Schema"]) for r in s.get("x-kubernetes-validations", ())]

    assert len(found) > 15
    assert all(r.get("message") for r in found)


@pytest.mark.parametrize("record", [codec.decode({"id": "a"}), (Problem("is required"),)], ids=["good", "broken"])
def test_status_has_a_place_for_all_that_the_controller_writes(record):
    status = status_of(
        record, generation=1, sources={}, delivery=DeliveryFacts(1, {}), now=datetime.now(UTC), before={}
    )

    assert set(status) <= set(STATUS)
    for condition in status["conditions"]:
        assert set(condition) == set(CONDITION["properties"])
        assert condition["status"] in CONDITION["properties"]["status"]["enum"]
        assert re.fullmatch(CONDITION["properties"]["reason"]["pattern"], condition["reason"])
    assert CONDITION["properties"]["message"]["maxLength"] >= LONGEST_MESSAGE


def test_status_is_written_apart_from_the_record():
    assert VERSION["subresources"] == {"status": {}}
