"""The one statement that the two databases spell differently: insert, unless it is there already."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Connection, Executable, Row, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_new(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Inserts the row; False, and nothing changed, when any unique key of the table has it already."""
    return connection.execute(_unless_there(table, connection.dialect.name), row).rowcount == 1


def insert_returned(connection: Connection, table: Table, row: Mapping[str, Any]) -> Row[Any] | None:
    """The same, with the row as it now stands in the table; None when it was there already."""
    return connection.execute(_and_returned(table, connection.dialect.name), row).first()


# Statements are made once: building one costs as much as running it, and these run several times in each interception.


@cache
def _unless_there(table: Table, dialect: str) -> Executable:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    # Without the option SQLAlchemy forgets the count of an INSERT when its cursor is closed.
    return insert(table).on_conflict_do_nothing().execution_options(preserve_rowcount=True)


@cache
def _and_returned(table: Table, dialect: str) -> Executable:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(table).on_conflict_do_nothing().returning(table)
