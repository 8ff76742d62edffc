"""Moments as the tables keep them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select
from sqlalchemy.exc import StatementError

from bot.store.database import Database
from bot.store.schema import from_micros, to_micros
from bot.store.shops import shops

SHANGHAI = timezone(timedelta(hours=8))
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=OFFSETS)  # noqa: DTZ001 - hypothesis adds it


@given(MOMENTS)
def test_a_moment_comes_back_as_the_same_instant(moment: datetime) -> None:
    """Whatever its offset, a moment is the same instant afterwards, in UTC and to the microsecond."""
    back = from_micros(to_micros(moment))
    assert back == moment
    assert back.tzinfo is UTC


@given(MOMENTS, MOMENTS)
def test_stored_moments_are_ordered_like_the_instants(one: datetime, other: datetime) -> None:
    """Comparing what is stored compares the instants."""
    assert (to_micros(one) < to_micros(other)) is (one < other)


async def test_the_tables_keep_microseconds_and_give_utc(any_database: Database) -> None:
    """A time in Shanghai with microseconds is read back in UTC, on both databases."""
    moment = datetime(2026, 11, 24, 9, 0, 0, 123457, tzinfo=SHANGHAI)

    def write(connection: Connection) -> datetime:
        row = {"id": "s", "name": "s", "active": True, "cross_border": False, "created_at": moment}
        connection.execute(shops.insert(), row)
        found: datetime = connection.execute(
            select(shops.c.created_at).where(shops.c.created_at <= moment)
        ).scalar_one()
        return found

    back = await any_database.write(write)
    assert back == moment
    assert back.utcoffset() == timedelta(0)


async def test_a_moment_without_an_offset_is_refused(any_database: Database) -> None:
    """A naive time never gets into a table: it should have been read as Asia/Shanghai at the door."""
    naive = datetime(2026, 11, 24, 9, 0)  # noqa: DTZ001 - the point of the test
    row = {"id": "s", "name": "s", "active": True, "cross_border": False, "created_at": naive}
    with pytest.raises(StatementError, match="offset"):
        await any_database.write(lambda c: c.execute(shops.insert(), row) and None)
