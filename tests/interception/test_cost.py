"""What one interception costs in SQL statements, so that it does not grow unseen (`engine.md` 6).

BEGIN and COMMIT are not counted: transactions share them. A figure that falls is to be lowered here.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from bot.domain.answer import Answer, Said
from bot.domain.case import State
from bot.domain.parcel import Stage, TraceEvent
from bot.domain.reason import Reason, ReasonCode
from bot.interception import moves, traces
from bot.interception.asking import Asked, Asking, Key, Target
from bot.store.cases import row_of
from tests.interception.by_hand import NUMBER, PACE, opened, sent_in_doubt, succeed
from tests.interception.carrier import Carrier, FakeRoute, Kind, OneRoute
from tests.interception.memory import MemoryDatabase, VirtualClock
from tests.interception.shop import AGENT, RULES, START, after_sale, enter, event, parcel

CAUGHT = Answer(Said.SUCCEEDED, "R1")


@pytest.fixture
def database() -> MemoryDatabase:
    """One parcel with a trace of one event."""
    made = MemoryDatabase(VirtualClock(), shared=False)
    made.raw.executescript("DROP TRIGGER history_of_new; DROP TRIGGER history_of_moves")  # the model's own
    made.at_once(lambda c: enter(c, [after_sale("7001", parcel(NUMBER))]))
    return made


@contextmanager
def counted(database: MemoryDatabase) -> Iterator[list[str]]:
    """The statements that run inside."""
    seen: list[str] = []

    def note(statement: str) -> None:
        if statement.split(maxsplit=1)[0] not in {"BEGIN", "COMMIT"}:
            seen.append(statement)

    database.raw.set_trace_callback(note)
    yield seen
    database.raw.set_trace_callback(None)


def case(database: MemoryDatabase) -> str:
    """A case whose first call is marked."""
    work = opened(_Sync(database))  # type: ignore[arg-type]
    try:
        work.send(None)
    except StopIteration as end:
        return str(end.value)
    raise AssertionError


class _Sync:
    """Writes without a pause."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def write(self, work: Callable[..., object]) -> object:
        return self._database.at_once(work)


def asking() -> Asking:
    """As the service has it."""
    return Asking(OneRoute(FakeRoute(Carrier(Kind.ZTO, [NUMBER], START))), RULES, PACE)


def test_an_ask(database: MemoryDatabase) -> None:
    """T1 with its mark: shop, after-sale, parcel, trace, R10, case, two timeline entries, two live events."""
    with counted(database) as seen:
        database.at_once(lambda c: asking().take(c, Asked(AGENT, [Target("7001", NUMBER)]), 1))
    assert len(seen) <= 10, seen


def test_an_ask_with_key_and_click(database: MemoryDatabase) -> None:
    """The same over the API: the key, and whether the click is known; the case's id is named in the key at once."""
    asked = Asked(AGENT, [Target("7001", NUMBER)], Key("k", "digest"), "click")
    with counted(database) as seen:
        database.at_once(lambda c: asking().take(c, asked, 1))
    assert len(seen) <= 11, seen
    with counted(database) as again:
        database.at_once(lambda c: asking().take(c, asked, 1))
    assert len(again) <= 3, again


def test_a_success(database: MemoryDatabase) -> None:
    """T3b: the end, the fee, the timeline, the cards, and two live events with the after-sale's version."""
    case_id = case(database)
    with counted(database) as seen:
        database.at_once(lambda c: succeed(c, case_id))
    assert len(seen) <= 7, seen


def test_a_failure(database: MemoryDatabase) -> None:
    """The same without the fee."""
    case_id = case(database)
    refused = Answer(Said.REFUSED, reason=Reason(ReasonCode.CARRIER_RULE))
    with counted(database) as seen:
        database.at_once(lambda c: moves.settle(c, case_id, State.FAILED, refused, PACE))
    assert len(seen) <= 6, seen


def test_a_mark(database: MemoryDatabase) -> None:
    """T2: the mark and its timeline entry."""
    case_id = case(database)
    database.at_once(lambda c: sent_in_doubt(c, case_id, 1))
    with counted(database) as seen:
        database.at_once(lambda c: moves.mark(c, case_id, 1, PACE))
    assert len(seen) <= 2, seen


def test_a_doubt_and_a_reading(database: MemoryDatabase) -> None:
    """T3c with everything that is told; a reading in the first hour tells the case's own page alone."""
    case_id = case(database)
    with counted(database) as seen:
        database.at_once(lambda c: sent_in_doubt(c, case_id, 1))
    assert len(seen) <= 7, seen
    with counted(database) as seen:
        database.at_once(lambda c: moves.reading(c, case_id, 1, START, PACE))
    assert len(seen) <= 4, seen


@pytest.mark.parametrize("hours, most", [(0, 5), (30, 4)])
def test_a_poll_that_tells_nothing(database: MemoryDatabase, hours: int, most: int) -> None:
    """Goal 14: however long the trace is, a look writes one row; in the first hour an open page hears of it too."""
    case_id = case(database)
    database.at_once(lambda c: moves.wait(c, case_id, Answer(Said.PROCESSING, "R1")))
    scans = [event(Stage.IN_TRANSIT, at=START + timedelta(minutes=i)) for i in range(30)]
    database.at_once(lambda c: traces.take(c, "demo", NUMBER, scans, PACE))
    database.clock.t = hours * 3600
    database.at_once(lambda c: looked(c, case_id, scans))
    with counted(database) as seen:
        database.at_once(lambda c: looked(c, case_id, scans))
    assert len(seen) <= most, seen


def looked(connection: object, case_id: str, scans: list[TraceEvent]) -> None:
    """What `advance` does in one look at a watched case, in its two transactions."""
    row = row_of(connection, case_id)  # type: ignore[arg-type]
    assert row is not None
    if not traces.looked(connection, row, scans, PACE):  # type: ignore[arg-type]
        moves.look_later(connection, case_id)  # type: ignore[arg-type]


def test_a_new_event(database: MemoryDatabase) -> None:
    """A push of one scan: kept, judged, told, and the next look brought forward."""
    case_id = case(database)
    database.at_once(lambda c: moves.wait(c, case_id, Answer(Said.PROCESSING, "R1")))
    with counted(database) as seen:
        database.at_once(lambda c: traces.take(c, "demo", NUMBER, [event(Stage.IN_TRANSIT)], PACE))
    assert len(seen) <= 9, seen
