"""Which cases are due. What hangs is seen here as well."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import Connection, func, select, text, update

from bot.domain.case import Phase, State
from bot.store.cases import TO_CALL, TO_LOOK, cases
from bot.store.database import now
from bot.store.due import DueRows

CALLS = DueRows(cases.c.id, cases.c.next_at, (text(TO_CALL),))
"""Cases whose call is still to be made, or has no answer: claimed before anything that is only watched (trap 15)."""


@dataclass(frozen=True, slots=True)
class Looks:
    """Cases that are only watched, fairly over the routes. `each`: a route's rate limit times the runner's period."""

    routes: Sequence[str]
    each: int

    def due(self, connection: Connection, skip: Collection[str], limit: int) -> list[str]:
        """As `DueRows.due`, at most `each` of a route."""
        room = self._room(limit)
        return [key for rows in self._rows() for key in rows.due(connection, skip, room)]

    def claim(self, connection: Connection, until: datetime, limit: int) -> list[str]:
        """As `DueRows.claim`, at most `each` of a route."""
        room = self._room(limit)
        return [key for rows in self._rows() for key in rows.claim(connection, until, room)]

    def held(self, connection: Connection, ids: Sequence[str], until: datetime) -> list[str]:
        """As `DueRows.held`."""
        return CALLS.held(connection, ids, until)

    def _room(self, limit: int) -> int:
        return min(self.each, -(-limit // max(len(self.routes), 1)))

    def _rows(self) -> list[DueRows]:
        return [_of_route(route) for route in self.routes]


@cache
def _of_route(route: str) -> DueRows:
    return DueRows(cases.c.id, cases.c.next_at, (text(TO_LOOK), cases.c.route == route))


def recover(connection: Connection) -> int:
    """At the start of the only process: calls found marked *sent* without an answer are in doubt now (ruling 4)."""
    in_flight = (cases.c.phase == Phase.CALLING.value) & (cases.c.doubted_call < cases.c.call_no)
    return connection.execute(update(cases).where(in_flight).values(next_at=now(connection))).rowcount


@dataclass(frozen=True, slots=True)
class Overdue:
    """For alerts: how many cases in that state, and the oldest due time among them."""

    state: State
    phase: Phase
    count: int
    oldest: datetime | None


def census(connection: Connection) -> list[Overdue]:
    """Open cases by state and phase (`engine.md`, "What hangs")."""
    rows = connection.execute(
        select(cases.c.state, cases.c.phase, func.count(), func.min(cases.c.next_at))
        .where(cases.c.state.in_([State.PENDING.value, State.UNKNOWN.value]))
        .group_by(cases.c.state, cases.c.phase)
    )
    return [Overdue(State(state), Phase(phase), count, oldest) for state, phase, count, oldest in rows]
