"""Rows that come due by a column of theirs: how the only process on a database finds them, and how several share them.

An index over that column, partial where most rows are never due, belongs to each table that is read so.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Integer, Select, TextClause, bindparam, select, update

from bot.store.database import now
from bot.store.prepared import Prepared
from bot.store.schema import Moment


@dataclass(frozen=True)
class DueRows:
    """The rows of one table whose `at` has passed, longest overdue first; `only` narrows them, as an index does.

    Who moves a row on changes `at`; a claim is nothing but a later `at`, so that a process that dies loses nothing.
    """

    key: Column[Any]
    at: Column[Any]
    only: tuple[ColumnElement[bool] | TextClause, ...] = ()

    def due(self, connection: Connection, skip: Collection[str], limit: int) -> list[str]:
        """Due rows but for those in `skip`, at most `limit`; for the only process on a database."""
        found = self._overdue.all(connection, {"moment": now(connection), "most": limit + len(skip)})
        return [key for row in found if (key := str(row[0])) not in skip][:limit]

    def claim(self, connection: Connection, until: datetime, limit: int) -> list[str]:
        """Due rows, which for everybody else come due only at `until`. Rows that another is just claiming are passed
        over, so nobody waits (PostgreSQL; on SQLite only one writes at a time anyway).
        """
        values = {"moment": now(connection), "most": limit, "until": until}
        return [str(row[0]) for row in self._claimed.all(connection, values)]

    def held(self, connection: Connection, ids: Sequence[str], until: datetime) -> list[str]:
        """Those of `ids` that nobody has touched since they were claimed until that moment, in the order of `ids`."""
        keys = [self.key.type.python_type(key) for key in ids]
        kept = select(self.key).where(self.key.in_(keys), self.at == until)
        found = set(map(str, connection.execute(kept).scalars()))
        return [key for key in ids if key in found]

    # Asked several times a second by every process, so prepared; made when first asked.

    @cached_property
    def _overdue(self) -> Prepared:
        return Prepared(self._select())

    @cached_property
    def _claimed(self) -> Prepared:
        mine = self._select().with_for_update(skip_locked=True).cte("mine")
        return Prepared(
            update(self.key.table)
            .where(self.key.in_(select(mine.c[self.key.name])))
            .values({self.at.name: bindparam("until", type_=Moment)})
            .returning(self.key)
        )

    def _select(self) -> Select[Any]:
        overdue = select(self.key).where(*self.only, self.at <= bindparam("moment", type_=Moment))
        return overdue.order_by(self.at).limit(bindparam("most", type_=Integer))
