"""The one statement that the two databases spell differently: insert, unless it is there already."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_new(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Inserts the row; False, and nothing changed, when any unique key of the table has it already."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    # Without the option SQLAlchemy forgets the count of an INSERT when its cursor is closed.
    statement = dialect.insert(table).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
    return connection.execute(statement, row).rowcount == 1
