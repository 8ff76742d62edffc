"""What a parcel's trace makes of its interception: for us, against us, on the way home, and late."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bot.carriers.contract import Ask
from bot.domain.answer import Answer, Said
from bot.domain.case import Phase, State, WayHome
from bot.domain.parcel import Stage, TraceEvent
from bot.interception import moves, traces, way_home
from bot.interception.asking import Target
from bot.store.after_sales import trace_of
from bot.store.database import Database
from tests.interception.by_hand import NUMBER, PACE, charges, do, in_doubt, kinds, opened, row, succeed
from tests.interception.house import CAUGHT, WORKED_ON, ToldRoute, facts, house
from tests.interception.memory import VirtualClock
from tests.interception.shop import AGENT, START, after_sale, enter, event, parcel

WORKING = Answer(Said.PROCESSING, "R1")


def scan(stage: Stage, minutes: float = 1.0, *, place: str = "成都") -> TraceEvent:
    """A scan so many minutes after the ask, far from where the parcel was picked up."""
    found = event(stage, at=START + timedelta(minutes=minutes))
    return TraceEvent(found.at, found.text, place, stage=stage)


async def told(database: Database, *events: TraceEvent) -> bool:
    """These events come in."""
    changed: bool = await do(database, lambda c: traces.take(c, "demo", NUMBER, events, PACE))
    return changed


async def looked(database: Database, case_id: str, *events: TraceEvent) -> bool:
    """A look at the trace that brings these."""
    present = await row(database, case_id)
    changed: bool = await do(database, lambda c: traces.looked(c, present, events, PACE))
    return changed


async def watched(database: Database) -> str:
    """A case that the carrier works on."""
    case_id = await opened(database)
    await do(database, lambda c: moves.wait(c, case_id, WORKING))
    return case_id


# --- for us -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage, home", [(Stage.RETURNING, WayHome.RETURNING), (Stage.RETURNED, WayHome.RETURNED)])
async def test_a_parcel_that_turns_back_is_a_success(stored: Database, stage: Stage, home: WayHome) -> None:
    """Pending or unknown: the trace proves it, the fee is due, and the same events again change nothing."""
    case_id = await watched(stored)
    assert await told(stored, scan(stage))
    assert not await told(stored, scan(stage))
    found = await row(stored, case_id)
    assert (found.state, found.ground, found.way_home) == (State.SUCCEEDED, "trace", home)
    assert await charges(stored) == [(case_id, 300, "carrier")]


async def test_it_settles_a_doubt(stored: Database, clock: VirtualClock) -> None:
    """A trace that speaks for us needs no answer of the route."""
    case_id = await in_doubt(stored, clock)
    assert await told(stored, scan(Stage.RETURNING))
    assert (await row(stored, case_id)).state == State.SUCCEEDED


async def test_what_has_not_left_is_no_success(stored: Database) -> None:
    """A parcel that turned by itself while the ask was still queued costs nothing: nobody of us turned it."""
    case_id = await opened(stored, call_now=False)
    assert not await told(stored, scan(Stage.RETURNING))
    assert (await row(stored, case_id)).phase == Phase.QUEUED
    assert await charges(stored) == []


# --- against us -------------------------------------------------------------------------------------------------------


async def test_the_buyer_has_it(stored: Database) -> None:
    """An answered case whose parcel was delivered failed, free of charge, when the carrier has no success to tell; out
    for delivery alone is not the end.
    """
    case_id = await watched(stored)
    assert not await told(stored, scan(Stage.OUT_FOR_DELIVERY, 1))
    assert not await looked(stored, case_id)
    assert not await told(stored, scan(Stage.DELIVERED, 2))
    present = await row(stored, case_id)
    assert not await do(stored, lambda c: traces.looked(c, present, [], PACE, answered=False))
    assert await looked(stored, case_id)
    found = await row(stored, case_id)
    assert (found.state, found.reasons[0]["code"]) == (State.FAILED, "ALREADY_DELIVERED")
    assert await charges(stored) == []


async def test_in_doubt_the_route_answers_first(stored: Database, clock: VirtualClock) -> None:
    """Ruling 7: in flight and in doubt the trace waits; after two readings that show nothing it speaks."""
    case_id = await opened(stored)
    assert not await told(stored, scan(Stage.DELIVERED))
    clock.t = 8
    await do(stored, lambda c: moves.doubt(c, case_id, 1, person=False))
    clock.t = 700
    for _ in range(2):
        assert not await do(stored, lambda c: traces.against_us(c, case_id, PACE))
        await do(stored, lambda c: moves.reading(c, case_id, 1, clock.now(), PACE))
    assert await do(stored, lambda c: traces.against_us(c, case_id, PACE))
    assert (await row(stored, case_id)).state == State.FAILED


async def test_where_nobody_can_answer_the_trace_decides(stored: Database) -> None:
    """A person's route in doubt ends with what the trace shows."""
    case_id = await opened(stored)
    await do(stored, lambda c: moves.doubt(c, case_id, 1, person=True))
    assert await told(stored, scan(Stage.DELIVERED))
    assert (await row(stored, case_id)).state == State.FAILED


async def test_an_event_that_came_in_flight_speaks_afterwards(stored: Database) -> None:
    """Promise 2: delivered while the call was in flight, then answered «worked on»: the next look ends it."""
    case_id = await opened(stored)
    assert not await told(stored, scan(Stage.DELIVERED))
    await do(stored, lambda c: moves.wait(c, case_id, WORKING))
    assert await looked(stored, case_id, scan(Stage.DELIVERED))
    assert (await row(stored, case_id)).state == State.FAILED


async def test_an_event_brings_the_next_look_forward(stored: Database, clock: VirtualClock) -> None:
    """Each trace event of a pending case triggers a look."""
    case_id = await watched(stored)
    await do(stored, lambda c: moves.look_later(c, case_id))
    assert (await row(stored, case_id)).next_at > clock.now()
    await told(stored, scan(Stage.IN_TRANSIT))
    assert (await row(stored, case_id)).next_at == clock.now()


# --- the way home -----------------------------------------------------------------------------------------------------

Way = list[tuple[Stage | WayHome, WayHome | None]]

WAYS: dict[str, Way] = {
    "home": [(Stage.IN_TRANSIT, None), (Stage.RETURNING, WayHome.RETURNING), (Stage.RETURNED, WayHome.RETURNED)],
    "seen only at its end": [(Stage.RETURNED, WayHome.RETURNED), (Stage.OUT_FOR_DELIVERY, WayHome.RETURNED)],
    "to the buyer": [(Stage.OUT_FOR_DELIVERY, WayHome.CONTRADICTED), (Stage.DELIVERED, WayHome.CONTRADICTED)],
    "turned after all": [
        (Stage.AT_PICKUP_POINT, WayHome.CONTRADICTED),
        (Stage.RETURNING, WayHome.RETURNING),
        (Stage.RETURNED, WayHome.RETURNED),
    ],
    "turned, then to the buyer": [
        (Stage.RETURNING, WayHome.RETURNING),
        (Stage.OUT_FOR_DELIVERY, WayHome.CONTRADICTED),
        (Stage.RETURNING, WayHome.RETURNING),
    ],
    "lost": [(Stage.RETURNING, WayHome.RETURNING), (WayHome.LOST, WayHome.LOST), (Stage.RETURNED, WayHome.LOST)],
    "damaged": [(WayHome.DAMAGED, WayHome.DAMAGED), (WayHome.LOST, WayHome.DAMAGED)],
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
async def test_ways_home(stored: Database, clock: VirtualClock, way: Way) -> None:
    """What comes after a success changes `way_home` by the contract's steps, and neither state nor fee."""
    case_id = await opened(stored)
    await do(stored, lambda c: succeed(c, case_id))
    for minute, (news, expected) in enumerate(way, 1):
        clock.t = minute * 60
        if isinstance(news, WayHome):
            await do(stored, lambda c, to=news: way_home.mark_way_home(c, case_id, to, PACE, "陈老板"))  # type: ignore[misc]
        else:
            await told(stored, scan(news, minute))
        found = await row(stored, case_id)
        assert (found.state, found.way_home) == (State.SUCCEEDED, expected)
        arrived = expected in {WayHome.RETURNED, WayHome.LOST, WayHome.DAMAGED}
        assert (found.next_at is None) is arrived
    assert await charges(stored) == [(case_id, 300, "carrier")]


async def test_a_contradiction_that_was_there_before_is_seen(stored: Database) -> None:
    """Delivered while the call was in flight, then accepted: the first look raises the alarm."""
    case_id = await opened(stored)
    await told(stored, scan(Stage.DELIVERED))
    await do(stored, lambda c: succeed(c, case_id))
    assert await looked(stored, case_id, scan(Stage.DELIVERED))
    assert (await row(stored, case_id)).way_home == WayHome.CONTRADICTED


async def test_a_courier_who_had_it_before_is_no_contradiction(stored: Database) -> None:
    """Out for delivery before the success: it was caught from there, and only what comes after speaks against it."""
    case_id = await watched(stored)
    await told(stored, scan(Stage.OUT_FOR_DELIVERY))
    await do(stored, lambda c: succeed(c, case_id))
    assert not await looked(stored, case_id, scan(Stage.OUT_FOR_DELIVERY))
    assert (await row(stored, case_id)).way_home is None


async def test_the_watch_over_a_success_ends(stored: Database, clock: VirtualClock) -> None:
    """After fifteen days without an end of the way home nothing is looked at any more; the state stays."""
    route = ToldRoute(facts())
    case_id = await opened(stored)
    await do(stored, lambda c: succeed(c, case_id))
    async with house(stored, route, pace=PACE, started=False) as at:
        clock.t = 14.9 * 86400
        await at.advance(case_id)
        assert (await row(stored, case_id)).next_at is not None
        clock.t = 15.1 * 86400
        await at.advance(case_id)
    found = await row(stored, case_id)
    assert (found.state, found.next_at) == (State.SUCCEEDED, None)


# --- late, and at once ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [State.FAILED, State.CANCELLED])
@pytest.mark.parametrize("stage", [Stage.RETURNING, Stage.DELIVERED])
async def test_a_late_trace_changes_no_end(stored: Database, end: State, stage: Stage) -> None:
    """What comes after the end is kept with the parcel, and nothing else."""
    case_id = await opened(stored)
    await do(stored, lambda c: moves.settle(c, case_id, end, Answer(Said.REFUSED), PACE))
    before = await row(stored, case_id)
    assert not await told(stored, scan(stage))
    assert await row(stored, case_id) == before
    assert len(await do(stored, lambda c: trace_of(c, "demo", NUMBER))) == 2


async def test_another_shops_trace_is_its_own(stored: Database) -> None:
    """Events that another shop brings for the same number move nothing here."""
    case_id = await watched(stored)
    assert not await do(stored, lambda c: traces.take(c, "other", NUMBER, [scan(Stage.RETURNING)], PACE))
    assert (await row(stored, case_id)).state == State.PENDING


async def test_a_push_20_times_is_one_event(stored: Database) -> None:
    """A carrier that pushes again and again is heard once."""
    case_id = await watched(stored)
    heard = [await told(stored, scan(Stage.RETURNING)) for _ in range(20)]
    assert heard == [True] + [False] * 19
    assert (await kinds(stored, case_id)).count("way_home") == 1


async def test_push_poll_and_answer_in_one_moment_are_one_fee(running: Database) -> None:
    """Callback, status and trace tell the success at once: one end, one fee, one timeline entry."""
    await running.write(lambda c: enter(c, [after_sale("7001", parcel(NUMBER))]))
    asked, caught = asyncio.Event(), asyncio.Event()

    async def when_caught(_ask: Ask) -> Answer:
        asked.set()
        await caught.wait()
        return CAUGHT

    route = ToldRoute(facts(), create=[WORKED_ON], status=[when_caught])
    async with house(running, route) as at:
        case_id = (await at.heart.ask(AGENT, [Target(None, NUMBER)]))[0].id
        await asked.wait()
        looks: list[Any] = [at.advance(case_id) for _ in range(4)]
        pushes: list[Any] = [at.heart.traced("demo", {NUMBER: [scan(Stage.RETURNING, i)]}) for i in range(4)]
        asyncio.get_running_loop().call_soon(caught.set)
        await asyncio.gather(*looks, *pushes)
        await at.until(case_id, State.SUCCEEDED)
    assert await charges(running) == [(case_id, 300, "carrier")]
    assert (await kinds(running, case_id)).count("settled") == 1
