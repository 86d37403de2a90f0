"""Pauses double with each failure in a row, up to the longest."""

import pytest

from registry.kube.backoff import pause


@pytest.mark.parametrize(
    ("failures", "expected"), [(0, 0.5), (1, 1.0), (2, 2.0), (3, 4.0), (4, 5.0), (5, 5.0), (100_000, 5.0)]
)
def test_each_failure_doubles_the_pause_up_to_the_longest(failures, expected):
    assert pause(failures, first=0.5, longest=5.0) == expected


def test_the_longest_may_be_shorter_than_the_first():
    assert pause(0, first=7, longest=5) == 5.0
