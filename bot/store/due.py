"""Rows that come due by a column of theirs: how the only process on a database finds them, and how several share them.

An index over that column, partial where most rows are never due, belongs to each table that is read so.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, TextClause, select, update

from bot.store.database import now


@dataclass(frozen=True, slots=True)
class DueRows:
    """The rows of one table whose `at` has passed, longest overdue first; `only` narrows them, as an index does.

    Who moves a row on changes `at`; a claim is nothing but a later `at`, so that a process that dies loses nothing.
    """

    key: Column[Any]
    at: Column[Any]
    only: tuple[ColumnElement[bool] | TextClause, ...] = ()

    def due(self, connection: Connection, skip: Collection[str], limit: int) -> list[str]:
        """Due rows but for those in `skip`, at most `limit`; for the only process on a database."""
        found = map(str, connection.execute(self._overdue(connection, limit + len(skip))).scalars())
        return [key for key in found if key not in skip][:limit]

    def claim(self, connection: Connection, until: datetime, limit: int) -> list[str]:
        """Due rows, which for everybody else come due only at `until`. Rows that another is just claiming are passed
        over, so nobody waits (PostgreSQL; on SQLite only one writes at a time anyway).
        """
        mine = self._overdue(connection, limit).with_for_update(skip_locked=True).cte("mine")
        moved = (
            update(self.key.table)
            .where(self.key.in_(select(mine.c[self.key.name])))
            .values({self.at.name: until})
            .returning(self.key)
        )
        return [str(key) for key in connection.execute(moved).scalars()]

    def held(self, connection: Connection, ids: Sequence[str], until: datetime) -> list[str]:
        """Those of `ids` that nobody has touched since they were claimed until that moment, in the order of `ids`."""
        keys = [self.key.type.python_type(key) for key in ids]
        kept = select(self.key).where(self.key.in_(keys), self.at == until)
        found = set(map(str, connection.execute(kept).scalars()))
        return [key for key in ids if key in found]

    def _overdue(self, connection: Connection, limit: int) -> Select[Any]:
        return select(self.key).where(*self.only, self.at <= now(connection)).order_by(self.at).limit(limit)
