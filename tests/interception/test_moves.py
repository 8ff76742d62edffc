"""Each transaction at its edges: what it changes, and that it changes nothing when its condition no longer holds."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Row, select

from bot.domain.answer import Answer, Said
from bot.domain.case import Phase, State
from bot.interception import moves
from bot.interception.moves import Submission
from bot.interception.pace import Pace
from bot.store.cases import cases, row_of
from bot.store.database import Database
from bot.store.schema import to_micros
from tests.interception.memory import VirtualClock
from tests.interception.shop import START, after_sale, enter, enter_shops, parcel

PACE = Pace()
NO_ANSWER = Answer(Said.NO_ANSWER, sent="create", got="time limit")


@pytest.fixture
async def stored(any_database_at: tuple[Database, VirtualClock]) -> Database:
    """Either kind of database with a parcel that may be intercepted."""
    database, _ = any_database_at

    def fill(connection: Connection) -> None:
        enter_shops(connection)
        enter(connection, [after_sale("7001", parcel("75400000000001"))])

    await database.write(fill)
    return database


@pytest.fixture
def clock(any_database_at: tuple[Database, VirtualClock]) -> VirtualClock:
    """The time of that database."""
    return any_database_at[1]


def submission(case_id: str = "icpt-1", *, call_now: bool = True, **fields: Any) -> Submission:
    """An eligible ask."""
    row = {
        "id": case_id,
        "shop_id": "demo",
        "after_sale_id": "7001",
        "tracking_number": "75400000000001",
        "carrier": "zto",
        "route": "zto",
        "doubt_by": "repeat",
        "route_can_cancel": True,
        "settled_by": "carrier",
        "origin": "agent",
        "asked_by": "周琳",
        "asker_id": "p1",
        "click": None,
        "quoted_fen": 300,
        "rules_version": "v1",
        "checks": [],
    }
    return Submission(row | fields, call_now=call_now)


async def opened(database: Database, **fields: Any) -> str:
    """A case whose first call is marked."""
    row = await database.write(lambda c: moves.open_case(c, submission(**fields), PACE, START))
    assert row is not None
    return str(row.id)


async def row(database: Database, case_id: str) -> Row[Any]:
    """The case as it is stored."""
    found = await database.read(lambda c: row_of(c, case_id))
    assert found is not None
    return found


async def do(database: Database, move: Callable[[Connection], Any]) -> Any:
    """One transaction."""
    return await database.write(move)


def sent_in_doubt(connection: Connection, case_id: str, call_no: int) -> bool:
    """T3c on a route that repeats."""
    return moves.doubt(connection, case_id, call_no, person=False, answer=NO_ANSWER)


async def test_a_first_doubt_is_looked_at_at_once(stored: Database, clock: VirtualClock) -> None:
    """T3c: `unknown`, in doubt since now, and due now."""
    case_id = await opened(stored)
    clock.t = 8
    assert await do(stored, lambda c: sent_in_doubt(c, case_id, 1))
    found = await row(stored, case_id)
    assert (found.state, found.phase, found.doubted_call) == (State.UNKNOWN, Phase.CALLING, 1)
    assert found.last_sent_at == found.called_at == START
    assert found.next_at == found.looks_since == START + timedelta(seconds=8)


async def test_later_doubts_go_on_by_the_steps(stored: Database, clock: VirtualClock) -> None:
    """Ruling 3: the waiting steps of a case in doubt do not begin anew with each repeat."""
    case_id = await opened(stored)
    clock.t = 8
    await do(stored, lambda c: sent_in_doubt(c, case_id, 1))
    for call_no, at in ((1, 8.0), (2, 30.0), (3, 500.0)):
        clock.t = at
        assert await do(stored, lambda c, k=call_no: moves.mark(c, case_id, k, PACE))  # type: ignore[misc]
        clock.t = at + 8
        assert await do(stored, lambda c, k=call_no: sent_in_doubt(c, case_id, k + 1))  # type: ignore[misc]
    found = await row(stored, case_id)
    assert found.looks_since == START + timedelta(seconds=8)
    assert timedelta(minutes=9) <= found.next_at - (START + timedelta(seconds=508)) <= timedelta(minutes=11)


async def test_a_moment_is_stored_as_a_number(stored: Database, clock: VirtualClock) -> None:
    """A moment that a move computes is stored like every other one: whole microseconds."""
    case_id = await opened(stored)
    clock.t = 8
    await do(stored, lambda c: sent_in_doubt(c, case_id, 1))
    at: datetime = START + timedelta(seconds=8)
    raw = select(cases.c.next_at).where(cases.c.next_at == at)
    assert await stored.read(lambda c: c.exec_driver_sql("SELECT next_at FROM cases").scalar()) == to_micros(at)
    assert await stored.read(lambda c: c.execute(raw).scalar()) == at
