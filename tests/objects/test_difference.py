"""The difference of two objects turns one into the other, and names only what differs."""

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook.objects.difference import difference

objects = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.floats(0, 2) | st.text("a/~", max_size=2),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("a/~", max_size=2), inner, max_size=4),
    max_leaves=20,
)
maps = st.dictionaries(st.text("a/~", max_size=2), objects, max_size=4)


@given(maps, maps)
def test_it_turns_one_into_the_other(before, after):
    result = jsonpatch.apply_patch(before, [dict(op) for op in difference(before, after)])

    # As text, because 1 == True == 1.0.
    assert repr(sorted_keys(result)) == repr(sorted_keys(after))


def sorted_keys(node):
    if isinstance(node, dict):
        return {key: sorted_keys(node[key]) for key in sorted(node)}
    return [sorted_keys(item) for item in node] if isinstance(node, list) else node


@given(maps)
def test_what_is_the_same_needs_nothing(obj):
    assert list(difference(obj, obj)) == []


@pytest.mark.parametrize(
    ("before", "after", "ops"),
    [
        pytest.param({"a": 1, "b": 2}, {"b": 2}, [("remove", "/a")], id="removed"),
        pytest.param({}, {"a": None}, [("add", "/a")], id="null-is-there"),
        pytest.param({"a": 1}, {"a": True}, [("replace", "/a")], id="another-type"),
        pytest.param({"a/b": {"~": 1}}, {"a/b": {"~": 2}}, [("replace", "/a~1b/~0")], id="escaped"),
        pytest.param([{"n": 1}, {"n": 2}], [{"n": 0}, {"n": 1}, {"n": 2}], [("add", "/0")], id="put-before-others"),
        pytest.param([0, 1, 2, 3], [0, 3], [("remove", "/2"), ("remove", "/1")], id="taken-out-of-the-middle"),
        pytest.param([{"a": 1, "b": 1}, 5], [{"a": 2, "b": 1}, 5], [("replace", "/0/a")], id="within-an-item"),
        pytest.param({"a": [1]}, {"a": {"0": 1}}, [("replace", "/a")], id="a-list-is-no-map"),
    ],
)
def test_only_what_differs_is_named(before, after, ops):
    assert [(op["op"], op["path"]) for op in difference(before, after)] == ops
