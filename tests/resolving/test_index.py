"""What an index finds, and what is seen of it from a namespace."""

import gc
import weakref
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.records.model import Extension, Service
from registry.resolving.index import Index
from registry.resolving.resolve import resolve
from registry.resolving.selectors import Consumer, Selector


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
def test_narrowed_holds_what_fulfils_the_rarest_criterion(criteria, expected):
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
def test_sharing_holds_what_fulfils_any_criterion(criteria, limit, expected):
    assert ids(INDEX.sharing(criteria, limit)) == expected


def test_values_are_all_that_services_have():
    assert list(INDEX.values("zone")) == ["z", ""]
    assert list(INDEX.values("extension_id")) == ["a", "b", "c"]


names = st.sampled_from(["a", "b", "c", "d"])
kinds = st.sampled_from(["", "x", "y"])
extensions = st.lists(
    st.builds(
        Extension,
        id=names,
        product=kinds,
        zone=kinds,
        version=st.sampled_from(["", "1.0.0", "2.0.0"]),
        services=st.lists(
            st.builds(Service, id=names, resource=kinds, default=st.booleans()), max_size=2, unique_by=lambda s: s.id
        ).map(tuple),
    ),
    max_size=4,
    unique_by=lambda e: e.id,
)
fields = st.sampled_from(["product", "zone", "extension_id", "service_id"])
criteria = st.dictionaries(fields, st.sampled_from(["a", "b", "c", "d", "x", "y"]), min_size=1)


@given(common=extensions, own=extensions, wanted=criteria)
def test_the_view_of_a_namespace_equals_one_registry_that_holds_all_of_it(common, own, wanted):
    hidden = {e.id for e in own}
    layered = Index(common, namespace="n", private=[Index(own, namespace="n")]).seen_from("n")
    flat = Index([*(e for e in common if e.id not in hidden), *own], namespace="n")
    selector = Selector(name="s", **wanted)

    assert (layered.extensions, layered.offers) == (flat.extensions, flat.offers)
    assert list(layered.narrowed(wanted)) == [o for o in layered.offers if o in layered.narrowed(wanted)]
    got, expected = resolve(selector, layered, Consumer()), resolve(selector, flat, Consumer())
    assert (got.binding, got.why, got.verdicts, got.rivals) == (
        expected.binding, expected.why, expected.verdicts, expected.rivals,
    )  # fmt: skip


def test_a_view_does_not_outlive_its_snapshot():
    index = Index([extension("a")], private=[Index([extension("b")], namespace="n")])
    view = weakref.ref(index.seen_from("n"))
    assert index.seen_from("n") is view()

    gc.disable()
    try:
        del index
        assert view() is None, "no cycle keeps it"
    finally:
        gc.enable()


places = st.tuples(st.sampled_from(["", "n"]), names)


@given(
    start=st.dictionaries(places, extensions, max_size=6),
    changes=st.lists(st.dictionaries(places, st.none() | st.just("broken") | extensions, max_size=3), max_size=3),
    wanted=criteria,
)
def test_a_changed_index_equals_one_built_from_the_changed_records(start, changes, wanted):
    def named(place, found):
        # Of a list of extensions the first, under the name of the place.
        return replace(found[0], id=place[1]) if isinstance(found, list) and found else found or None

    state = {place: named(place, found) for place, found in start.items()}
    state = {place: change for place, change in state.items() if change is not None}
    index = index_of(state)
    for several in changes:
        step = {place: named(place, found) for place, found in several.items()}
        index = index.updated(step, "r")
        state = {place: change for place, change in {**state, **step}.items() if change is not None}
    fresh = index_of(state)

    for namespace in ("", "n"):
        got, expected = index.seen_from(namespace), fresh.seen_from(namespace)
        assert (got.extensions, got.offers, got.broken) == (expected.extensions, expected.offers, expected.broken)
        assert list(got.narrowed(wanted)) == list(expected.narrowed(wanted))
        assert got.sharing(wanted, 9) == expected.sharing(wanted, 9)
        assert all(sorted(got.values(field)) == sorted(expected.values(field)) for field in wanted)
        kept = {name: state.get((namespace, name)) for name in "abcd"}
        assert [index.registered(namespace, name) for name in kept] == [
            found if isinstance(found, Extension) else None for found in kept.values()
        ]
    assert len(index) == len(fresh)


def index_of(state):
    by_namespace = {"": ({}, {}), "n": ({}, {})}
    for (namespace, id_), change in state.items():
        by_namespace[namespace][isinstance(change, str)][id_] = change
    private = Index(by_namespace["n"][0].values(), namespace="n", broken=by_namespace["n"][1])
    common, broken = by_namespace[""]
    return Index(common.values(), broken=broken, private=[private])
