"""What all tables share: the metadata with its naming convention, and the type for moments.

Moments are stored as whole microseconds since 1970 (UTC): the same on both databases, ordered, compared in SQL.

What PostgreSQL alone is told (conditions of its partial indexes, room in its pages) stands in the migrations, which
make its tables: said here too, it would cost every house on SQLite 2 MB and 30 ms for PostgreSQL's dialect.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, Dialect, Integer, MetaData, TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICRO = timedelta(microseconds=1)

Serial = BigInteger().with_variant(Integer, "sqlite")
"""A rising number given by the database; on SQLite only INTEGER gives one."""


def to_micros(moment: datetime) -> int:
    """An aware moment as whole microseconds; a naive one is a defect of the caller."""
    if moment.tzinfo is None:
        raise ValueError("a moment without an offset must be read as Asia/Shanghai at the door, not stored")
    return (moment - EPOCH) // MICRO


def from_micros(value: int) -> datetime:
    """The moment in UTC."""
    return EPOCH + timedelta(microseconds=value)


class Moment(TypeDecorator[datetime]):
    """An aware datetime in Python, whole microseconds in the table."""

    impl = BigInteger
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], int | None]:
        """Refuses naive datetimes."""
        del dialect
        return _to_column

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[int | None], datetime | None]:
        """Always UTC."""
        del dialect, coltype
        return _from_column


# Plain functions: the row of a case has seven moments, and what SQLAlchemy offers for this wraps each call twice.


def _to_column(value: datetime | None) -> int | None:
    return None if value is None else to_micros(value)


def _from_column(value: int | None) -> datetime | None:
    return None if value is None else EPOCH + timedelta(microseconds=value)
