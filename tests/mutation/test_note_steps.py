"""Lists of steps in a note are short, and read back the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook.mutation.note import steps

names = st.text("ab/-0\n", max_size=6)
MANY = [f"task-{i}/step-{j}" for i in range(80) for j in range(10)]


@given(st.lists(names, unique=True, max_size=40), st.data())
def test_a_list_means_the_steps_that_were_written(asking, data):
    members = [name for name in asking if data.draw(st.booleans())]

    to, but = steps.written(members, asking)

    assert sorted(steps.read(to, but, asking)) == sorted(members)


@given(st.lists(names, unique=True, max_size=40))
def test_a_list_of_steps_that_do_not_ask_is_read_back(members):
    assert sorted(steps.read(steps.listed(members), (), ())) == sorted(members)


def test_all_that_ask_are_a_star_and_a_few_that_are_not_meant():
    assert steps.written(MANY, MANY) == ("*", [])
    assert steps.written(MANY[1:], MANY) == ("*", MANY[:1])


def test_a_long_list_of_others_is_packed():
    listed = steps.listed(MANY)

    assert isinstance(listed, str)
    assert len(listed) < len("\n".join(MANY)) / 2
    assert steps.read(listed, (), ()) == sorted(MANY)


def test_a_short_list_stays_readable():
    assert steps.listed(["b", "a"]) == ["b", "a"]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("", []),
        ("0 a\n1 b\nx", ["a", "ab"]),
        ("9999 a", ["a"]),
        ("99999 a", []),
        ("-1 a", []),
        ("² a", []),
        ("0 a\n9999 \n0 b", ["a", "a", "b"]),
    ],
)
def test_what_nobody_wrote_is_read_as_far_as_it_goes(text, read):
    assert steps.read(text, (), ()) == read


def test_names_that_grow_and_grow_are_cut():
    found = steps.read("\n".join(["0 " + "x" * 9_000, *["9999 y"] * 100_000]), (), ())

    assert sum(map(len, found)) < 2 * 1024 * 1024
