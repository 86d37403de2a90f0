"""Moments, as records and answers write them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.records import times

_OFFSETS = st.timedeltas(timedelta(hours=-12), timedelta(hours=14)).map(
    lambda d: timezone(timedelta(minutes=d // timedelta(minutes=1)))
)
_MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(2999, 1, 1), timezones=_OFFSETS)


@given(_MOMENTS)
def test_what_is_written_is_read(moment):
    assert times.read(times.written(moment)) == moment.replace(microsecond=0)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("2021-11-24T10:00:00Z", id="utc"),
        pytest.param("2021-11-24T11:00:00+01:00", id="offset"),
        pytest.param("2021-11-24T10:00:00.000000Z", id="fraction"),
    ],
)
def test_every_way_to_say_a_moment_is_read(text):
    assert times.read(text) == datetime(2021, 11, 24, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", [None, "", "soon", 5, "2021-11-24", "2021-11-24T10:00:00", ["x"], "0000-00-00T00:00:00Z"]
)
def test_what_says_no_moment_is_none(text):
    assert times.read(text) is None
