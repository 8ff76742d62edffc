"""Asking, waiting, cancelling: what a door may rely on, whatever is clicked twice or at once."""

import asyncio
import time
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from bot.carriers.contract import Ask
from bot.domain.answer import Answer, Said
from bot.domain.case import FINAL, Phase, State
from bot.domain.parcel import Stage
from bot.domain.reason import Reason, ReasonCode
from bot.interception.asking import Key, Target
from bot.interception.errors import ChoiceRequired, KeyReused, NotCancellable, NotFound, TooMany, UnknownParcels
from bot.interception.service import MOST
from bot.store.cases import Filter, cases, idempotency, row_of
from bot.store.database import Database, NotStored
from bot.store.fees import fees
from tests.interception.carrier import Kind
from tests.interception.house import NO_ANSWER, WORKED_ON, ToldRoute, at_once, facts, house
from tests.interception.shop import (
    AGENT,
    ERP,
    NEWCOMER,
    STRANGER,
    after_sale,
    closed,
    enter,
    parcel,
)

NUMBER = "75400000000001"
BODY = "digest of the body"


async def entered(database: Database) -> None:
    """Claims for one parcel, for two, for one parcel twice, and another shop's for the first parcel."""
    one, two, three = parcel(NUMBER), parcel("75400000000002"), parcel("75400000000003")
    claims = [
        after_sale("7001", one),
        after_sale("7002", two, three),
        closed(after_sale("7003", parcel("75400000000004"))),
        after_sale("7004", parcel("75400000000004")),
        after_sale("7005", parcel("75400000000005")),
        after_sale("7006", parcel("75400000000005")),
        closed(after_sale("7007", parcel("75400000000006"))),
        closed(after_sale("7008", parcel("75400000000006"))),
        after_sale("7009"),
    ]
    await database.write(lambda c: enter(c, claims))
    await database.write(lambda c: enter(c, [after_sale("9001", one, parcel("99900000000001"))], "other"))


@pytest.fixture
async def stored(running: Database) -> Database:
    """Either kind of database with these claims."""
    await entered(running)
    return running


@pytest.fixture
async def file(lone: Database) -> Database:
    """An SQLite file with these claims, where the database makes no difference."""
    await entered(lone)
    return lone


def to(number: str = NUMBER, after_sale_id: str | None = None) -> list[Target]:
    """One parcel."""
    return [Target(after_sale_id, number)]


async def count(database: Database) -> int:
    """How many records there are."""
    return await database.read(lambda c: int(c.execute(select(func.count()).select_from(cases)).scalar_one()))


# --- at once, and again -----------------------------------------------------------------------------------------------


async def test_64_clicks_at_once_are_one_call(stored: Database) -> None:
    """64 people click on one parcel in the same moment: one case, one call, and 63 are told of it (R10)."""
    async with house(stored) as at:
        items = await at_once(*(at.heart.ask(AGENT, to(), click=f"c{i}") for i in range(64)))
        refused = [item for item in items if item.state is State.REFUSED]
        mine = {item.id for item in items if item.state is not State.REFUSED}
        assert (len(refused), len(mine)) == (63, 1)
        for item in refused:
            assert [reason.code for reason in item.reasons] == [ReasonCode.ALREADY_INTERCEPTED]
            assert item.reasons[0].facts["interception_id"] in mine
        await at.until(mine.pop(), State.SUCCEEDED)
        assert len(at.route.creates) == 1
    assert await stored.read(lambda c: c.execute(select(func.count()).select_from(fees)).scalar_one()) == 1


async def test_the_same_click_64_times_is_one_case(stored: Database) -> None:
    """A click that a platform delivers again, or that is repeated in impatience, is the same interception."""
    async with house(stored) as at:
        items = await at_once(*(at.heart.ask(AGENT, to(), click="c1") for _ in range(64)))
        assert len({item.id for item in items}) == 1
        await at.until(items[0].id, State.SUCCEEDED)
        again = await at.heart.ask(AGENT, to(), click="c1")
        assert (again[0].id, again[0].state) == (items[0].id, State.SUCCEEDED)
        assert len(at.route.creates) == 1
    assert await count(stored) == 1


async def test_the_same_key_at_once_is_one_answer(stored: Database) -> None:
    """Two requests with one key in the same moment get the same interceptions, in the same order."""
    wanted = [Target("7002", "75400000000003"), Target("7002", "75400000000002")]
    async with house(stored) as at:
        answers = await asyncio.gather(*(at.heart.ask(ERP, wanted, key=Key("k", BODY)) for _ in range(16)))
        assert len({tuple(item.id for item in items) for items in answers}) == 1
        assert [item.tracking_number for item in answers[0]] == ["75400000000003", "75400000000002"]
        await at.until(answers[0][0].id, State.SUCCEEDED)
        await at.until(answers[0][1].id, State.SUCCEEDED)
        later = await at.heart.ask(ERP, wanted, key=Key("k", BODY))
        assert [(item.id, item.state) for item in later] == [(item.id, State.SUCCEEDED) for item in answers[0]]
        assert len(at.route.creates) == 2


async def test_a_key_is_not_for_another_body(stored: Database) -> None:
    """The same key with another body is refused, and nothing is done."""
    async with house(stored) as at:
        await at.heart.ask(ERP, to(), key=Key("k", BODY))
        with pytest.raises(KeyReused):
            await at.heart.ask(ERP, to("75400000000002"), key=Key("k", "another"))
        assert await count(stored) == 1
        other_shops = replace(ERP, shop_id="other")
        items = await at.heart.ask(other_shops, [Target("9001", "99900000000001")], key=Key("k", "another"))
        assert items[0].shop_id == "other"


async def test_a_request_that_was_not_taken_leaves_its_key_free(stored: Database) -> None:
    """A 4xx stores nothing: the same key may come again with the right body."""
    async with house(stored) as at:
        with pytest.raises(UnknownParcels) as told:
            await at.heart.ask(ERP, [*to(), *to("nowhere")], key=Key("k", BODY))
        assert told.value.numbers == ("nowhere",)
        assert await count(stored) == 0
        assert await stored.read(lambda c: c.execute(select(idempotency.c.key)).all()) == []
        items = await at.heart.ask(ERP, to(), key=Key("k", "the right one"))
        assert items[0].state is State.PENDING


# --- which parcel is meant --------------------------------------------------------------------------------------------


async def test_several_parcels_are_never_guessed(file: Database) -> None:
    """An after-sale with two parcels asks back with both, judged; nothing is stored."""
    async with house(file) as at:
        with pytest.raises(ChoiceRequired) as told:
            await at.heart.ask(AGENT, [Target("7002")])
        numbers = [candidate.parcel.tracking_number for candidate in told.value.candidates]
        assert numbers == ["75400000000002", "75400000000003"]
        assert all(candidate.verdict.eligible for candidate in told.value.candidates)
        assert await count(file) == 0


async def test_an_after_sale_with_one_parcel_means_that_one(file: Database) -> None:
    """Its number alone is enough."""
    async with house(file) as at:
        items = await at.heart.ask(AGENT, [Target("7001")])
        assert [item.tracking_number for item in items] == [NUMBER]


async def test_an_after_sale_without_a_parcel_has_nothing_to_choose(file: Database) -> None:
    """It is told as not found, not as a choice among none."""
    async with house(file) as at:
        with pytest.raises(UnknownParcels):
            await at.heart.ask(AGENT, [Target("7009")])


async def test_a_parcel_in_several_after_sales_means_the_only_open_one(file: Database) -> None:
    """The closed claim does not compete; two open ones, or none, must be chosen from."""
    async with house(file) as at:
        items = await at.heart.ask(AGENT, to("75400000000004"))
        assert (items[0].after_sale_id, items[0].state) == ("7004", State.PENDING)
        for number, claims in (("75400000000005", ["7005", "7006"]), ("75400000000006", ["7007", "7008"])):
            with pytest.raises(ChoiceRequired) as told:
                await at.heart.ask(AGENT, to(number))
            assert [candidate.after_sale.after_sale_id for candidate in told.value.candidates] == claims
        named = await at.heart.ask(AGENT, to("75400000000005", "7006"))
        assert named[0].after_sale_id == "7006"


async def test_a_parcel_is_asked_for_once(file: Database) -> None:
    """Duplicates once, in the order of the first; a refused one does not stop the others."""
    wanted = [*to("75400000000003"), *to(), *to("75400000000003", "7002"), *to()]
    async with house(file) as at:
        await at.heart.ask(AGENT, to())
        items = await at.heart.ask(AGENT, wanted, key=Key("k", BODY))
        assert [item.tracking_number for item in items] == ["75400000000003", NUMBER]
        assert [item.state for item in items] == [State.PENDING, State.REFUSED]
        again = await at.heart.ask(AGENT, wanted, key=Key("k", BODY))
        assert [item.id for item in again] == [item.id for item in items]


async def test_there_is_a_most(file: Database) -> None:
    """More than 500 parcels are refused as a whole."""
    async with house(file) as at:
        with pytest.raises(TooMany):
            await at.heart.ask(AGENT, [Target(None, str(i)) for i in range(MOST + 1)])


@pytest.mark.parametrize("target", [Target("9001", "99900000000001"), Target(None, "99900000000001"), Target("9001")])
async def test_another_shops_parcel_does_not_exist(file: Database, target: Target) -> None:
    """Neither its after-sale nor its parcel is known here."""
    async with house(file) as at:
        with pytest.raises(UnknownParcels):
            await at.heart.ask(AGENT, [target])


async def test_another_shops_interception_blocks_without_being_told(stored: Database) -> None:
    """R10 over all shops: the stranger is refused, without that record; and cannot see, cancel or hurry it."""
    async with house(stored) as at:
        mine = (await at.heart.ask(AGENT, to()))[0]
        theirs = (await at.heart.ask(STRANGER, [Target("9001", NUMBER)]))[0]
        assert theirs.state is State.REFUSED
        assert [(reason.code, reason.facts.get("why")) for reason in theirs.reasons] == [
            (ReasonCode.ALREADY_INTERCEPTED, "other")
        ]
        assert mine.id not in str(theirs.reasons)
        assert await at.heart.get("other", mine.id) is None
        assert await at.heart.record("other", mine.id) is None
        for verb in (at.heart.cancel, at.heart.look_again):
            with pytest.raises(NotFound):
                await verb(STRANGER, mine.id)
        assert [item.id for item in (await at.heart.records("other", Filter(), None, 10)).items] == [theirs.id]


async def test_whoever_may_not_is_refused_in_a_record(file: Database) -> None:
    """R11: an agent without the permission makes a refused record, and no call."""
    async with house(file) as at:
        items = await at.heart.ask(NEWCOMER, to())
        assert (items[0].state, items[0].reasons[0].code) == (State.REFUSED, ReasonCode.PERMISSION_DENIED)
        assert at.route.creates == []


# --- waiting ----------------------------------------------------------------------------------------------------------


async def test_waiting_ends_with_the_last_answer(stored: Database) -> None:
    """It returns as soon as all are final, far before its time."""
    async with house(stored) as at:
        items = await at.heart.ask(AGENT, [*to(), *to("75400000000002")])
        began = time.monotonic()
        ended = await at.heart.wait([item.id for item in items], 10.0)
        assert time.monotonic() - began < 5.0
        assert all(item.state in FINAL for item in ended)


async def test_waiting_ends_at_its_time(file: Database) -> None:
    """What is not final by then is returned as it is."""
    async with house(file, ToldRoute(facts(), create=[WORKED_ON])) as at:
        items = await at.heart.ask(AGENT, to())
        began = time.monotonic()
        ended = await at.heart.wait([items[0].id], 0.3)
        assert 0.25 < time.monotonic() - began < 3.0
        assert ended[0].state is State.PENDING


# --- cancelling -------------------------------------------------------------------------------------------------------


async def test_what_has_not_left_is_cancelled_at_once(stored: Database) -> None:
    """A queued ask is taken back without any call, and is never sent."""
    async with house(stored, slots=0, started=False) as at:
        asked = (await at.heart.ask(AGENT, to()))[0]
        assert asked.phase is Phase.QUEUED
        assert asked.can_cancel
        ended = await at.heart.cancel(AGENT, asked.id)
        assert ended.state is State.CANCELLED
        await at.advance(asked.id)
        assert at.route.creates == []
        with pytest.raises(NotCancellable):
            await at.heart.cancel(AGENT, asked.id)


async def test_what_the_carrier_works_on_is_taken_back_by_it(stored: Database) -> None:
    """中通's own cancel: the record ends in `cancelled`, free of charge."""
    async with house(stored, ToldRoute(facts(), create=[WORKED_ON])) as at:
        asked = (await at.heart.ask(AGENT, to()))[0]
        ended = await at.heart.cancel(AGENT, asked.id)
        assert ended.state is State.CANCELLED
    assert await stored.read(lambda c: c.execute(select(fees.c.id)).all()) == []


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


# --- doubt, defects, deaths -------------------------------------------------------------------------------------------


async def test_a_call_without_an_answer_is_repeated_and_ends(stored: Database) -> None:
    """`unknown` is committed first; the repeat carries the same id and says that it is one."""
    async with house(stored, ToldRoute(facts(), create=[NO_ANSWER, WORKED_ON], status=[Answer(Said.SUCCEEDED)])) as at:
        asked = (await at.heart.ask(AGENT, to()))[0]
        ended = await at.until(asked.id, State.SUCCEEDED)
        assert [(ask.interception_id, ask.in_doubt) for ask in at.route.creates] == [
            (asked.id, False),
            (asked.id, True),
        ]
        record = await at.heart.record("demo", ended.id)
        assert record is not None
        assert [event.kind for event in record.events][:5] == ["asked", "sent", "doubt", "sent", "answered"]


async def test_a_defect_in_a_route_is_a_doubt(stored: Database) -> None:
    """An exception out of a route leaves the row marked: it comes due, is in doubt, and the repeat settles it."""
    route = ToldRoute(facts(), create=[RuntimeError("a defect"), Answer(Said.SUCCEEDED, "R1")])
    async with house(stored, route) as at:
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
