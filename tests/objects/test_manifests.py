"""Objects are read as kubectl reads them, and what is written is read back the same."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from webhook.objects import manifests

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=20)
tricky = st.sampled_from(
    ["y", "No", "1.10", "0o17", "1e3", "~", "", "<<", "=", "2020-01-01", "1:30", " x ", "a: b", "- x"]
)
objects = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
    | tricky,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts | tricky, inner, max_size=4),
    max_leaves=15,
)


@given(st.dictionaries(texts, objects, max_size=4))
def test_what_is_written_is_read_back_the_same(obj):
    (document,) = manifests.load(manifests.dump(obj)) if obj else [None]

    if document is not None:
        assert document.problems == ()
        assert document.content == obj


@given(st.dictionaries(texts, texts | tricky, min_size=1, max_size=4))
def test_other_readers_of_yaml_find_the_same_text(obj):
    assert yaml.safe_load(manifests.dump(obj)) == obj


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("y", True), ("Off", False), ("~", None), ("", None), ("null", None),
        ("0644", 420), ("0o17", 15), ("0x1F", 31), ("0b101", 5), ("1_000", 1000), ("-012", -10), ("+3", 3),
        ("1.10", 1.1), (".5", 0.5), ("1e3", 1000.0), ("08", 8.0),
        ("18446744073709551615", 2**64 - 1), ("18446744073709551616", 2.0**64),
        ("0x10000000000000000", "0x10000000000000000"),
        ("1e999", "1e999"), pytest.param("9" * 5000, "9" * 5000, id="5000-digits"),
        ("1.2.3", "1.2.3"), ("2020-01-01", "2020-01-01"), ("1:30", "1:30"), ("yes ", True), ("yEs", "yEs"),
        ("0xZ", "0xZ"),
        ("'y'", "y"), ('"1.10"', "1.10"), ("!!str 7", "7"), ('!!int "7"', 7), ("!custom 7", "7"),
    ],
)  # fmt: skip
def test_scalars_have_the_types_that_kubectl_gives_them(text, value):
    (document,) = manifests.load(f"key: {text}\n")

    assert document.content == {"key": value}
    assert type(document.content["key"]) is type(value)


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("y", "true"), ("on", "true"), ("Off", "false"), ("no", "false"), ("true", "true"), ("yEs", "yEs"),
        ("1", "1"), ("0x10", "16"), ("0644", "420"), ("1_000", "1000"), ("-0", "0"),
        ("1.10", "1.1"), ("1e3", "1000"), ("1e6", "1e+06"), ("1234567.5", "1.2345675e+06"), ("0.00001", "1e-05"),
        (".5", "0.5"), ("-2.50", "-2.5"), ("0.0", "0"),
        ("'y'", "y"), ('"1.10"', "1.10"), ("a", "a"), ("2020-01-01", "2020-01-01"),
    ],
)  # fmt: skip
def test_keys_are_those_that_kubectl_sends(typed, key):
    (document,) = manifests.load(f"{typed}: x\n")

    assert document.content == {key: "x"}


def test_keys_that_kubectl_makes_equal_occur_twice():
    (document,) = manifests.load("y: 1\non: 2\n")

    assert (document.content, [str(p) for p in document.repeated]) == ({"true": 2}, ["'true' occurs twice in this map"])


@pytest.mark.parametrize("key", ["~", "null", "NULL", "? "])
def test_key_that_is_null_is_a_problem(key):
    (document,) = manifests.load(f"{{{key}: 1}}\n")

    assert [p.message for p in document.problems] == ["a key must be text, not null; put it in quotes"]


def test_keys_of_text_that_is_ours_stay_as_typed():
    (document,) = manifests.load_values("on: {y: yes}\n")

    assert document.content == {"on": {"y": True}}
