"""What a selector may say, and the messages for what it may not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import InvalidSelectorError, Problem, RegistryError
from registry.resolving.selectors import CRITERIA, Selector, parse

ALL_FIELDS = (
    "name, extension_id, service_id, zone, product, version, service_category, service_resource, env_prefix, "
    "inject, optional"
)
NO_MAP = "expected a map such as {name: store, product: mlflow}"
NO_NAME = "name: is required: expressions use it, as in << extension.NAME.url >>"
NO_CRITERION = (
    "has no criteria; give at least one of extension_id, service_id, zone, product, version, "
    "service_category, service_resource"
)
EMPTY = "is empty; a criterion that is there must say something: give its value, or leave it out"
NOT_A_NAME = "cannot be a name: use 1 to 100 letters, digits, '-' or '_'"
NO_PREFIX = "cannot begin a variable's name: use letters, digits and '_'"
UNPRINTABLE = "holds a character that cannot be printed, such as a line break"
CONSTRAINTS = "write for example '~1.19', '>=1.0, <2.0' or '1.2 - 1.4.5'"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(
            {
                "name": "experiment-tracking",
                "extension_id": "mlflow-0001",
                "service_id": "mlflow-tracking",
                "zone": "cluster-alpha",
                "product": "mlflow",
                "version": "~1.10.0",
                "service_category": "experiment-tracking",
                "service_resource": "git+https",
                "env_prefix": "MY_",
                "inject": False,
                "optional": True,
            },
            Selector(
                name="experiment-tracking",
                extension_id="mlflow-0001",
                service_id="mlflow-tracking",
                zone="cluster-alpha",
                product="mlflow",
                version="~1.10.0",
                service_category="experiment-tracking",
                service_resource="git+https",
                env_prefix="MY_",
                inject=False,
                optional=True,
            ),
            id="every-field",
        ),
        *(
            pytest.param({"name": "a", field: "b"}, Selector(name="a", **{field: "b"}), id=f"{field}-alone")
            for field in CRITERIA
        ),
        pytest.param(
            {"name": "a", "product": "b", "inject": "false", "optional": "true"},
            Selector(name="a", product="b", inject=False, optional=True),
            id="booleans-as-text",
        ),
        pytest.param(
            {"name": "a", "product": "b", "env_prefix": "", "inject": None, "optional": None},
            Selector(name="a", product="b"),
            id="an-empty-setting-is-not-given",
        ),
        pytest.param(
            {"name": "my store", "product": "b"}, Selector(name="my store", product="b"), id="space-in-a-name"
        ),
        pytest.param(
            {"name": "küche", "product": "b"}, Selector(name="küche", product="b"), id="any-letters-in-a-name"
        ),
        pytest.param({"name": "n" * 100, "product": "b"}, Selector(name="n" * 100, product="b"), id="long-name"),
        pytest.param({"name": "a", "version": "latest"}, Selector(name="a", version="latest"), id="version-as-text"),
        pytest.param({"name": "a", "version": "2021-11"}, Selector(name="a", version="2021-11"), id="date-as-version"),
    ],
)
def test_selector_is_read(content, expected):
    assert parse(content) == expected


@pytest.mark.parametrize(
    "version",
    ["1.10", "v1.2", "1.2.x", "*", "~1.10.0", "^1.2", ">=1.0, <2.0 || >3", ">=1.0 <2.0", "1.2 - 1.4.5", "!=1.2", " 1 "],
)
def test_version_may_be_any_constraint_of_masterminds(version):
    assert parse({"name": "a", "version": version}) == Selector(name="a", version=version)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        # What is no selector at all.
        pytest.param(None, [NO_MAP], id="nothing"),
        pytest.param("mlflow", [NO_MAP], id="text"),
        pytest.param(7, [NO_MAP], id="number"),
        pytest.param([{"name": "a"}], [NO_MAP], id="list"),
        pytest.param({}, [NO_NAME, NO_CRITERION], id="empty-map"),
        # Names.
        pytest.param({"product": "mlflow"}, [NO_NAME], id="no-name"),
        pytest.param({"name": "", "product": "mlflow"}, [NO_NAME], id="empty-name"),
        pytest.param({"name": None, "product": "mlflow"}, [NO_NAME], id="null-name"),
        pytest.param(
            {"name": 5, "product": "b"},
            ['name: expected text, got 5; write it in quotes, as name: "..."'],
            id="number-name",
        ),
        pytest.param({"name": ["a"], "product": "b"}, ["name: expected text, got a list"], id="list-of-names"),
        pytest.param({"name": "a" * 101, "product": "b"}, [f"name: '{'a' * 100}' {NOT_A_NAME}"], id="long-name"),
        pytest.param(
            {"name": "<< a >>", "product": "b"}, [f"name: '<< a >>' {NOT_A_NAME}"], id="expression-for-a-name"
        ),
        pytest.param({"name": "a\n", "product": "b"}, [f"name: 'a\\n' {NOT_A_NAME}"], id="line-break-in-a-name"),
        pytest.param({"name": "a\u2028", "product": "b"}, [f"name: 'a\\u2028' {NOT_A_NAME}"], id="line-end-in-a-name"),
        # Criteria.
        pytest.param({"name": "a"}, [NO_CRITERION], id="no-criterion"),
        pytest.param({"name": "a", "env_prefix": "B_", "inject": True}, [NO_CRITERION], id="no-criterion-but-settings"),
        pytest.param(
            {"name": "a", "product": "", "zone": None}, [f"zone: {EMPTY}", f"product: {EMPTY}"], id="empty-criteria"
        ),
        *(
            pytest.param({"name": "a", "product": "b", field: value}, [f"{field}: {EMPTY}"], id=f"{field}-{value!r}")
            for field in CRITERIA
            for value in ("", None, " ", "\n")
        ),
        pytest.param(
            {"name": "a", "version": 1.1},
            ['version: expected text, got 1.1; write it in quotes, as version: "..."'],
            id="version-that-became-a-number",
        ),
        pytest.param(
            {"name": "a", "version": 0},
            ['version: expected text, got 0; write it in quotes, as version: "..."'],
            id="zero-for-a-version",
        ),
        pytest.param(
            {"name": "a", "product": True},
            ['product: expected text, got true; write it in quotes, as product: "..."'],
            id="word-that-became-a-boolean",
        ),
        pytest.param(
            {"name": "a", "product": ["x", "y"]}, ["product: expected text, got a list"], id="several-products"
        ),
        pytest.param(
            {"name": "a", "version": {">=": 1}}, ["version: expected text, got a map"], id="map-for-a-version"
        ),
        pytest.param(
            {"name": "a", "zone": "z" * 101},
            ["zone: is longer than 100 characters, and so is no value in a record"],
            id="long-zone",
        ),
        pytest.param({"name": "a", "product": "b\nc"}, [f"product: {UNPRINTABLE}"], id="line-break-in-a-product"),
        pytest.param({"name": "a", "version": "1\t"}, [f"version: {UNPRINTABLE}"], id="tab-in-a-version"),
        # Unknown fields.
        pytest.param(
            {"name": "a", "prodct": "b", "zone": "z"},
            ["prodct: unknown field 'prodct'; did you mean 'product'?"],
            id="typo",
        ),
        pytest.param(
            {"name": "a", "resource": "s3"},
            ["resource: unknown field 'resource'; did you mean 'service_resource'?", NO_CRITERION],
            id="field-of-a-record",
        ),
        pytest.param(
            {"name": "a", "extensionId": "x", "zone": "z"},
            ["extensionId: unknown field 'extensionId'; did you mean 'extension_id'?"],
            id="camel-case",
        ),
        pytest.param(
            {"name": "a", "prefix": "X_", "zone": "z"},
            ["prefix: unknown field 'prefix'; did you mean 'env_prefix'?"],
            id="half-a-field",
        ),
        pytest.param(
            {"name": "a", "product": "b", "credentials": "c"},
            [f"credentials: unknown field 'credentials'; there are {ALL_FIELDS}"],
            id="asking-for-credentials",
        ),
        pytest.param(
            {"name": "a", "product": "b", 1: 2},
            [f"1: unknown field '1'; there are {ALL_FIELDS}"],
            id="number-for-a-field",
        ),
        pytest.param(
            {"name": "a", "product": "b", "x y" * 99: 2},
            [f"['{('x y' * 34)[:100]}']: unknown field '{('x y' * 34)[:100]}'; there are {ALL_FIELDS}"],
            id="long-unknown-field",
        ),
        # Booleans and the prefix.
        pytest.param(
            {"name": "a", "product": "b", "inject": "no"},
            ["inject: expected true or false, got 'no'"],
            id="word-for-false",
        ),
        pytest.param(
            {"name": "a", "product": "b", "inject": ""}, ["inject: expected true or false, got ''"], id="empty"
        ),
        pytest.param(
            {"name": "a", "product": "b", "optional": 1}, ["optional: expected true or false, got '1'"], id="one"
        ),
        pytest.param(
            {"name": "a", "product": "b", "optional": ["x" * 99]},
            ["optional: expected true or false, got a list"],
            id="list-for-a-boolean",
        ),
        pytest.param(
            {"name": "a", "product": "b", "env_prefix": "MY-"},
            [f"env_prefix: 'MY-' {NO_PREFIX}"],
            id="dash-in-the-prefix",
        ),
        pytest.param(
            {"name": "a", "product": "b", "env_prefix": "9"},
            [f"env_prefix: '9' {NO_PREFIX}"],
            id="digit-before-the-prefix",
        ),
        pytest.param(
            {"name": "a", "product": "b", "env_prefix": 9},
            ['env_prefix: expected text, got 9; write it in quotes, as env_prefix: "..."'],
            id="number-for-the-prefix",
        ),
        # Constraints.
        pytest.param(
            {"name": "a", "version": ">=1.0 and <2.0"},
            [f"version: version constraint '>=1.0 and <2.0': cannot read 'and <2.0'; {CONSTRAINTS}"],
            id="and-in-words",
        ),
        pytest.param(
            {"name": "a", "version": "==1.2"},
            [f"version: version constraint '==1.2': there is no operator '=='; {CONSTRAINTS}"],
            id="two-equal-signs",
        ),
        pytest.param(
            {"name": "a", "version": "~>"},
            [f"version: version constraint '~>': cannot read '~>'; {CONSTRAINTS}"],
            id="operator-alone",
        ),
        pytest.param(
            {"name": "a", "version": "~latest"},
            [f"version: version constraint '~latest': cannot read '~latest'; {CONSTRAINTS}"],
            id="word-with-an-operator",
        ),
        pytest.param(
            {"name": "a", "version": "[1.0,2.0)"},
            [f"version: version constraint '[1.0,2.0)': cannot read '[1.0,2.0)'; {CONSTRAINTS}"],
            id="range-of-another-language",
        ),
        pytest.param(
            {"name": "a", "version": "x" * 257},
            [f"version: version constraint '{'x' * 32}…': longer than 256 characters; {CONSTRAINTS}"],
            id="long-version",
        ),
        # Several at once.
        pytest.param(
            {"version": 1.1, "prodct": "b", "inject": "no"},
            [
                "prodct: unknown field 'prodct'; did you mean 'product'?",
                'version: expected text, got 1.1; write it in quotes, as version: "..."',
                "inject: expected true or false, got 'no'",
                NO_NAME,
            ],
            id="wrong-in-four-ways",
        ),
    ],
)
def test_all_problems_are_reported_at_once_with_what_would_help(content, expected):
    with pytest.raises(InvalidSelectorError) as refusal:
        parse(content)

    assert [str(problem) for problem in refusal.value.problems] == expected
    assert str(refusal.value) == "; ".join(expected)


def test_problem_says_which_field_it_is_about():
    with pytest.raises(InvalidSelectorError) as refusal:
        parse({"name": "a", "prodct": "b", "version": 1.1, 7: "x"})

    assert [problem.path for problem in refusal.value.problems] == [("prodct",), ("7",), ("version",)]


def test_refusal_can_be_made_and_shown_like_any_other():
    refusal = InvalidSelectorError([Problem("wrong", ("name",)), Problem("empty")])

    assert isinstance(refusal, RegistryError)
    assert (str(refusal), len(refusal.problems)) == ("name: wrong; empty", 2)


def test_criteria_are_those_that_were_given():
    selector = Selector(name="a", product="mlflow", version="~1", env_prefix="X_", optional=True)

    assert selector.criteria == {"product": "mlflow", "version": "~1"}


def test_selector_is_shown_with_its_criteria():
    assert str(Selector(name="store", product="mlflow", service_resource="s3", inject=False)) == (
        "'store' (product=mlflow, service_resource=s3)"
    )


FIELDS = ("name", *CRITERIA, "env_prefix", "inject", "optional")
anything = st.recursive(
    st.text(max_size=5) | st.integers() | st.floats() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3),
)


@given(anything | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), anything))
def test_any_content_is_read_or_refused_in_one_printable_line(content):
    try:
        selector = parse(content)
    except InvalidSelectorError as e:
        assert e.problems
        assert str(e).isprintable()
    else:
        assert str(selector).isprintable()


@given(
    st.fixed_dictionaries(
        {"name": st.just("a"), "product": st.text("ab", min_size=1)},
        optional={
            **dict.fromkeys(("zone", "service_id", "version"), st.text("ab", min_size=1)),
            "inject": st.booleans() | st.none(),
        },
    )
)
def test_order_of_fields_makes_no_difference(content):
    assert parse(dict(reversed(content.items()))) == parse(content)
