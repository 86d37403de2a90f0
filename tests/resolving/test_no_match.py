"""Why nothing fits, and what came closest."""

import pytest

from registry.records.model import Extension
from registry.resolving.resolve import Verdict
from tests.resolving.extensions import INSIDE, MINIO, MLFLOW, ask, extension, login

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
            "closest: far/s: has only internal endpoints, in zone 'there'; you are in zone 'here': "
            "what would help is an endpoint of type external, or --zone of the webhook, if yours is another",
            id="out-of-reach",
        ),
        pytest.param(
            {"product": "seldon"},
            "closest: nowhere/s: has only internal endpoints, and its record names no zone; you are in zone 'here': "
            "what would help is an endpoint of type external, or the zone in its record",
            id="out-of-reach-without-a-zone",
        ),
        pytest.param(
            {"service_resource": "secrets"},
            "closest: locked/s: requires credentials and has none for project 'mine', user 'me'",
            id="not-to-be-used",
        ),
        pytest.param(
            {"product": "vault"},
            "closest: locked-far/s: has only internal endpoints, in zone 'there'; you are in zone 'here': "
            "what would help is an endpoint of type external, or --zone of the webhook, if yours is another; "
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


def test_a_near_miss_is_found_after_many_that_are_not_near():
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
