"""What version constraints mean, held against a table of Masterminds/semver's own answers."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import RegistryError
from registry.resolving import versions
from registry.resolving.versions import ConstraintError, satisfies, sort_key

TABLE = json.loads((Path(__file__).parent / "masterminds" / "table.json").read_text())
# The only answer of the table that is not ours, for the reason in registry/versions.py: by constraint, the version.
BEYOND_64_BITS = {">1.2.3-99999999999999999998": "1.2.3--1"}

ADVICE = "; write for example '~1.19', '>=1.0, <2.0' or '1.2 - 1.4.5'"

numbers = st.integers(0, 3).map(str)
cores = st.lists(numbers, min_size=3, max_size=3).map(".".join)
identifiers = st.sampled_from(["0", "1", "10", "alpha", "beta", "1a", "-"])
prereleases = st.lists(identifiers, min_size=1, max_size=3).map(lambda found: "-" + ".".join(found))
builds = st.sampled_from(["", "+1", "+build.01"])
full_versions = st.builds("{}{}{}".format, cores, st.just("") | prereleases, builds)
partials = st.lists(numbers, min_size=1, max_size=3).map(".".join)
operators = st.sampled_from(["", "=", "!=", ">", "<", ">=", "=>", "<=", "=<", "~", "~>", "^"])
comparisons = st.builds("{}{}".format, operators, partials | full_versions | st.sampled_from(["*", "1.x", "0.2.X"]))
ranges = st.builds("{} - {}".format, partials, partials)
constraints = comparisons | ranges


def answer(constraint: str, candidates: list[str]) -> str:
    try:
        return "".join("01"[satisfies(version, constraint)] for version in candidates)
    except ConstraintError:
        return "refused"


def ours(constraint: str, theirs: str) -> str:
    """Masterminds' answer, but for one."""
    if constraint not in BEYOND_64_BITS:
        return theirs
    at = TABLE["versions"].index(BEYOND_64_BITS[constraint])
    return f"{theirs[:at]}{'10'[int(theirs[at])]}{theirs[at + 1 :]}"


@pytest.mark.parametrize(
    ("constraint", "expected"),
    [
        pytest.param(constraint, ours(constraint, expected), id=f"{section}:{constraint}")
        for section, rows in TABLE["constraints"].items()
        for constraint, expected in rows.items()
    ],
)
def test_constraint_means_what_masterminds_says(constraint, expected):
    assert answer(constraint, TABLE["versions"]) == expected


@pytest.mark.parametrize(
    ("number", "higher"),
    [
        pytest.param("18446744073709551616", "-", id="than-dash"),
        pytest.param("18446744073709551616", "1a", id="than-text-with-a-lower-digit"),
        pytest.param("99999999999999999999", "100000000000000000000", id="than-a-longer-number"),
    ],
)
def test_pre_release_number_beyond_64_bits_is_lower_and_not_higher_as_to_masterminds(number, higher):
    assert satisfies(f"1.0.0-{number}", f"<1.0.0-{higher}")
    assert sort_key(f"1.0.0-{number}") < sort_key(f"1.0.0-{higher}")


def test_less_than_two_keeps_out_what_fusemls_old_masterminds_let_in():
    assert not satisfies("2.5.0", "<2")


@pytest.mark.parametrize(
    ("constraint", "why"),
    [
        pytest.param("", "a version is missing", id="empty"),
        pytest.param("1.2 ||", "a version is missing", id="nothing-after-or"),
        pytest.param(">=1.0, ", "a version is missing", id="nothing-after-comma"),
        pytest.param(">=1.x.y", "cannot read '>=1.x.y'", id="letter-for-a-number"),
        pytest.param(">=1.0 and <2.0", "cannot read 'and <2.0'", id="and-as-a-word"),
        pytest.param("==1.2", "there is no operator '=='", id="unknown-operator"),
        pytest.param("1.2.xx", "'xx' is neither a number nor one of x, X, *", id="two-wildcards-in-one"),
        pytest.param("1 | 2", "'|' is neither a number nor one of x, X, *", id="single-bar"),
        pytest.param(f"<{2**64}", "the number 18446744073709551616 is too large", id="beyond-uint64"),
        pytest.param(
            "1.2.3-rc.01",
            "'1.2.3-rc.01' is no semantic version; no number in a pre-release may begin with 0",
            id="leading-zero",
        ),
        pytest.param(
            ">=1.2 - 2",
            "there is no operator '>=>=' (a range 'a - b' stands for '>= a, <= b'; "
            "put ', ' or ' || ' between it and the rest)",
            id="operator-before-range",
        ),
        pytest.param("!=1 " * 33, "more than 32 comparisons", id="too-many-joined-by-and"),
        pytest.param("1||" * 32 + "1", "more than 32 comparisons", id="too-many-joined-by-or"),
    ],
)
def test_refusal_says_what_is_wrong_and_what_would_help(constraint, why):
    with pytest.raises(ConstraintError) as refusal:
        satisfies("1.2.3", constraint)

    assert str(refusal.value) == f"version constraint {constraint!r}: {why}{ADVICE}"


def test_refusal_of_an_endless_constraint_does_not_repeat_all_of_it():
    with pytest.raises(ConstraintError) as refusal:
        satisfies("1.2.3", "1." + "0" * 255)

    shown = "'1." + "0" * 30 + "…'"
    assert str(refusal.value) == f"version constraint {shown}: longer than 256 characters{ADVICE}"


def test_refusal_is_a_registry_error_and_a_value_error():
    assert issubclass(ConstraintError, RegistryError)
    assert issubclass(ConstraintError, ValueError)


def test_constraint_is_read_even_if_the_version_is_no_semver():
    with pytest.raises(ConstraintError):
        satisfies("latest", "newest")


def test_limits_let_in_what_just_fits():
    assert satisfies("1." + "0" * 254, "1." + "0" * 254)
    assert satisfies("1.2.3", "1 " * 31 + "1")


def test_version_beyond_the_limit_is_no_semver():
    long = "1." + "0" * 255

    assert not satisfies(long, "*")
    assert sort_key(long) < sort_key("0.0.0-0")


@given(partials, constraints, constraints)
def test_adding_and_can_only_narrow_which_releases_fit(version, one, other):
    assert satisfies(version, f"{one}, {other}") == (satisfies(version, one) and satisfies(version, other))


@given(full_versions, comparisons, comparisons)
def test_space_comma_and_order_make_no_difference_to_and(version, one, other):
    expected = satisfies(version, f"{one}, {other}")

    assert satisfies(version, f" {one}   {other} ") == expected
    assert satisfies(version, f"{other},{one}") == expected


@given(full_versions, constraints, constraints)
def test_adding_or_can_only_widen(version, one, other):
    assert satisfies(version, f"{one} || {other}") == (satisfies(version, one) or satisfies(version, other))


@pytest.mark.parametrize(("operator", "opposite"), [("=", "!="), ("<", ">="), (">", "<=")])
@given(version=partials, wanted=partials)
def test_opposite_operators_divide_the_releases(operator, opposite, version, wanted):
    assert satisfies(version, operator + wanted) != satisfies(version, opposite + wanted)


@given(partials, partials, partials)
def test_range_is_at_least_and_at_most(version, low, high):
    assert satisfies(version, f"{low} - {high}") == satisfies(version, f">={low}, <={high}")


@given(full_versions, comparisons)
def test_v_and_build_metadata_make_no_difference(version, constraint):
    assert satisfies(f"v{version.partition('+')[0]}+other", constraint) == satisfies(version, constraint)


@given(full_versions, full_versions)
def test_sort_key_agrees_with_greater_than(version, other):
    if satisfies(version, f">{other}"):
        assert sort_key(version) > sort_key(other)
    if sort_key(version) < sort_key(other):
        assert not satisfies(version, f">{other}")


@given(st.permutations(TABLE["versions"]))
def test_sort_key_leaves_no_order_to_chance(found):
    assert sorted(found, key=sort_key) == sorted(TABLE["versions"], key=sort_key)


def test_sort_key_puts_what_is_no_semver_first_and_lets_text_decide_between_equals():
    found = [
        "1.10",
        "v1.0.0",
        "main",
        "1",
        "1.0.0-rc.10",
        "1.0.0+2",
        "latest",
        "1.0.0-rc.2",
        "0.0.0-0",
        "1.0.0",
    ]

    expected = [
        "latest",
        "main",
        "0.0.0-0",
        "1.0.0-rc.2",
        "1.0.0-rc.10",
        "1",
        "1.0.0",
        "1.0.0+2",
        "v1.0.0",
        "1.10",
    ]
    assert sorted(found, key=sort_key) == expected


@given(st.text(), st.text() | st.text("0129.-+|*xv=!<>~^, "))
def test_any_text_is_answered_or_refused(version, constraint):
    assert set(answer(constraint, [version])) <= set("01refused")
    assert sort_key(version) == sort_key(version)


HOSTILE = [
    pytest.param("1", id="digits"),
    pytest.param(" ", id="spaces"),
    pytest.param("v", id="prefixes"),
    pytest.param("1 ", id="and"),
    pytest.param("1||", id="or"),
    pytest.param("1 - ", id="dashes"),
    pytest.param("1 - 1 ", id="ranges"),
    pytest.param("1.1.1-a.", id="identifiers"),
    pytest.param("1 -" + " " * 50, id="half-ranges"),
]


@pytest.mark.parametrize("unit", HOSTILE)
def test_endless_input_is_refused_at_once(unit):
    text = unit * (10_000_000 // len(unit))
    start = time.process_time()

    assert answer(text, ["1.2.3"]) == "refused"
    assert not satisfies(text, "*")
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize("unit", HOSTILE)
def test_reading_takes_linear_time_even_without_the_limit(unit, monkeypatch):
    monkeypatch.setattr(versions, "_MAX_LENGTH", 10_000_000)
    text = unit * (100_000 // len(unit)) + "!"
    start = time.process_time()

    assert answer(text, ["1.2.3"]) == "refused"
    assert not satisfies(text, "*")
    assert time.process_time() - start < 5, "quadratic time would be minutes"
