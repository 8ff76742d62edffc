"""Cases made move by move, and what became of them."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Row, select

from bot.domain.answer import Answer, Said
from bot.domain.case import State
from bot.interception import moves
from bot.interception.moves import Submission
from bot.interception.pace import Pace
from bot.store.cases import events_of, row_of
from bot.store.database import Database
from bot.store.events import live_events
from bot.store.fees import fees
from tests.interception.memory import VirtualClock
from tests.interception.shop import START

PACE = Pace()
NO_ANSWER = Answer(Said.NO_ANSWER, sent="create", got="time limit")
NUMBER = "75400000000001"


def submission(case_id: str = "icpt-1", *, call_now: bool = True, **fields: Any) -> Submission:
    """An eligible ask."""
    row = {
        "id": case_id,
        "shop_id": "demo",
        "after_sale_id": "7001",
        "tracking_number": NUMBER,
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
    case = await database.write(lambda c: moves.open_case(c, submission(**fields), PACE, START))
    assert case is not None
    return str(case.id)


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


def succeed(connection: Connection, case_id: str) -> bool:
    """T3b: the carrier caught it."""
    return moves.settle(connection, case_id, State.SUCCEEDED, Answer(Said.SUCCEEDED, "R1"), PACE, ground="caught")


async def in_doubt(database: Database, clock: VirtualClock) -> str:
    """A case whose first call, made at the beginning, got no answer within eight seconds."""
    case_id = await opened(database)
    clock.t = 8
    await database.write(lambda c: sent_in_doubt(c, case_id, 1))
    return case_id


async def kinds(database: Database, case_id: str) -> list[str]:
    """The timeline, in words."""
    return [event.kind for event in await database.read(lambda c: events_of(c, case_id))]


async def targets(database: Database) -> list[str]:
    """What live pages were told of."""
    return await database.read(lambda c: list(c.execute(select(live_events.c.target)).scalars()))


async def charges(database: Database) -> list[tuple[str, int, str]]:
    """The ledger."""
    wanted = select(fees.c.interception_id, fees.c.amount_fen, fees.c.settled_by)
    return await database.read(lambda c: [tuple(row) for row in c.execute(wanted)])
