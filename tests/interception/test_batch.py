"""Many parcels at once: checked, confirmed once, opened chunk by chunk, resumed after a death."""

import asyncio

import pytest
from sqlalchemy import select

from bot.carriers.contract import Ask
from bot.domain.answer import Answer
from bot.domain.case import FINAL, State
from bot.domain.people import Asker, Permission, Role
from bot.interception.asking import Target
from bot.interception.batch import CHUNK, Batch, BatchState, Outcome
from bot.interception.errors import NotFound, TooMany
from bot.interception.service import MOST
from bot.merchants import people, permissions
from bot.merchants.passwords import Cost, hash_password
from bot.merchants.permissions import PermissionDenied
from bot.store.cases import Filter
from bot.store.database import Database
from bot.store.events import live_events
from tests.interception.house import CAUGHT, House, ToldRoute, facts, house
from tests.interception.shop import NEWCOMER, START, STRANGER, after_sale, closed, enter, parcel

QUICK = Cost(log_n=4, passes=1)


async def person(database: Database) -> Asker:
    """An agent who may intercept and is known to the house: the runner looks permissions up again."""

    def make(c: object) -> str:
        password = hash_password("x", QUICK)
        owner = people.create(c, "demo", "owner", "陈老板", Role.OWNER, password=password, at=START)  # type: ignore[arg-type]
        agent = people.create(c, "demo", "agent", "周琳", Role.AGENT, password=password, at=START)  # type: ignore[arg-type]
        by = permissions.asker(c, people.get(c, owner))  # type: ignore[arg-type]
        permissions.grant(c, by, agent, Permission.LOGISTICS_TOOLS, START)  # type: ignore[arg-type]
        return agent

    agent_id = await database.write(make)
    return await database.read(lambda c: permissions.asker(c, people.get(c, agent_id)))  # type: ignore[arg-type]


async def numbered(database: Database, count: int) -> list[str]:
    """So many parcels, each of a claim of its own."""
    numbers = [f"754{i:011d}" for i in range(count)]
    await database.write(lambda c: enter(c, [after_sale(f"A{n}", parcel(n)) for n in numbers]))
    return numbers


async def done(at: House, batch_id: str, seconds: float = 20.0) -> Batch:
    """The batch when nothing is left to open and everything has ended."""
    async with asyncio.timeout(seconds):
        while True:
            batch = await at.batches.get("demo", batch_id)
            assert batch is not None
            if batch.state is BatchState.DONE and all(row.case and row.case.state in FINAL for row in batch.rows):
                return batch
            await asyncio.sleep(0.02)


async def test_what_was_pasted_is_told_row_by_row(running: Database) -> None:
    """Eligible, refused, unknown, several: each number once, in its order, with reasons; nothing is sent or stored as a
    case.
    """
    one, two = parcel("75400000000001"), parcel("75400000000002")
    claims = [
        after_sale("7001", one, order_id="6001"),
        after_sale("7002", two, parcel("75400000000003"), order_id="6002"),
        closed(after_sale("7003", parcel("75400000000004"))),
        after_sale("7005", parcel("75400000000005")),
        after_sale("7006", parcel("75400000000005")),
    ]
    await running.write(lambda c: enter(c, claims))
    pasted = ["75400000000001", "7001", "6002", "75400000000004", "75400000000005", "nowhere", "x" * 300, "7001"]
    async with house(running) as at:
        batch = await at.batches.draft(await person(running), pasted)
        told = [(row.typed[:14], row.tracking_number, row.outcome) for row in batch.rows]
        assert told == [
            ("75400000000001", "75400000000001", Outcome.ELIGIBLE),
            ("6002", "75400000000002", Outcome.ELIGIBLE),
            ("6002", "75400000000003", Outcome.ELIGIBLE),
            ("75400000000004", "75400000000004", Outcome.REFUSED),
            ("75400000000005", None, Outcome.SEVERAL),
            ("nowhere", None, Outcome.NOT_FOUND),
            ("x" * 14, None, Outcome.NOT_FOUND),
        ]
        assert [reason.code.value for reason in batch.rows[3].reasons] == ["AFTER_SALE_CLOSED"]
        assert (batch.rows[0].fee_fen, batch.rows[0].carrier) == (300, "zto")
        assert batch.state is BatchState.DRAFTED
        assert (await at.heart.records("demo", Filter(), None, 10)).items == []
        assert at.route.creates == []


async def test_there_is_a_most(lone: Database) -> None:
    """Ruling 20: 500 numbers, no more; none is fine as well."""
    async with house(lone) as at:
        agent = await person(lone)
        with pytest.raises(TooMany):
            await at.batches.draft(agent, [str(i) for i in range(MOST + 1)])
        assert (await at.batches.draft(agent, [])).rows == ()


async def test_many_survive_a_death_in_the_middle(running: Database) -> None:
    """Confirmed once, killed while it runs, started again: as many cases, calls and fees as parcels, each once."""
    count = 90 if running.shared else MOST
    numbers = await numbered(running, count)
    agent = await person(running)
    enough = asyncio.Event()

    async def caught(_ask: Ask) -> Answer:
        if len(dying.route.creates) >= 60:
            enough.set()
        return CAUGHT

    async with house(running, ToldRoute(facts(), create=[caught])) as dying:
        batch = await dying.batches.draft(agent, numbers)
        await dying.batches.confirm(agent, batch.id)
        async with asyncio.timeout(20):
            await enough.wait()
    assert 60 <= len(dying.route.creates) < count
    async with house(running) as at:
        ended = await done(at, batch.id, 60.0)
        assert {row.case.state for row in ended.rows if row.case} == {State.SUCCEEDED}
        assert len({row.case.id for row in ended.rows if row.case}) == count
        asked = {ask.interception_id for ask in (*dying.route.creates, *at.route.creates)}
        assert len(asked) == count
        sums = await at.heart.sums("demo", Filter())
        assert (sums.count, sums.fee_fen) == (count, count * 300)


async def test_a_chunk_that_runs_twice_opens_nothing_twice(lone: Database) -> None:
    """A death between a case and its note in the batch: the row's click finds the same case again."""
    numbers = await numbered(lone, 3)
    agent = await person(lone)
    async with house(lone, started=False) as at:
        batch = await at.batches.draft(agent, numbers)
        await at.batches.confirm(agent, batch.id)
        before = await at.heart.ask(agent, [Target(None, numbers[0])], click=f"{batch.id}:0")
        await asyncio.gather(at.batches.advance(batch.id), at.batches.advance(batch.id))
        ended = await at.batches.get("demo", batch.id)
        assert ended is not None
        assert ended.rows[0].case is not None
        assert ended.rows[0].case.id == before[0].id
        assert (await at.heart.sums("demo", Filter())).count == 3


async def test_a_paused_batch_opens_nothing_more(lone: Database) -> None:
    """What was opened goes on, the rest waits until it is continued."""
    numbers = await numbered(lone, CHUNK + 5)
    agent = await person(lone)
    async with house(lone, started=False) as at:
        batch = await at.batches.draft(agent, numbers)
        await at.batches.confirm(agent, batch.id)
        await at.batches.advance(batch.id)
        assert (await at.batches.pause(agent, batch.id)).state is BatchState.PAUSED
        await at.batches.advance(batch.id)
        paused = await at.batches.get("demo", batch.id)
        assert paused is not None
        assert [row.outcome for row in paused.rows] == [Outcome.CASE] * CHUNK + [Outcome.ELIGIBLE] * 5
        await at.batches.go_on(agent, batch.id)
        await at.batches.advance(batch.id)
        ended = await at.batches.get("demo", batch.id)
        assert ended is not None
        assert ended.state is BatchState.DONE


async def test_it_is_confirmed_once(lone: Database) -> None:
    """The second confirmation changes nothing, not even who confirmed."""
    numbers = await numbered(lone, 1)
    agent = await person(lone)
    async with house(lone, started=False) as at:
        batch = await at.batches.draft(agent, numbers)
        first = await at.batches.confirm(agent, batch.id)
        again = await at.batches.confirm(agent, batch.id)
        assert (again.confirmed_at, again.version) == (first.confirmed_at, first.version)


async def test_another_shops_batch_does_not_exist(lone: Database) -> None:
    """It can neither be seen nor confirmed; and whoever may not intercept confirms nothing."""
    agent = await person(lone)
    async with house(lone, started=False) as at:
        batch = await at.batches.draft(agent, ["nowhere"])
        assert await at.batches.get("other", batch.id) is None
        with pytest.raises(NotFound):
            await at.batches.confirm(STRANGER, batch.id)
        with pytest.raises(PermissionDenied):
            await at.batches.confirm(NEWCOMER, batch.id)


async def test_a_parcel_that_was_taken_meanwhile_is_refused_in_its_row(lone: Database) -> None:
    """Between the check and the confirmation somebody else clicked: R10 refuses that row, the others go on."""
    numbers = await numbered(lone, 2)
    agent = await person(lone)
    async with house(lone) as at:
        batch = await at.batches.draft(agent, numbers)
        await at.heart.ask(agent, [Target(None, numbers[0])], click="somebody")
        await at.batches.confirm(agent, batch.id)
        ended = await done(at, batch.id)
        assert [row.case.state for row in ended.rows if row.case] == [State.REFUSED, State.SUCCEEDED]


async def test_live_pages_hear_of_each_row(lone: Database) -> None:
    """Every case of a batch that moves raises the batch's version."""
    numbers = await numbered(lone, 2)
    agent = await person(lone)
    async with house(lone) as at:
        batch = await at.batches.draft(agent, numbers)
        await at.batches.confirm(agent, batch.id)
        ended = await done(at, batch.id)
    told = select(live_events.c.version).where(live_events.c.target == f"batch:{batch.id}").order_by(live_events.c.id)
    versions = await lone.read(lambda c: list(c.execute(told).scalars()))
    assert versions == sorted(set(versions))
    assert versions[-1] == ended.version
    assert len(versions) >= 1 + 2 + 2
