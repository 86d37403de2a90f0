"""What is suggested in the place of a misspelt word."""

import pytest

from registry.suggestions import closest, did_you_mean, there_are

NAMES = ("product", "zone", "version")


@pytest.mark.parametrize(
    ("word", "names", "expected"),
    [
        pytest.param("prodcut", NAMES, "product", id="similar"),
        pytest.param("product", NAMES, "product", id="equal"),
        pytest.param("xyz", NAMES, "", id="similar-to-none"),
        pytest.param("zone", (), "", id="no-names"),
        pytest.param("a" * 100 + "b" * 1000, ["a" * 100], "a" * 100, id="only-the-first-100-characters-count"),
        pytest.param("name-1x", [f"name-{i}" for i in range(1000)], "name-1", id="a-thousand-names"),
        pytest.param("name-1x", [f"name-{i}" for i in range(1001)], "", id="too-many-names"),
    ],
)
def test_closest_is_the_most_similar_name(word, names, expected):
    assert closest(word, names) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({}, "there are product, zone, version", id="all"),
        pytest.param({"most": 3}, "there are product, zone, version", id="as-many-as-allowed"),
        pytest.param({"most": 2}, "there are product, zone, …", id="more-than-allowed"),
        pytest.param({"show": repr}, "there are 'product', 'zone', 'version'", id="quoted"),
    ],
)
def test_there_are_lists_the_names(options, expected):
    assert there_are(NAMES, **options) == expected


def test_there_are_none():
    assert there_are(()) == "there are none"


def test_did_you_mean_suggests_one_or_lists_all():
    assert did_you_mean("zne", NAMES) == "did you mean 'zone'?"
    assert did_you_mean("xyz", NAMES, show=repr, most=1) == "there are 'product', …"
