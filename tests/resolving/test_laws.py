"""Laws of resolving, on random registries that are small enough to be full of ties."""

import functools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.records.model import Credentials, Endpoint, Extension, Service
from registry.resolving import resolve as resolving
from registry.resolving import versions
from registry.resolving.index import Index
from registry.resolving.resolve import MAX_LISTED, Binding, Verdict, resolve
from registry.resolving.selectors import CRITERIA, Consumer, Selector
from tests.resolving.extensions import chosen


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
def test_index_and_cached_answers_agree_with_a_search_of_everything(source, size, selector, consumer):
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
def test_no_message_names_credentials_or_who_else_may_use_them(source, size, selector, consumer):
    resolution = resolve(selector, Index(random_registry(source, size)), consumer)

    assert "CANARY" not in f"{resolution.why} {resolution.verdicts} {resolution.rivals}"
    assert "PASSWORD" not in f"{resolution.why} {resolution.verdicts}"
