"""Asks that meet a fault: no answer, a defect, a death, a route that is gone, a full disk."""

import asyncio
import time

import pytest

from bot.carriers.contract import Ask
from bot.domain.answer import Answer, Said
from bot.domain.case import Phase, State
from bot.interception.asking import Key
from bot.store.cases import row_of
from bot.store.database import Database, NotStored
from tests.interception.claims import count, to
from tests.interception.house import NO_ANSWER, WORKED_ON, ToldRoute, facts, house
from tests.interception.shop import (
    AGENT,
    ERP,
)

BODY = "digest of the body"


async def test_a_call_without_an_answer_is_repeated_and_ends(claimed: Database) -> None:
    """`unknown` is committed first; the repeat carries the same id and says that it is one."""
    async with house(claimed, ToldRoute(facts(), create=[NO_ANSWER, WORKED_ON], status=[Answer(Said.SUCCEEDED)])) as at:
        asked = (await at.heart.ask(AGENT, to()))[0]
        ended = await at.until(asked.id, State.SUCCEEDED)
        assert [(ask.interception_id, ask.in_doubt) for ask in at.route.creates] == [
            (asked.id, False),
            (asked.id, True),
        ]
        record = await at.heart.record("demo", ended.id)
        assert record is not None
        assert [event.kind for event in record.events][:5] == ["asked", "sent", "doubt", "sent", "answered"]


async def test_a_defect_in_a_route_is_a_doubt(claimed: Database) -> None:
    """An exception out of a route leaves the row marked: it comes due, is in doubt, and the repeat settles it."""
    route = ToldRoute(facts(), create=[RuntimeError("a defect"), Answer(Said.SUCCEEDED, "R1")])
    async with house(claimed, route) as at:
        asked = (await at.heart.ask(AGENT, to()))[0]
        assert (await at.until(asked.id, State.SUCCEEDED)).fee_fen == 300
        assert [ask.in_doubt for ask in route.creates] == [False, True]


async def test_a_death_between_mark_and_answer_is_a_doubt(file: Database) -> None:
    """Ruling 4: what a starting process finds marked without an answer is in doubt at once, not after its time."""
    async with house(file, ToldRoute(facts(), create=[CancelledByDeath()])) as dying:
        asked = (await dying.heart.ask(AGENT, to()))[0]
    async with house(file, ToldRoute(facts())) as at:
        began = time.monotonic()
        await at.until(asked.id, State.SUCCEEDED)
        assert time.monotonic() - began < 3.0
        assert [ask.in_doubt for ask in at.route.creates] == [True]


class CancelledByDeath:
    """A call that never returns."""

    async def __call__(self, ask: Ask) -> Answer:
        await asyncio.sleep(60)
        raise AssertionError


async def test_a_route_that_is_gone_sends_nothing(file: Database) -> None:
    """A queued case whose route is not configured any more is not marked as sent; it goes out when it is again."""
    async with house(file, slots=0, started=False) as at:
        asked = (await at.heart.ask(AGENT, to()))[0]
        at.routes.route = None
        await at.advance(asked.id)
        row = await file.read(lambda c: row_of(c, asked.id))
        assert row is not None
        assert (row.phase, row.call_no, row.next_at > asked.created_at) == (Phase.QUEUED, 0, True)
        at.routes.route = at.route
        await at.advance(asked.id)
        assert len(at.route.creates) == 1


async def test_what_was_not_stored_is_told_and_nothing_is_lost(file: Database) -> None:
    """A full disk: the ask is not acknowledged, nothing is sent, no slot stays taken; afterwards it works."""
    async with house(file, slots=2) as at:
        pages = await file.write(lambda c: c.exec_driver_sql("PRAGMA page_count").scalar())
        await file.write(lambda c: c.exec_driver_sql(f"PRAGMA max_page_count = {pages}").scalar())
        taken: list[str] = []

        async def until_full() -> None:
            for i in range(500):  # what is left of the last pages takes a few more
                items = await at.heart.ask(ERP, to("75400000000002", "7002"), key=Key(f"{i:0250}", BODY))
                taken.append(items[0].id)

        with pytest.raises(NotStored):
            await until_full()
        assert await count(file) == len(taken)
        await file.write(lambda c: c.exec_driver_sql("PRAGMA max_page_count = 1000000").scalar())
        assert at.runner.take_slots(9) == 2
        at.runner.free(2)
        before = len(at.route.creates)
        items = await at.heart.ask(AGENT, to())
        await at.until(items[0].id, State.SUCCEEDED)
        assert len(at.route.creates) == before + 1
