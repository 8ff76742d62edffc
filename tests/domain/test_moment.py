"""Times as they come in: ISO 8601, Asia/Shanghai without an offset, a blank for a lost plus."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.moment import BEIJING, EARLIEST, LATEST, read_moment, read_query_moment, show_moment

NINE = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=OFFSETS)  # noqa: DTZ001 - bounds are naive


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-24T09:00:00+08:00",
        "2026-11-24T01:00:00Z",
        "2026-11-24t01:00:00z",
        "2026-11-24T09:00:00",
        " 2026-11-24 09:00 ",
        "2026-11-24T09:00:00.000000000+08:00",
        "20261124T090000+0800",
    ],
)
def test_one_moment_in_many_spellings(text: str) -> None:
    """Every spelling of ISO 8601 is read, and one without an offset is Asia/Shanghai."""
    assert read_moment(text) == NINE
    assert read_query_moment(text) == NINE


@pytest.mark.parametrize("text", ["2026-11-24T09:00:00 08:00", "2026-11-24 09:00:00 08:00", "2026-11-24 09:00 08:00"])
def test_a_blank_is_a_plus(text: str) -> None:
    """In a query string an unescaped plus has become a blank, also beside the one between date and time."""
    assert read_query_moment(text) == NINE


@pytest.mark.parametrize("text", ["", "heute", "1764000000", "2026-13-01", "2026-11-24T25:00:00", "2026-11-24T09:00+8"])
def test_anything_else_is_no_time(text: str) -> None:
    """What is not ISO 8601 is refused, as a number is."""
    with pytest.raises(ValueError, match=r".*"):
        read_moment(text)
    with pytest.raises(ValueError, match=r".*"):
        read_query_moment(text)


def test_a_time_far_away_is_none_of_a_parcel() -> None:
    """A year that no zone could show is refused in data, and is the nearest end in a search."""
    for text, nearest in (("0001-01-01T00:00:00+14:00", EARLIEST), ("9999-12-31T23:59:59-14:00", LATEST)):
        with pytest.raises(ValueError, match="no time of a parcel"):
            read_moment(text)
        assert read_query_moment(text) == nearest


@given(MOMENTS)
def test_what_is_shown_is_read_again(moment: datetime) -> None:
    """A moment that we write is the same when it comes back, with its plus or without."""
    shown = show_moment(moment)
    assert read_moment(shown) == moment
    assert read_query_moment(shown.replace("+", " ")) == moment
    assert read_moment(shown).utcoffset() == moment.astimezone(BEIJING).utcoffset()


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading(text: str) -> None:
    """Any text is either a time with an offset or a `ValueError`."""
    for read in (read_moment, read_query_moment):
        try:
            moment = read(text)
        except ValueError:
            continue
        assert moment.tzinfo is not None
        assert EARLIEST <= moment <= LATEST
