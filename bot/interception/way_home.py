"""What becomes of a success: the parcel's way home, told by the trace or by a person (contract, "States")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, update

from bot.domain.case import State, WayHome
from bot.domain.parcel import Stage
from bot.interception import news
from bot.interception.pace import CHANCE, Pace, next_look
from bot.interception.statements import held
from bot.interception.states import ARRIVED, steps_home, way_to
from bot.store.cases import cases, write_event
from bot.store.database import now


def go_home(
    connection: Connection, case_id: str, stage: Stage, pace: Pace, facts: Mapping[str, Any] | None = None
) -> bool:
    """What the newest stage of the trace means for a success: its way home, or a contradiction."""
    row = held(connection, case_id)
    if row is None or row.state != State.SUCCEEDED.value:
        return False
    steps = steps_home(WayHome(row.way_home) if row.way_home else None, stage)
    if not steps:
        return False
    return _way_home(connection, row, steps, pace, by=None, facts=facts or {"stage": stage.value})


def mark_way_home(connection: Connection, case_id: str, to: WayHome, pace: Pace, by: str) -> bool:
    """A person says that the parcel got lost or damaged, or turned after all; False when it cannot have, or has."""
    row = held(connection, case_id)
    if row is None or row.state != State.SUCCEEDED.value:
        return False
    steps = way_to(WayHome(row.way_home) if row.way_home else None, to)
    return bool(steps) and _way_home(connection, row, steps, pace, by=by, facts={})


def _way_home(
    connection: Connection,
    row: Row[Any],
    steps: list[WayHome],
    pace: Pace,
    *,
    by: str | None,
    facts: Mapping[str, Any],
) -> bool:
    at = now(connection)
    last = steps[-1]
    values: dict[str, Any] = {"way_home": last.value, "ver": cases.c.ver + 1, "looks_since": at}
    values["next_at"] = None if last in ARRIVED else next_look(at, at, CHANCE)
    values["watch_until"] = at + pace.watch
    moved = connection.execute(
        update(cases).where(cases.c.id == row.id, cases.c.ver == row.ver).values(**values).returning(cases)
    ).first()
    if moved is None:
        return False
    for step in steps:
        write_event(connection, row.id, at, "way_home", {"way_home": step.value, **facts}, by=by)
    news.changed(connection, moved, at)
    return True
