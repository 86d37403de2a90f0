"""Which service a selector means: each rule in a table, and the reasons that are given."""

import pytest

from registry.records.model import Endpoint, Extension, Service
from registry.resolving.index import Index
from registry.resolving.resolve import MAX_LISTED, Binding, Resolution, Verdict, resolve
from registry.resolving.selectors import Consumer, Selector
from tests.resolving.extensions import INSIDE, ME, MINIO, MLFLOW, OUTSIDE, USERS, ask, chosen, extension, login

# 1. Match.


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        pytest.param({"extension_id": "minio-1"}, "minio-1/s3", id="extension-id"),
        pytest.param({"extension_id": "minio"}, None, id="part-of-an-extension-id"),
        pytest.param({"service_id": "store"}, "mlflow-0001/store", id="service-id"),
        pytest.param({"zone": "alpha", "service_id": "store"}, "mlflow-0001/store", id="zone"),
        pytest.param({"zone": "here"}, None, id="zone-of-the-consumer-only"),
        pytest.param({"product": "minio"}, "minio-1/s3", id="product"),
        pytest.param({"product": "Minio"}, None, id="product-in-another-case"),
        pytest.param({"service_resource": "s3"}, "mlflow-0001/store", id="resource"),
        pytest.param({"service_resource": "S3"}, "minio-1/s3", id="resource-in-another-case"),
        pytest.param({"service_category": "model-store"}, "mlflow-0001/store", id="category"),
        pytest.param({"product": "mlflow", "service_resource": "s3"}, "mlflow-0001/store", id="two-that-agree"),
        pytest.param({"product": "minio", "service_resource": "s3"}, None, id="two-that-disagree"),
        pytest.param({"extension_id": "mlflow-0001", "service_id": "s3"}, None, id="service-of-another-extension"),
        pytest.param({"version": "1.19.0", "service_id": "store"}, "mlflow-0001/store", id="version-as-text"),
        pytest.param({"version": "1.19", "service_id": "store"}, "mlflow-0001/store", id="partial-version"),
        pytest.param({"version": "v1.19.0", "service_id": "store"}, "mlflow-0001/store", id="version-with-a-v"),
        pytest.param({"version": "~1.19.0", "service_id": "store"}, "mlflow-0001/store", id="constraint"),
        pytest.param({"version": ">=2 || 1.x", "service_id": "store"}, "mlflow-0001/store", id="constraint-with-or"),
        pytest.param({"version": "~1.18.0"}, None, id="constraint-that-nothing-satisfies"),
        pytest.param({"version": "RELEASE.2021"}, "minio-1/s3", id="version-that-is-no-semver"),
        pytest.param({"version": "RELEASE.2022"}, None, id="another-version-that-is-no-semver"),
        pytest.param({"version": "*", "service_id": "s3"}, None, id="no-semver-satisfies-no-constraint"),
        pytest.param({"version": "not a constraint"}, None, id="constraint-that-is-none"),
    ],
)
def test_every_criterion_must_fit(criteria, expected):
    assert chosen(ask([MLFLOW, MINIO], **criteria)) == expected


# 2 is in test_access.py. 3. Can reach.


@pytest.mark.parametrize(
    ("endpoints", "zone", "expected"),
    [
        pytest.param((OUTSIDE, INSIDE), "here", INSIDE, id="internal-first-in-the-same-zone"),
        pytest.param((OUTSIDE, INSIDE), "there", OUTSIDE, id="external-only-from-another-zone"),
        pytest.param((OUTSIDE, INSIDE), "", OUTSIDE, id="external-only-where-the-extension-has-no-zone"),
        pytest.param((INSIDE,), "here", INSIDE, id="internal-in-the-same-zone"),
        pytest.param((INSIDE,), "there", "out", id="internal-from-another-zone"),
        pytest.param((INSIDE,), "Here", "out", id="internal-from-a-zone-in-another-case"),
        pytest.param((INSIDE,), "", "out", id="internal-where-the-extension-has-no-zone"),
        pytest.param((OUTSIDE,), "there", OUTSIDE, id="external-from-another-zone"),
        pytest.param((), "there", None, id="no-endpoints-at-all"),
        pytest.param((OUTSIDE, Endpoint(url="http://a")), "here", OUTSIDE, id="first-of-the-record"),
        pytest.param(
            (Endpoint(url="http://b", type="internal"), INSIDE),
            "here",
            Endpoint(url="http://b", type="internal"),
            id="first-internal-of-the-record",
        ),
    ],
)
def test_endpoint_must_be_in_reach(endpoints, zone, expected):
    resolution = ask([extension("a", zone=zone, endpoints=endpoints)])

    assert (resolution.binding.endpoint if resolution.binding else "out") == expected


@pytest.mark.parametrize("zone", ["", "here"])
def test_consumer_whose_zone_is_not_configured_reaches_everything(zone):
    resolution = ask([extension("a", zone=zone, endpoints=(OUTSIDE, INSIDE))], Consumer(project="mine"))

    assert resolution.binding is not None
    assert resolution.binding.endpoint == INSIDE


# 4. Choose. The second of each pair is first in the order of ids.

ONLY_ID = "its id comes first"


@pytest.mark.parametrize(
    ("best", "other", "consumer", "why"),
    [
        pytest.param(
            {"zone": "here"},
            {"zone": "there", "default": True, "endpoints": (OUTSIDE,), "version": "9"},
            ME,
            "it is in the same zone",
            id="same-zone-before-default",
        ),
        pytest.param({"zone": "here"}, {"version": "9"}, ME, "it is in the same zone", id="same-zone-before-none"),
        pytest.param(
            {"default": True, "endpoints": (OUTSIDE,)},
            {"endpoints": (INSIDE,), "version": "9"},
            Consumer(),
            "it is the default",
            id="default-before-internal",
        ),
        pytest.param(
            {"endpoints": (OUTSIDE, INSIDE)},
            {"endpoints": (OUTSIDE,), "version": "9"},
            Consumer(),
            "it has an internal endpoint",
            id="internal-before-version",
        ),
        pytest.param(
            {"zone": "here", "endpoints": (INSIDE,)},
            {"zone": "here", "version": "9"},
            ME,
            "it has an internal endpoint",
            id="internal-before-no-endpoint",
        ),
        pytest.param(
            {"version": "1.10"}, {"version": "1.9"}, ME, "its version '1.10' is higher than '1.9'", id="version"
        ),
        pytest.param(
            {"version": "2"}, {"version": "2-rc.1"}, ME, "its version '2' is higher than '2-rc.1'", id="release"
        ),
        pytest.param(
            {"version": "0.1"}, {"version": "z"}, ME, "its version '0.1' is higher than 'z'", id="semver-before-text"
        ),
        pytest.param({"version": "0.1"}, {}, ME, "its version '0.1' is higher than none", id="version-before-none"),
    ],
)
def test_earlier_rule_decides(best, other, consumer, why):
    pair = [extension("b", **best), extension("a", **other)]

    resolution = ask(pair, consumer)

    assert (chosen(resolution), resolution.why) == ("b/s", why)
    assert resolution.verdicts == (Verdict("b/s", "", why), Verdict("a/s", "choose", f"b/s is preferred: {why}"))
    assert resolution.rivals == (("a/s",) if "version" in why else ())


@pytest.mark.parametrize(
    ("first", "second", "consumer"),
    [
        pytest.param({}, {}, ME, id="all-equal"),
        pytest.param({"version": "1.0"}, {"version": "1.0.0"}, ME, id="one-version-in-two-spellings"),
        pytest.param({"version": "v1.0.0"}, {"version": "1.0.0"}, ME, id="one-version-with-and-without-v"),
        pytest.param({"version": "latest"}, {"version": "main"}, ME, id="versions-that-are-no-semver"),
        pytest.param({"zone": "there"}, {"zone": "elsewhere"}, ME, id="two-other-zones"),
        pytest.param({"zone": "there"}, {"zone": "here"}, Consumer(), id="zones-if-the-consumers-is-not-configured"),
        pytest.param(
            {"zone": "there", "endpoints": (OUTSIDE,)},
            {"zone": "there", "endpoints": (OUTSIDE, INSIDE)},
            ME,
            id="internal-endpoint-out-of-reach",
        ),
        pytest.param({}, {"credentials": (login(),)}, ME, id="credentials-that-are-not-required"),
    ],
)
def test_id_decides_what_nothing_else_does(first, second, consumer):
    for a, b in ((first, second), (second, first)):
        resolution = ask([extension("b", **b), extension("a", **a)], consumer)

        assert (chosen(resolution), resolution.why, resolution.rivals) == ("a/s", ONLY_ID, ("b/s",))


def test_services_of_one_extension_are_rivals_too():
    both = Extension(id="a", services=(Service(id="y", resource="s3"), Service(id="x", resource="s3")))

    resolution = ask([both], service_resource="s3")

    assert (chosen(resolution), resolution.rivals) == ("a/x", ("a/y",))


def test_rivals_are_only_those_that_version_or_id_put_last():
    resolution = ask(
        [
            extension("a", zone="here", version="1"),
            extension("b", zone="here", version="2"),
            extension("c", zone="here"),
            extension("d", zone="there", version="3"),
            extension("e", zone="here", auth_required=True),
        ]
    )

    assert (chosen(resolution), resolution.rivals) == ("b/s", ("a/s", "c/s"))


def test_rivals_are_listed_up_to_a_limit():
    resolution = ask([extension(f"e{i:03}") for i in range(500)])

    assert resolution.rivals == tuple(f"e{i:03}/s" for i in range(1, MAX_LISTED + 1))
    assert len(resolution.verdicts) == MAX_LISTED
    assert resolution.considered == 500


# The reasons that are given.


def test_resolution_says_what_became_of_each_offer():
    store = extension(
        "store", product="minio", zone="here", endpoints=(OUTSIDE, INSIDE), credentials=(login("b"), login("a"))
    )
    locked = extension(
        "locked", product="minio", auth_required=True, credentials=(login("x", **USERS, projects=("y",)),)
    )
    far = extension("far", product="minio", zone="there", endpoints=(INSIDE,))
    second = extension("second", product="minio", zone="there")
    selector = Selector(name="a", product="minio")

    resolution = resolve(selector, Index([store, locked, far, second, MLFLOW]), ME)

    assert resolution == Resolution(
        selector=selector,
        binding=Binding(store, store.services[0], INSIDE, login("a")),
        why="it is in the same zone",
        rivals=(),
        verdicts=(
            Verdict("store/s", "", "it is in the same zone"),
            Verdict("second/s", "choose", "store/s is preferred: it is in the same zone"),
            Verdict(
                "far/s",
                "can reach",
                "has only internal endpoints, in zone 'there'; you are in zone 'here': "
                "what would help is an endpoint of type external, or --zone of the webhook, if yours is another",
            ),
            Verdict("locked/s", "may use", "requires credentials and has none for project 'mine', user 'me'"),
            Verdict("mlflow-0001/store", "match", "product is 'mlflow', not 'minio'"),
            Verdict("mlflow-0001/tracking", "match", "product is 'mlflow', not 'minio'"),
        ),
        considered=6,
    )


def test_only_one_that_fits_says_so():
    assert ask([MLFLOW, MINIO], product="minio").why == "the only one that fits"


def test_size_of_the_registry_does_not_matter():
    resolution = ask([extension(f"e{i}", product=f"p{i % 500}") for i in range(2000)], extension_id="e7", product="p7")

    assert (chosen(resolution), resolution.considered) == ("e7/s", 1)


def test_selectors_that_differ_in_what_they_do_with_it_share_the_answer():
    index = Index([MLFLOW])
    plain = Selector(name="a", product="mlflow")
    other = Selector(name="b", product="mlflow", env_prefix="B_", inject=False, optional=True)

    answers = [resolve(plain, index, ME), resolve(other, index, ME), resolve(plain, index, ME)]

    assert answers[0] is answers[2]
    assert answers[1] == Resolution(
        selector=other, **{f: getattr(answers[0], f) for f in ("binding", "why", "rivals", "verdicts", "considered")}
    )


def test_consumers_do_not_share_the_answer():
    index = Index([extension("a", credentials=(login("mine", **USERS), login("all")))])
    selector = Selector(name="a", service_id="s")

    bindings = [resolve(selector, index, Consumer(user=user)).binding for user in ("me", "them", "me")]

    assert [binding.credentials.id for binding in bindings] == ["mine", "all", "mine"]
