"""One move of one case over a real database: what each kind of route does in doubt, and who hears of it."""

import asyncio
import threading
from datetime import timedelta

import pytest

from bot.carriers.contract import Ask
from bot.domain.answer import Answer, Said
from bot.domain.case import Phase, SettledBy, State
from bot.domain.parcel import Stage
from bot.domain.reason import Reason, ReasonCode
from bot.interception import moves
from bot.interception.advance import Advance
from bot.interception.asking import Target
from bot.interception.pace import Pace
from bot.store.database import Database
from tests.interception.by_hand import NUMBER, charges, do, kinds, row
from tests.interception.carrier import Kind
from tests.interception.house import CAUGHT, NO_ANSWER, ToldRoute, ToldRoutes, facts, house
from tests.interception.memory import VirtualClock
from tests.interception.shop import AGENT, START, after_sale, enter, event, parcel

PACE = Pace()
NOTHING = Answer(Said.NOTHING)
SHOWN = Answer(Said.SUCCEEDED, settled_by=SettledBy.PLATFORM)
NEVER_LEFT = Answer(Said.NEVER_LEFT, got="connection refused")


async def asked(database: Database, route: ToldRoute) -> str:
    """The parcel's ask, still queued."""
    await database.write(lambda c: enter(c, [after_sale("7001", parcel(NUMBER, route.facts.carrier))]))
    async with house(database, route, pace=PACE, slots=0, started=False) as at:
        return (await at.heart.ask(AGENT, [Target(None, NUMBER)]))[0].id


def advance(database: Database, route: ToldRoute) -> Advance:
    """A process that has just started."""
    return Advance(database, ToldRoutes(route), PACE)


async def test_the_platform_is_read_twice_before_a_further_apply(still: Database, clock: VirtualClock) -> None:
    """Read: early readings permit nothing; past the quiet time two of them permit one apply, and then two more."""
    route = ToldRoute(facts(Kind.PLATFORM), create=[NO_ANSWER, NO_ANSWER, SHOWN], status=[NOTHING])
    case_id = await asked(still, route)
    move = advance(still, route)
    seen = []
    for second in (0, 8, 300, 599, 601, 602, 700, 1000, 1203, 1204):
        clock.t = float(second)
        await move(case_id)
        seen.append((second, len(route.creates), len(route.queries)))
    assert seen[:4] == [(0, 1, 0), (8, 1, 1), (300, 1, 2), (599, 1, 3)]
    assert seen[4:6] == [(601, 1, 4), (602, 2, 5)]
    assert seen[6:] == [(700, 2, 6), (1000, 2, 7), (1203, 2, 8), (1204, 3, 9)]
    found = await row(still, case_id)
    assert (found.state, found.ground) == (State.SUCCEEDED, "platform")
    assert await charges(still) == [(case_id, 300, "platform")]


async def test_a_reading_that_shows_it_settles(still: Database, clock: VirtualClock) -> None:
    """Read: «shown» is believed at once, however early."""
    route = ToldRoute(facts(Kind.PLATFORM), create=[NO_ANSWER], status=[NO_ANSWER, SHOWN])
    case_id = await asked(still, route)
    move = advance(still, route)
    for second in (0, 8, 9):
        clock.t = float(second)
        await move(case_id)
    assert (await row(still, case_id)).state == State.SUCCEEDED
    assert len(route.creates) == 1


async def test_a_clock_that_is_set_forward_shortens_no_hold(lone_still: Database, clock: VirtualClock) -> None:
    """Trap 14, read, one process: an hour on the wall clock alone permits nothing, in this process or in one that is
    started afterwards; time that really passed does.
    """
    route = ToldRoute(facts(Kind.PLATFORM), create=[NO_ANSWER], status=[NOTHING])
    case_id = await asked(lone_still, route)
    move = advance(lone_still, route)
    await move(case_id)
    clock.offset = 3600.0
    for second in (8, 9, 10):
        clock.t = float(second)
        await move(case_id)
    assert (await row(lone_still, case_id)).readings == 0
    move = advance(lone_still, route)
    for second in (11, 12, 609):
        clock.t = float(second)
        await move(case_id)
    assert (await row(lone_still, case_id)).readings == 0
    assert len(route.creates) == 1
    for second in (611, 612):
        clock.t = float(second)
        await move(case_id)
    assert len(route.creates) == 2


async def test_a_person_is_never_asked_twice(still: Database, clock: VirtualClock) -> None:
    """Person: after a doubt nothing is sent any more; after fifteen days it is given up."""
    route = ToldRoute(facts(Kind.BY_HAND, has_trace=False), create=[NO_ANSWER])
    case_id = await asked(still, route)
    move = advance(still, route)
    for second in (0, 8, 3600, 14 * 86400):
        clock.t = float(second)
        await move(case_id)
    found = await row(still, case_id)
    assert (found.state, found.phase, len(route.creates)) == (State.UNKNOWN, Phase.UNCLEAR, 1)
    clock.t = 15 * 86400 + 1.0
    await move(case_id)
    assert (await row(still, case_id)).state == State.FAILED
    assert len(route.creates) == 1


async def test_a_carrier_that_cannot_be_reached(still: Database, clock: VirtualClock) -> None:
    """Never left: tried again after 1, 2, 5 … s; two minutes after the ask it failed, and was never in doubt."""
    route = ToldRoute(facts(), create=[NEVER_LEFT])
    case_id = await asked(still, route)
    move = advance(still, route)
    tries = []
    while (await row(still, case_id)).state == State.PENDING:
        found = await row(still, case_id)
        clock.t = (found.next_at - START).total_seconds()
        tries.append(round(clock.t))
        await move(case_id)
    assert tries[:5] == [0, 1, 2, 7, 12]
    assert tries[-1] == 122
    assert "doubt" not in await kinds(still, case_id)
    assert (await row(still, case_id)).reasons[0]["facts"] == {"why": "nothing_sent"}


async def test_a_process_that_slept_does_not_call(still: Database, clock: VirtualClock) -> None:
    """Trap 2: more than half the quiet time after the commit no call is made; the row comes due and is in doubt."""
    route = ToldRoute(facts())
    case_id = await asked(still, route)
    marked = await do(still, lambda c: moves.mark(c, case_id, 0, PACE))
    assert marked
    move = advance(still, route)
    began = clock.steady()
    clock.t = 301.0
    await move.call(route, await row(still, case_id), began)
    assert route.creates == []
    await move(case_id)
    assert [ask.in_doubt for ask in route.creates] == [True]


async def test_where_others_may_call_a_call_is_lost_only_after_its_time(still: Database, clock: VirtualClock) -> None:
    """Ruling 4: on PostgreSQL another process's call is left alone until its time has passed; on SQLite nobody else can
    be calling.
    """
    route = ToldRoute(facts())
    case_id = await asked(still, route)
    await do(still, lambda c: moves.mark(c, case_id, 0, PACE))
    clock.t = 8.9
    await advance(still, route)(case_id)
    assert len(route.creates) == (0 if still.shared else 1)
    clock.t = 9.0
    await advance(still, route)(case_id)
    assert len(route.creates) == 1


async def test_a_late_success_of_the_first_call_counts(still: Database, clock: VirtualClock) -> None:
    """The first call's answer arrives while the repeat is under way: one success, and the repeat changes nothing."""
    first, second = asyncio.Event(), asyncio.Event()

    async def late(_ask: Ask) -> Answer:
        await first.wait()
        return CAUGHT

    async def repeat(_ask: Ask) -> Answer:
        await second.wait()
        return Answer(Said.REFUSED, reason=Reason(ReasonCode.ALREADY_INTERCEPTED))

    route = ToldRoute(facts(), create=[late, repeat])
    case_id = await asked(still, route)
    one = asyncio.create_task(advance(still, route)(case_id))
    while len(route.creates) < 1:  # noqa: ASYNC110 - a few turns of the loop
        await asyncio.sleep(0.001)
    clock.t = 9.0
    two = asyncio.create_task(advance(still, route)(case_id))
    while len(route.creates) < 2:  # noqa: ASYNC110 - the same
        await asyncio.sleep(0.001)
    first.set()
    await one
    second.set()
    await two
    assert (await row(still, case_id)).state == State.SUCCEEDED
    assert await charges(still) == [(case_id, 300, "carrier")]


async def test_a_delivery_in_doubt_waits_for_the_readings(still: Database, clock: VirtualClock) -> None:
    """Ruling 7: delivered, and the platform shows nothing twice: failed without a further apply."""
    route = ToldRoute(facts(Kind.PLATFORM), create=[NO_ANSWER], status=[NOTHING])
    case_id = await asked(still, route)
    move = advance(still, route)
    await move(case_id)
    clock.t = 8.0
    async with house(still, route, pace=PACE, started=False) as at:
        await at.heart.traced("demo", {NUMBER: [event(Stage.DELIVERED, at=START + timedelta(minutes=1))]})
    for second in (9, 601, 602):
        clock.t = float(second)
        await move(case_id)
    found = await row(still, case_id)
    assert (found.state, found.reasons[0]["code"], len(route.creates)) == (State.FAILED, "ALREADY_DELIVERED", 1)


@pytest.mark.parametrize("end", ["unreachable", "given up"])
async def test_whoever_waits_hears_on_the_loops_own_thread(still: Database, clock: VirtualClock, end: str) -> None:
    """An end that a look decides inside its transaction is told after the commit, not from the writer's thread."""
    heard: list[int] = []
    route = ToldRoute(facts(Kind.BY_HAND, has_trace=False), create=[NEVER_LEFT if end == "unreachable" else NO_ANSWER])
    case_id = await asked(still, route)
    move = Advance(still, ToldRoutes(route), PACE, lambda _case: heard.append(threading.get_ident()))
    await move(case_id)
    heard.clear()
    clock.t = 121.0 if end == "unreachable" else 16 * 86400.0
    await move(case_id)
    assert (await row(still, case_id)).state == State.FAILED
    assert heard == [threading.get_ident()]
