"""The one statement that the two databases spell differently: insert, unless it is there already."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert, Row, Table
from sqlalchemy.dialects import sqlite

from bot.store.prepared import Prepared


def insert_new(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Inserts the row; False, and nothing changed, when any unique key of the table has it already."""
    return _unless_there(table, connection.dialect.name, tuple(row)).run(connection, row) == 1


def insert_returned(connection: Connection, table: Table, row: Mapping[str, Any]) -> Row[Any] | None:
    """The same, with the row as it now stands in the table; None when it was there already."""
    return _and_returned(table, connection.dialect.name, tuple(row)).first(connection, row)


@cache
def _unless_there(table: Table, dialect: str, names: tuple[str, ...]) -> Prepared:
    return Prepared(_insert(table, dialect), names)


@cache
def _and_returned(table: Table, dialect: str, names: tuple[str, ...]) -> Prepared:
    return Prepared(_insert(table, dialect).returning(table), names)


def _insert(table: Table, dialect: str) -> Insert:
    if dialect != "postgresql":
        return sqlite.insert(table).on_conflict_do_nothing()
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - 2 MB and 25 ms that SQLite does without

    return postgresql.insert(table).on_conflict_do_nothing()
