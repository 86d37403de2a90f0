"""A placeholder of a template is an error until somebody has replaced it; other values in angle brackets are values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.documents import reader
from registry.records import codec
from registry.records.placeholders import placeholders_in
from registry.records.texts import decode_text

UNFILLED = """\
id: x
product: <your-product>
version: v<your-version>
zone: "<your-zone>"
description: the store of <your-team>
configuration: {A: <your-a>}
services:
  - id: s
    resource: <your-resource>
    configuration: {B: "x <your-b> y"}
    endpoints:
      - url: http://<your-host>:<your-port>/<your-host>
        configuration: {C: <your-c>}
    credentials:
      - id: c
        scope: user
        users: [ada, <your-user>]
        projects: [<your-project>]
        configuration: {D: <your-d>}
"""


def unfilled(where, name):
    return f"{where}: is not filled in; replace '<your-{name}>' by the real value"


def test_placeholder_is_found_on_every_level():
    found, problems = decode_text(UNFILLED, "r.yaml")

    service = "services[0]"
    assert found == []
    assert [str(problem) for problem in problems] == [
        unfilled("r.yaml:2: product", "product"),
        unfilled("r.yaml:3: version", "version"),
        unfilled("r.yaml:4: zone", "zone"),
        unfilled("r.yaml:5: description", "team"),
        unfilled("r.yaml:6: configuration.A", "a"),
        unfilled(f"r.yaml:9: {service}.resource", "resource"),
        unfilled(f"r.yaml:10: {service}.configuration.B", "b"),
        unfilled(f"r.yaml:12: {service}.endpoints[0].url", "host"),
        unfilled(f"r.yaml:12: {service}.endpoints[0].url", "port"),
        unfilled(f"r.yaml:13: {service}.endpoints[0].configuration.C", "c"),
        unfilled(f"r.yaml:17: {service}.credentials[0].users[1]", "user"),
        unfilled(f"r.yaml:18: {service}.credentials[0].projects[0]", "project"),
        unfilled(f"r.yaml:19: {service}.credentials[0].configuration.D", "d"),
    ]


def test_placeholder_of_an_object_is_found():
    text = "apiVersion: fuseml.org/v1alpha1\nkind: Extension\nmetadata: {name: x}\nspec: {product: <your-product>}\n"

    _, problems = decode_text(text)

    assert [str(problem) for problem in problems] == [unfilled("spec.product", "product")]


def test_template_may_hold_placeholders():
    (document,) = reader.read(UNFILLED)

    assert codec.decode(document.content, is_template=True).product == "<your-product>"


@pytest.mark.parametrize(
    "value", ["<hidden>", "<>", "<your>", "<your->", "<YOUR-HOST>", "< your-host >", "your-host", "<your host>"]
)
def test_other_values_are_kept(value):
    record = {"id": "x", "configuration": {"A": value}}

    assert codec.decode(record).configuration == {"A": value}


@given(st.text(), st.from_regex(r"[a-z0-9-]{1,100}", fullmatch=True), st.text())
def test_placeholder_is_found_in_any_text(before, name, after):
    assert f"<your-{name}>" in placeholders_in(f"{before}<your-{name}>{after}")
