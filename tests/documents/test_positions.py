"""Line and column of each value, in texts that can be read and in texts that cannot."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.documents.events import MAX_DEPTH
from registry.documents.positions import Outline, Position, locate
from registry.documents.reader import read

texts = st.text() | st.text("\t\n -:?[]{}#&*!|>'\"%@,<a1~")

RECORD = """\
# a comment
id: mlflow
services:
- id: tracking
  endpoints:
  - url: http://a
    configuration: {A: "1",
      B: "2"}
  -
    url: http://b
- &store
  id: store

- <<: *store
  id: copy
---
[{"id": "x",
  "services": [
    {"id": "y"}]}]
"""


@pytest.mark.parametrize(
    ("number", "path", "line"),
    [
        pytest.param(0, (), 2, id="document"),
        pytest.param(0, ("id",), 2, id="first-key"),
        pytest.param(0, ("services",), 3, id="list"),
        pytest.param(0, ("services", 0), 4, id="item"),
        pytest.param(0, ("services", 0, "endpoints", 0, "url"), 6, id="nested"),
        pytest.param(0, ("services", 0, "endpoints", 0, "configuration", "A"), 7, id="flow-style"),
        pytest.param(0, ("services", 0, "endpoints", 0, "configuration", "B"), 8, id="flow-style-on-its-second-line"),
        pytest.param(0, ("services", 0, "endpoints", 1), 10, id="item-below-its-dash"),
        pytest.param(0, ("services", 1, "id"), 12, id="anchored"),
        pytest.param(0, ("services", 2, "id"), 15, id="beside-a-merge"),
        pytest.param(0, ("services", 0, "zone"), 4, id="missing-key"),
        pytest.param(0, ("services", 0, "zone", "x", 7), 4, id="missing-path"),
        pytest.param(0, ("services", 9), 3, id="missing-item"),
        pytest.param(0, ("services", "id"), 3, id="key-of-a-list"),
        pytest.param(0, ("id", "x"), 2, id="key-of-text"),
        pytest.param(0, (0,), 2, id="item-of-a-map"),
        pytest.param(1, (), 17, id="second-document"),
        pytest.param(1, (0, "services", 0, "id"), 19, id="json"),
        pytest.param(2, ("id",), 0, id="missing-document"),
    ],
)
def test_locate_gives_the_line_of_the_closest_value(number, path, line):
    assert locate(RECORD, [(number, path)]) == [line]


def test_locate_skips_keys_that_are_not_text():
    assert locate("? [a, {b: c}]\n: [d]\ne: f", [(0, ("e",))]) == [3]


def test_locate_gives_0_in_a_document_that_cannot_be_read():
    assert locate("a: 1\n---\nb: [", [(1, ("b",))]) == [0]


def test_locate_finds_the_last_of_two_equal_keys():
    assert locate("a: 1\nb: 2\na: 3", [(0, ("a",))]) == [3]


paths = st.lists(st.sampled_from(["id", "services", "endpoints", "configuration", 0, 1, 2]), max_size=6)


@given(st.lists(st.tuples(st.integers(0, 3), paths)))
def test_locating_many_is_locating_each(places):
    assert locate(RECORD, places) == [line for place in places for line in locate(RECORD, [place])]


@given(texts)
def test_locate_gives_a_line_of_the_text(text):
    for document in read(text):
        assert locate(text, [(document.number, ("a", 0))])[0] <= len(text.splitlines()) + 1


# Outlines


@pytest.mark.parametrize(
    ("path", "position"),
    [
        pytest.param((), (2, 1), id="document"),
        pytest.param(("id",), (2, 1), id="key"),
        pytest.param(("services", 0), (4, 3), id="item"),
        pytest.param(("services", 0, "endpoints", 0, "configuration", "B"), (8, 7), id="flow-style"),
        pytest.param(("services", 0, "zone"), (4, 3), id="missing-key"),
    ],
)
def test_an_outline_knows_line_and_column_in_the_first_document(path, position):
    assert Outline(RECORD).of(path) == position


@pytest.mark.parametrize(
    ("text", "trouble", "below"),
    [
        pytest.param("a:\n  b: 1\n  c: [", Position(3, 7), Position(2, 3), id="syntax"),
        pytest.param("a:\n  b: 1\nc: '\n\n", Position(3, 5), Position(2, 3), id="end-of-the-text"),
        pytest.param("a: {b: \ud800}", None, Position(1, 1), id="half-a-character"),
        pytest.param(f"a:\n  b: 1\nc: {'[' * MAX_DEPTH}", Position(3, 3 + MAX_DEPTH), Position(2, 3), id="too-deep"),
        pytest.param("", None, Position(1, 1), id="empty"),
    ],
)
def test_an_outline_keeps_what_comes_before_the_trouble(text, trouble, below):
    outline = Outline(text)

    assert (outline.trouble, outline.of(("a", "b"))) == (trouble, below)


def test_an_outline_lists_repeated_keys_but_not_repeated_merges():
    text = "a: 1\nb: {c: 1, c: 2}\n<<: {}\n<<: {}\n'<<': 1\na: 3"

    assert Outline(text).repeated == [(2, 11), (5, 1), (6, 1)]


def test_an_outline_has_the_first_anchor():
    assert Outline("a: 1\nb: [&x 1, &y 2]").anchor == (2, 5)
    assert Outline("a: 1").anchor is None


@given(texts)
def test_an_outline_can_be_made_of_any_text(text):
    assert Outline(text).of(("a", 0)) >= Position(1, 1)
