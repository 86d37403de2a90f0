"""Ids of what has none: like FuseML's, and always the same."""

import json

import pytest

from registry.documents import reader
from registry.records.codec import decode
from tests.records.texts import extension_of

NAMELESS = """\
product: ML flow/2
services:
- resource: s3
  credentials:
  - scope: project
    projects: [a]
    configuration: {PASSWORD: one}
- {}
"""


def ids_of(extension):
    return [
        extension.id,
        *(s.id for s in extension.services),
        *(c.id for s in extension.services for c in s.credentials),
    ]


def test_missing_ids_are_given_as_fuseml_does_but_always_the_same():
    assert ids_of(extension_of(NAMELESS)) == [
        "ML-flow-2-fh3an6r0",
        "s3-zmoy6oye",
        "service-0613nksw",
        "project-0mr0nra1",
    ]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(NAMELESS.replace("one", "another password"), id="value-of-a-credential"),
        pytest.param("# comment\n\n" + NAMELESS, id="comment"),
        pytest.param(NAMELESS + "product: ''\n".replace("product", "zone"), id="empty-field"),
        pytest.param(json.dumps(next(iter(reader.read(NAMELESS))).content), id="json"),
        pytest.param(NAMELESS.removeprefix("product: ML flow/2\n") + "product: ML flow/2\n", id="order-of-the-fields"),
    ],
)
def test_generated_ids_do_not_depend_on(text):
    assert ids_of(extension_of(text)) == ids_of(extension_of(NAMELESS))


def test_generated_ids_differ_for_what_differs():
    other = extension_of(NAMELESS.replace("PASSWORD", "TOKEN"))

    assert not set(ids_of(extension_of(NAMELESS))[1::2]) & set(ids_of(other)[1::2])


def test_both_spellings_of_auth_required_give_the_same_id():
    spelled = [
        extension_of(f"services: [{{resource: s3, {name}: true}}]") for name in ("auth_required", "authrequired")
    ]

    assert spelled[0] == spelled[1]


def test_equal_parts_without_ids_get_different_ids():
    extension = extension_of("services: [{resource: a}, {resource: a}, {credentials: [{}, {}, {}]}]")

    assert len(set(ids_of(extension))) == len(ids_of(extension)) == 7


def test_generated_id_differs_from_given_ones():
    (given_id,) = ids_of(extension_of("services: [{}]"))[1:]

    extension = extension_of(f"services: [{{}}, {{id: {given_id}}}]")

    assert extension.services[1].id == given_id
    assert extension.services[0].id != given_id


@pytest.mark.parametrize(
    ("product", "prefix"),
    [
        pytest.param("mlflow", "mlflow", id="as-it-is"),
        pytest.param("--ml..flow!", "ml-flow", id="what-ids-cannot-hold"),
        pytest.param("é", "extension", id="nothing-left"),
        pytest.param("a" * 100, "a" * 91, id="long"),
    ],
)
def test_generated_id_begins_with_the_product(product, prefix):
    generated = decode({"product": product}).id

    assert (generated[:-9], generated[-9], len(generated[-8:])) == (prefix, "-", 8)
