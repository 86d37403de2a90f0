"""Which service a selector means: each rule in a table, then the laws that hold for any registry."""

import functools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.records.model import Credentials, Endpoint, Extension, Service
from registry.resolving import resolve as resolving
from registry.resolving import versions
from registry.resolving.index import Index
from registry.resolving.resolve import MAX_LISTED, Binding, Resolution, Verdict, resolve
from registry.resolving.selectors import CRITERIA, Consumer, Selector

INSIDE = Endpoint(url="http://inside", type="internal")
OUTSIDE = Endpoint(url="http://outside")
ME = Consumer(zone="here", project="mine", user="me")


def extension(id_, *, product="", version="", zone="", **service):
    """An extension with one service."""
    return Extension(id=id_, product=product, version=version, zone=zone, services=(Service(id="s", **service),))


def login(id_="login", **fields):
    return Credentials(id=id_, configuration={"PASSWORD": "hunter2"}, **fields)


def ask(extensions, consumer=ME, **criteria):
    return resolve(Selector(name="a", **(criteria or {"service_id": "s"})), Index(extensions), consumer)


def chosen(resolution):
    return resolution.binding and f"{resolution.binding.extension.id}/{resolution.binding.service.id}"


# 1. Match.

MLFLOW = Extension(
    id="mlflow-0001",
    product="mlflow",
    version="1.19.0",
    zone="alpha",
    services=(
        Service(id="tracking", resource="mlflow-tracking", category="experiment-tracking"),
        Service(id="store", resource="s3", category="model-store"),
    ),
)
MINIO = Extension(
    id="minio-1",
    product="minio",
    version="RELEASE.2021",
    services=(Service(id="s3", resource="S3", category="storage"),),
)


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


# 2. May use.

USERS = {"scope": "user", "users": ("me", "you")}


@pytest.mark.parametrize(
    ("fields", "consumer", "expected"),
    [
        pytest.param({"scope": "global"}, Consumer(), True, id="global-anyone"),
        pytest.param({"scope": "project", "projects": ("mine",)}, ME, True, id="project-listed"),
        pytest.param({"scope": "project", "projects": ("theirs",)}, ME, False, id="project-not-listed"),
        pytest.param({"scope": "project", "projects": ("mine-too", "min")}, ME, False, id="project-with-a-like-name"),
        pytest.param({"scope": "project", "projects": ("me",)}, ME, False, id="project-called-like-the-user"),
        pytest.param(USERS, ME, True, id="user-listed"),
        pytest.param(USERS, Consumer(project="any", user="you"), True, id="user-listed-in-any-project"),
        pytest.param(USERS, Consumer(project="mine", user="them"), False, id="user-not-listed"),
        pytest.param(USERS, Consumer(project="me"), False, id="project-called-like-a-user"),
        pytest.param(USERS, Consumer(user="ME"), False, id="user-in-another-case"),
        pytest.param({**USERS, "projects": ("mine",)}, ME, True, id="user-and-project-listed"),
        pytest.param({**USERS, "projects": ("theirs",)}, ME, False, id="user-listed-project-not"),
        pytest.param(
            {**USERS, "projects": ("mine",)}, Consumer(project="mine", user="x"), False, id="project-listed-user-not"
        ),
        pytest.param({"scope": "user", "users": ("m.*",)}, ME, False, id="no-patterns"),
    ],
)
def test_credentials_are_used_in_their_scope_only(fields, consumer, expected):
    required = ask([extension("a", auth_required=True, credentials=(login(**fields),))], consumer)
    voluntary = ask([extension("a", credentials=(login(**fields),))], consumer)

    assert (required.binding is not None) == expected
    assert voluntary.binding is not None
    assert (voluntary.binding.credentials is not None) == expected


def test_service_that_requires_credentials_and_has_none_is_out():
    assert chosen(ask([extension("a", auth_required=True)])) is None


@pytest.mark.parametrize(
    ("logins", "expected"),
    [
        pytest.param([], None, id="none"),
        pytest.param([login("a"), login("b", scope="project", projects=("mine",))], "b", id="project-before-global"),
        pytest.param(
            [login("a", scope="project", projects=("mine",)), login("b", **USERS)], "b", id="user-before-project"
        ),
        pytest.param([login("a", default=True), login("b", **USERS)], "b", id="scope-before-default"),
        pytest.param([login("a"), login("b", default=True)], "b", id="default-before-id"),
        pytest.param([login("b"), login("a"), login("C")], "C", id="id-in-the-order-of-characters"),
        pytest.param([login("a", scope="project", projects=("theirs",)), login("b")], "b", id="only-those-in-scope"),
    ],
)
def test_best_credentials_are_chosen(logins, expected):
    resolution = ask([extension("a", credentials=tuple(logins))])

    assert resolution.binding is not None
    credentials = resolution.binding.credentials
    assert (credentials and credentials.id) == expected


# 3. Can reach.


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


# What is told.


def test_resolution_tells_the_whole_story():
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
            Verdict("far/s", "can reach", "has only internal endpoints, in zone 'there'; you are in zone 'here'"),
            Verdict("locked/s", "may use", "requires credentials and has none for project 'mine', user 'me'"),
            Verdict("mlflow-0001/store", "match", "product is 'mlflow', not 'minio'"),
            Verdict("mlflow-0001/tracking", "match", "product is 'mlflow', not 'minio'"),
        ),
        considered=6,
    )


def test_only_one_that_fits_says_so():
    assert ask([MLFLOW, MINIO], product="minio").why == "the only one that fits"


REGISTRY = [
    MLFLOW,
    MINIO,
    Extension(id="gitea", product="gitea"),
    extension("far", product="kserve", version="0.7.0", zone="there", endpoints=(INSIDE,), resource="kserve-api"),
    extension("nowhere", product="seldon", endpoints=(INSIDE,)),
    extension("locked", product="vault", auth_required=True, resource="secrets"),
    extension(
        "locked-far", product="vault", auth_required=True, zone="there", endpoints=(INSIDE,), credentials=(login(),)
    ),
]


@pytest.mark.parametrize(
    ("criteria", "why"),
    [
        pytest.param(
            {"product": "mlflow", "version": "~1.20"},
            "closest: mlflow-0001/store: version is '1.19.0', not '~1.20'; mlflow-0001/tracking: version is '1.19.0', "
            "not '~1.20'",
            id="other-version",
        ),
        pytest.param({"product": "seldon", "version": "1"}, "closest: nowhere/s: has no version", id="no-version"),
        pytest.param(
            {"product": "mlflow", "service_resource": "s3", "zone": "beta"},
            "closest: mlflow-0001/store: zone is 'alpha', not 'beta'",
            id="fewest-that-do-not-fit",
        ),
        pytest.param(
            {"product": "mlfow", "service_resource": "s3"},
            "closest: mlflow-0001/store: product is 'mlflow', not 'mlfow'; did you mean product 'mlflow'?",
            id="typo-beside-what-fits",
        ),
        pytest.param(
            {"service_id": "s", "service_resource": "none"},
            "closest: far/s: service_resource is 'kserve-api', not 'none'; locked/s: service_resource is 'secrets', "
            "not 'none'; locked-far/s: has no service_resource; and 1 more",
            id="more-than-can-be-listed",
        ),
        pytest.param(
            {"service_id": "store", "service_resource": "mlflow-tracking"},
            "closest: mlflow-0001/store: service_resource is 's3', not 'mlflow-tracking'; mlflow-0001/tracking: "
            "service_id is 'tracking', not 'store'",
            id="known-values-that-do-not-go-together",
        ),
        pytest.param(
            {"product": "kserve"},
            "closest: far/s: has only internal endpoints, in zone 'there'; you are in zone 'here'",
            id="out-of-reach",
        ),
        pytest.param(
            {"product": "seldon"},
            "closest: nowhere/s: has only internal endpoints, and its record names no zone; you are in zone 'here'",
            id="out-of-reach-without-a-zone",
        ),
        pytest.param(
            {"service_resource": "secrets"},
            "closest: locked/s: requires credentials and has none for project 'mine', user 'me'",
            id="not-to-be-used",
        ),
        pytest.param(
            {"product": "vault"},
            "closest: locked-far/s: has only internal endpoints, in zone 'there'; you are in zone 'here'; "
            "locked/s: requires credentials and has none for project 'mine', user 'me'",
            id="what-failed-the-last-rule-first",
        ),
        pytest.param({"product": "mlfow"}, "nothing registered has product 'mlfow'; did you mean 'mlflow'?", id="typo"),
        pytest.param(
            {"product": "nope"},
            "nothing registered has product 'nope'; there are kserve, minio, mlflow, seldon, vault",
            id="unknown-product",
        ),
        pytest.param(
            {"product": "gitea"},
            "nothing registered has product 'gitea'; there are kserve, minio, mlflow, seldon, vault",
            id="product-without-services",
        ),
        pytest.param({"extension_id": "gitea"}, "extension 'gitea' has no services", id="extension-without-services"),
        pytest.param(
            {"version": "~2"},
            "no registered version fits '~2'; there are 1.19.0, 0.7.0, RELEASE.2021",
            id="version-alone",
        ),
    ],
)
def test_nothing_fits_and_says_what_came_closest(criteria, why):
    resolution = ask(REGISTRY, **criteria)

    assert (resolution.binding, resolution.why) == (None, f"nothing fits; {why}")


@pytest.mark.parametrize(
    ("extensions", "criteria", "why"),
    [
        pytest.param([], {"product": "mlflow"}, "the registry is empty", id="empty-registry"),
        pytest.param([], {"version": "1"}, "the registry is empty", id="empty-registry-version-alone"),
        pytest.param([Extension(id="a")], {"zone": "z"}, "nothing registered has zone 'z'", id="no-services"),
        pytest.param(
            [extension("a")], {"version": "1"}, "no registered version fits '1'; there are none", id="no-versions"
        ),
        pytest.param(
            [extension(f"e{i}", product=f"p-{i}") for i in range(9)],
            {"product": "nope"},
            "nothing registered has product 'nope'",
            id="too-many-products-to-list",
        ),
        pytest.param(
            [extension(f"e{i}", product=f"p-{i}") for i in range(1001)],
            {"product": "p-1x"},
            "nothing registered has product 'p-1x'",
            id="too-many-products-to-compare",
        ),
        pytest.param(
            [extension(f"e{i}", version=f"1.{i}") for i in range(12)],
            {"version": "2"},
            "no registered version fits '2'; there are 1.11, 1.10, 1.9, 1.8, 1.7",
            id="highest-versions",
        ),
        pytest.param(
            [extension(f"e{i:03}", product="p") for i in range(500)],
            {"product": "p", "zone": "z"},
            "closest: e000/s: has no zone; e001/s: has no zone; e002/s: has no zone; and many more",
            id="hundreds-came-close",
        ),
    ],
)
def test_nothing_fits_in_registries_of_any_size(extensions, criteria, why):
    resolution = ask(extensions, **criteria)

    assert (resolution.binding, resolution.why) == (None, f"nothing fits; {why}")


def test_one_that_came_close_is_found_behind_many_that_did_not():
    others = [extension(f"a{i:03}", product="p", version="1") for i in range(100)]
    close = extension("b", product="p", version="2", auth_required=True)

    resolution = ask([*others, close], product="p", version="2")

    assert (
        resolution.why == "nothing fits; closest: b/s: requires credentials and has none for project 'mine', user 'me'"
    )
    assert resolution.verdicts == (
        Verdict("b/s", "may use", "requires credentials and has none for project 'mine', user 'me'"),
    )


def test_removed_ones_are_explained_even_if_nothing_came_close():
    assert ask([MINIO], product="nope").verdicts == (Verdict("minio-1/s3", "match", "product is 'minio', not 'nope'"),)


def test_verdicts_name_what_came_closest_first():
    resolution = ask(REGISTRY, product="mlflow", version="~1.20")

    assert [verdict.offer for verdict in resolution.verdicts] == ["mlflow-0001/store", "mlflow-0001/tracking"]


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


# Laws, on random registries small enough to be full of ties.


def random_credentials(random, number):
    scope = random.choice(["global", "project", "user"])
    return Credentials(
        id=f"CANARY-{number}",
        scope=scope,
        default=random.random() < 0.3,
        projects=tuple(random.sample(["mine", "CANARY-project"], random.randint(0, 2))) if scope != "global" else (),
        users=tuple(random.sample(["me", "CANARY-user"], random.randint(0, 2))) if scope == "user" else (),
        configuration={"PASSWORD": "CANARY"},
    )


def random_service(random, number):
    endpoints = [Endpoint(url=f"http://{i}", type=random.choice(["internal", "external"])) for i in range(3)]
    return Service(
        id=f"s{number}",
        resource=random.choice(["s3", "git", ""]),
        category=random.choice(["x", "y"]),
        auth_required=random.random() < 0.3,
        default=random.random() < 0.2,
        endpoints=tuple(endpoints[: random.randint(0, 3)]),
        credentials=tuple(random_credentials(random, i) for i in range(random.randint(0, 3))),
    )


def random_registry(random, size):
    return [
        Extension(
            id=f"e{i}",
            product=random.choice(["mlflow", "minio", ""]),
            version=random.choice(["", "1.0", "1.0.0", "v1.1", "1.10", "2.0.0-rc.1", "main"]),
            zone=random.choice(["", "here", "there"]),
            services=tuple(random_service(random, n) for n in random.sample(range(3), random.randint(0, 3))),
        )
        for i in random.sample(range(100), size)
    ]


VALUES = {
    "extension_id": ["e1", "e2", "e50"],
    "service_id": ["s0", "s1", "s9"],
    "zone": ["here", "there"],
    "product": ["mlflow", "minio", "mlfow"],
    "version": ["1.0", "~1.0", ">=1", "main", "*", ">=1-0", "nope!"],
    "service_category": ["x", "y"],
    "service_resource": ["s3", "git"],
}
randoms = st.integers(0, 2**64).map(random.Random)
sizes = st.sampled_from([0, 2, 6, 40])
criteria = st.dictionaries(st.sampled_from(CRITERIA), st.none(), min_size=1, max_size=3).flatmap(
    lambda fields: st.fixed_dictionaries({field: st.sampled_from(VALUES[field]) for field in fields})
)
selectors = criteria.map(lambda given: Selector(name="a", **given))
consumers = st.builds(
    Consumer,
    zone=st.sampled_from(["", "here", "there"]),
    project=st.sampled_from(["mine", "theirs"]),
    user=st.sampled_from(["me", "them"]),
)


def expected_binding(extensions, selector, consumer):
    """Design 5 once more, word by word and without any index: every offer is looked at."""
    fits = [
        (extension, service)
        for extension in extensions
        for service in extension.services
        if fits_selector(extension, service, selector)
        and (usable(service, consumer) or not service.auth_required)
        and (reachable(extension, service, consumer) or not service.endpoints)
    ]
    ranked = sorted(fits, key=functools.cmp_to_key(functools.partial(compare, consumer)))
    if not ranked:
        return None, ()
    extension, service = ranked[0]
    endpoints, credentials = reachable(extension, service, consumer), usable(service, consumer)
    binding = Binding(extension, service, endpoints[0] if endpoints else None, credentials[0] if credentials else None)
    rivals = [o for o in ranked[1:] if advantages(*o, consumer) == advantages(extension, service, consumer)]
    return binding, tuple(f"{extension.id}/{service.id}" for extension, service in rivals)[:MAX_LISTED]


def fits_selector(extension, service, selector):
    return (
        selector.extension_id in ("", extension.id)
        and selector.service_id in ("", service.id)
        and selector.zone in ("", extension.zone)
        and selector.product in ("", extension.product)
        and selector.service_category in ("", service.category)
        and selector.service_resource in ("", service.resource)
        and (selector.version in ("", extension.version) or satisfies(extension.version, selector.version))
    )


def satisfies(version, constraint):
    try:
        return versions.satisfies(version, constraint)
    except versions.ConstraintError:
        return False


def usable(service, consumer):
    users = [c for c in service.credentials if c.scope == "user" and consumer.user in c.users]
    users = [c for c in users if not c.projects or consumer.project in c.projects]
    projects = [c for c in service.credentials if c.scope == "project" and consumer.project in c.projects]
    everyone = [c for c in service.credentials if c.scope == "global"]
    return [c for scope in (users, projects, everyone) for c in sorted(scope, key=lambda c: (not c.default, c.id))]


def reachable(extension, service, consumer):
    internal = [e for e in service.endpoints if e.type == "internal"]
    external = [e for e in service.endpoints if e.type == "external"]
    return internal + external if not consumer.zone or consumer.zone == extension.zone else external


def advantages(extension, service, consumer):
    return (
        not consumer.zone or extension.zone == consumer.zone,
        service.default,
        any(endpoint.type == "internal" for endpoint in reachable(extension, service, consumer)),
    )


def compare(consumer, a, b):
    """Below 0 if *a* is better."""
    for better, other in zip(advantages(*a, consumer), advantages(*b, consumer), strict=True):
        if better != other:
            return -1 if better else 1
    (version, _), (other, _) = (versions.sort_key(extension.version) for extension, _ in (a, b))
    if version != other:
        return -1 if version > other else 1
    return -1 if [part.id for part in a] < [part.id for part in b] else 1


@given(randoms, sizes, selectors, consumers)
def test_index_and_memory_give_what_looking_at_everything_gives(source, size, selector, consumer):
    extensions = random_registry(source, size)
    index = Index(extensions)

    first, again = resolve(selector, index, consumer), resolve(selector, index, consumer)

    assert (first.binding, first.rivals) == expected_binding(extensions, selector, consumer)
    assert again == first


@given(randoms, selectors, consumers)
def test_large_registry_gives_the_same_reasons_as_a_small_one(source, selector, consumer):
    index = random_registry(source, 40)
    narrowed = resolve(selector, Index(index), consumer)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resolving, "MAX_LISTED", 1000)
        linear = resolve(selector, Index(index), consumer)

    assert (narrowed.binding, narrowed.why) == (linear.binding, linear.why)
    assert set(narrowed.rivals) <= set(linear.rivals)


@given(randoms, sizes, selectors, consumers)
def test_order_never_matters(source, size, selector, consumer):
    extensions = random_registry(source, size)
    shuffled = [
        Extension(
            **{f: getattr(e, f) for f in ("id", "product", "version", "zone")},
            services=tuple(
                Service(
                    **{
                        f: getattr(s, f)
                        for f in ("id", "resource", "category", "auth_required", "default", "endpoints")
                    },
                    credentials=tuple(source.sample(s.credentials, len(s.credentials))),
                )
                for s in source.sample(e.services, len(e.services))
            ),
        )
        for e in source.sample(extensions, size)
    ]

    one, other = (resolve(selector, Index(registry), consumer) for registry in (extensions, shuffled))

    assert (one.why, one.rivals, one.verdicts, one.considered) == (
        other.why,
        other.rivals,
        other.verdicts,
        other.considered,
    )
    assert chosen(one) == chosen(other)
    if one.binding and other.binding:
        assert (one.binding.endpoint, one.binding.credentials) == (other.binding.endpoint, other.binding.credentials)


@given(randoms, sizes, criteria, criteria, consumers)
def test_adding_a_criterion_never_adds_a_match(source, size, given_, added, consumer):
    index = Index(random_registry(source, size))
    wide = resolve(Selector(name="a", **given_), index, consumer)
    narrow = resolve(Selector(name="a", **{**added, **given_}), index, consumer)

    assert wide.binding or not narrow.binding
    assert wide.considered >= narrow.considered
    if len(index.offers) <= MAX_LISTED:
        fitting = [{v.offer for v in r.verdicts if v.rule != "match"} for r in (narrow, wide)]
        assert fitting[0] <= fitting[1]


@given(randoms, sizes, selectors, consumers)
def test_explanation_names_the_binding_first_and_only_once(source, size, selector, consumer):
    resolution = resolve(selector, Index(random_registry(source, size)), consumer)

    winners = [verdict for verdict in resolution.verdicts if not verdict.rule]
    assert winners == ([Verdict(chosen(resolution), "", resolution.why)] if resolution.binding else [])
    assert resolution.verdicts[: len(winners)] == tuple(winners)
    assert len(resolution.verdicts) <= MAX_LISTED


@given(randoms, sizes, selectors, consumers)
def test_nothing_told_names_credentials_or_who_else_may_use_them(source, size, selector, consumer):
    resolution = resolve(selector, Index(random_registry(source, size)), consumer)

    assert "CANARY" not in f"{resolution.why} {resolution.verdicts} {resolution.rivals}"
    assert "PASSWORD" not in f"{resolution.why} {resolution.verdicts}"
