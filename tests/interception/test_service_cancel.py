"""Cancelling: what has not left at once, what the carrier has through it, and nothing else."""

import asyncio

import pytest
from sqlalchemy import select

from bot.carriers.contract import Ask
from bot.domain.answer import Answer, Said
from bot.domain.case import Phase, State
from bot.domain.parcel import Stage
from bot.domain.reason import Reason, ReasonCode
from bot.interception.asking import Target
from bot.interception.errors import NotCancellable
from bot.store.database import Database
from bot.store.fees import fees
from tests.interception.carrier import Kind
from tests.interception.claims import NUMBER, to
from tests.interception.house import NO_ANSWER, WORKED_ON, ToldRoute, facts, house
from tests.interception.shop import (
    AGENT,
    after_sale,
    enter,
    parcel,
)


async def test_what_has_not_left_is_cancelled_at_once(claimed: Database) -> None:
    """A queued ask is taken back without any call, and is never sent."""
    async with house(claimed, slots=0, started=False) as at:
        asked = (await at.heart.ask(AGENT, to()))[0]
        assert asked.phase is Phase.QUEUED
        assert asked.can_cancel
        ended = await at.heart.cancel(AGENT, asked.id)
        assert ended.state is State.CANCELLED
        await at.advance(asked.id)
        assert at.route.creates == []
        with pytest.raises(NotCancellable):
            await at.heart.cancel(AGENT, asked.id)


async def test_what_the_carrier_works_on_is_taken_back_by_it(claimed: Database) -> None:
    """中通's own cancel: the record ends in `cancelled`, free of charge."""
    async with house(claimed, ToldRoute(facts(), create=[WORKED_ON])) as at:
        asked = (await at.heart.ask(AGENT, to()))[0]
        ended = await at.heart.cancel(AGENT, asked.id)
        assert ended.state is State.CANCELLED
    assert await claimed.read(lambda c: c.execute(select(fees.c.id)).all()) == []


async def test_a_cancel_waits_for_the_answer_of_a_call(file: Database) -> None:
    """While the call is in flight its answer is waited for, no longer than that takes."""
    called = asyncio.Event()

    async def slowly(_ask: Ask) -> Answer:
        await called.wait()
        return WORKED_ON

    async with house(file, ToldRoute(facts(), create=[slowly])) as at:
        asked = (await at.heart.ask(AGENT, to()))[0]
        asyncio.get_running_loop().call_later(0.05, called.set)
        assert (await at.heart.cancel(AGENT, asked.id)).state is State.CANCELLED


@pytest.mark.parametrize("kind", [Kind.YTO, Kind.PLATFORM, Kind.BY_HAND])
async def test_other_routes_take_nothing_back(file: Database, kind: Kind) -> None:
    """An order that left is not cancelled where the route cannot."""
    number = f"7540000000001{len(kind)}"
    claim = after_sale("8001", parcel(number, facts(kind).carrier))
    await file.write(lambda c: enter(c, [claim]))
    async with house(file, ToldRoute(facts(kind), create=[WORKED_ON])) as at:
        asked = (await at.heart.ask(AGENT, [Target("8001")]))[0]
        with pytest.raises(NotCancellable):
            await at.heart.cancel(AGENT, asked.id)
        assert (await at.until(asked.id, State.PENDING)).phase is Phase.WATCHING


async def test_the_carrier_says_why_it_takes_nothing_back(file: Database) -> None:
    """Its refusal is passed on, and the case goes on."""
    reason = Reason(ReasonCode.CARRIER_RULE, carrier_code="E23130", carrier_text="已拦截成功，不能取消")
    route = ToldRoute(facts(), create=[WORKED_ON], back=[Answer(Said.REFUSED, reason=reason)])
    async with house(file, route) as at:
        asked = (await at.heart.ask(AGENT, to()))[0]
        with pytest.raises(NotCancellable) as told:
            await at.heart.cancel(AGENT, asked.id)
        assert told.value.reason == reason
        assert (await at.heart.get("demo", asked.id) or asked).state is State.PENDING


async def test_a_cancel_without_an_answer_is_told_by_the_status(file: Database) -> None:
    """It may have been cancelled: the status that is followed anyway says so."""
    route = ToldRoute(facts(), create=[WORKED_ON], status=[WORKED_ON], back=[NO_ANSWER])
    async with house(file, route) as at:
        asked = (await at.heart.ask(AGENT, to()))[0]
        await asyncio.sleep(0.1)
        route.status = [Answer(Said.CANCELLED, "R1")]
        assert (await at.heart.cancel(AGENT, asked.id)).state is State.PENDING
        assert (await at.until(asked.id, State.CANCELLED)).fee_fen == 0


async def test_a_case_that_ended_meanwhile_is_not_called_cancelled(file: Database) -> None:
    """The parcel was caught while the carrier was asked to take the order back: whoever asked hears that it is over."""

    async def caught_meanwhile(ask: Ask) -> Answer:
        turned = parcel(NUMBER, stage=Stage.RETURNING).trace
        await at.heart.traced("demo", {NUMBER: turned})
        return Answer(Said.CANCELLED, ask.reference)

    async with house(file, ToldRoute(facts(), create=[WORKED_ON], back=[caught_meanwhile])) as at:
        asked = (await at.heart.ask(AGENT, to()))[0]
        with pytest.raises(NotCancellable):
            await at.heart.cancel(AGENT, asked.id)
        assert (await at.until(asked.id, State.SUCCEEDED)).fee_fen == 300
