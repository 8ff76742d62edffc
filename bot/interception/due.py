"""Which cases are due. What hangs is seen here as well."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Select, func, select, text, update

from bot.domain.case import Phase, State
from bot.store.cases import TO_CALL, TO_LOOK, cases
from bot.store.database import now


@dataclass(frozen=True, slots=True)
class Room:
    """How many may be taken at once: `calls` in all, and `looks` for each route (its rate limit times the period)."""

    calls: int
    looks: int
    routes: Sequence[str]


def due(connection: Connection, room: Room, skip: Collection[str] = ()) -> list[str]:
    """Due cases without those in `skip`: calls first, then what is watched, fairly over the routes (trap 15)."""
    at = now(connection)
    found = [case_id for wanted in _wanted(at, room, len(skip)) for case_id in connection.execute(wanted).scalars()]
    return [case_id for case_id in found if case_id not in skip]


def claim(connection: Connection, room: Room, lease: timedelta) -> list[tuple[str, int]]:
    """The same for several processes: what one takes comes due for the others only after the lease.

    Returns (id, version); a job whose row has moved on since is dropped (trap 5).
    """
    at = now(connection)
    taken: list[tuple[str, int]] = []
    for wanted in _wanted(at, room, 0):
        mine = wanted.with_for_update(skip_locked=True).cte("mine")
        moved = connection.execute(
            update(cases)
            .where(cases.c.id.in_(select(mine.c.id)))
            .values(next_at=at + lease)
            .returning(cases.c.id, cases.c.ver)
        )
        taken += [(row.id, row.ver) for row in moved]
    return taken


def _wanted(at: datetime, room: Room, extra: int) -> list[Select[str]]:
    overdue = cases.c.next_at <= at
    queries = []
    if room.calls:
        queries.append(
            select(cases.c.id).where(text(TO_CALL), overdue).order_by(cases.c.next_at).limit(room.calls + extra)
        )
    if room.looks:
        queries += [
            select(cases.c.id)
            .where(text(TO_LOOK), cases.c.route == route, overdue)
            .order_by(cases.c.next_at)
            .limit(room.looks + extra)
            for route in room.routes
        ]
    return queries


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
