"""What the index finds, and what it remembers."""

import pytest

from registry.index import Index
from registry.records import Extension, Service


def extension(id_, *services, **fields):
    return Extension(id=id_, services=tuple(Service(id=s, resource=s.upper()) for s in services), **fields)


INDEX = Index(
    [
        extension("c", "api", "ui", product="p"),
        extension("a", "ui", product="p", zone="z"),
        extension("b", "s3", "api", product="q", zone="z"),
        extension("d"),
    ],
    "7",
)


def ids(offers):
    return [offer.id for offer in offers]


def test_extensions_and_offers_are_in_the_order_of_their_ids():
    assert [e.id for e in INDEX.extensions] == ["a", "b", "c", "d"]
    assert ids(INDEX.offers) == ["a/ui", "b/api", "b/s3", "c/api", "c/ui"]
    assert (len(INDEX), INDEX.revision) == (4, "7")


def test_empty_index_has_nothing():
    index = Index()

    assert (len(index), index.offers, index.revision) == (0, (), "")
    assert ids(index.narrowed({"product": "p"})) == ids(index.sharing({"product": "p"}, 9)) == []


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        pytest.param({"extension_id": "b"}, ["b/api", "b/s3"], id="extension"),
        pytest.param({"service_id": "ui"}, ["a/ui", "c/ui"], id="service"),
        pytest.param({"zone": "z"}, ["a/ui", "b/api", "b/s3"], id="zone"),
        pytest.param({"product": "q"}, ["b/api", "b/s3"], id="product"),
        pytest.param({"service_resource": "S3"}, ["b/s3"], id="resource"),
        pytest.param({"service_category": "none"}, [], id="unknown-value"),
        pytest.param({"zone": "z", "product": "q", "service_id": "s3"}, ["b/s3"], id="rarest-of-several"),
        pytest.param({"version": "~1"}, ["a/ui", "b/api", "b/s3", "c/api", "c/ui"], id="version-excludes-nothing"),
        pytest.param({}, ["a/ui", "b/api", "b/s3", "c/api", "c/ui"], id="no-criteria"),
    ],
)
def test_narrowed_holds_what_equals_in_the_rarest_criterion(criteria, expected):
    assert ids(INDEX.narrowed(criteria)) == expected


@pytest.mark.parametrize(
    ("criteria", "limit", "expected"),
    [
        pytest.param({"service_id": "s3", "product": "p"}, 9, ["a/ui", "b/s3", "c/api", "c/ui"], id="either"),
        pytest.param({"service_id": "s3", "product": "p"}, 2, ["a/ui", "b/s3"], id="rarest-first"),
        pytest.param({"service_id": "s3", "product": "p"}, 0, [], id="none-wanted"),
        pytest.param({"product": "q", "service_id": "api"}, 9, ["b/api", "b/s3", "c/api"], id="both-once"),
        pytest.param({"product": "q", "service_id": "api"}, 2, ["b/api", "b/s3"], id="limit-reached-by-the-first"),
        pytest.param({"version": "1"}, 9, [], id="version-alone"),
    ],
)
def test_sharing_holds_what_equals_in_any_criterion(criteria, limit, expected):
    assert ids(INDEX.sharing(criteria, limit)) == expected


def test_values_are_all_that_services_have():
    assert list(INDEX.values("zone")) == ["z", ""]
    assert list(INDEX.values("extension_id")) == ["a", "b", "c"]


def test_answer_is_worked_out_once():
    index = Index()
    asked = []

    answers = [index.remember("question", lambda: asked.append(1) or "answer") for _ in range(3)]

    assert (answers, asked) == (["answer"] * 3, [1])


def test_answers_do_not_fill_the_memory():
    index = Index()
    asked = []

    for question in ["first", *range(5000), "first"]:
        index.remember(question, lambda question=question: asked.append(question))

    assert asked.count("first") == 2
