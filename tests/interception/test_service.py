"""Asking and waiting: what a door may rely on, whatever is clicked twice or at once."""

import asyncio
import time
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from bot.carriers.contract import Ask
from bot.domain.after_sale import AfterSale
from bot.domain.case import FINAL, State
from bot.domain.parcel import Stage, TraceEvent
from bot.domain.reason import ReasonCode
from bot.interception.asking import Key, Target
from bot.interception.errors import ChoiceRequired, KeyReused, NotFound, TooMany, UnknownParcels
from bot.interception.service import MOST
from bot.store.cases import Filter, idempotency
from bot.store.database import Database
from bot.store.fees import fees
from tests.interception.claims import NUMBER, count, to
from tests.interception.house import WORKED_ON, House, ToldRoute, at_once, facts, house
from tests.interception.shop import AGENT, ERP, NEWCOMER, STRANGER, event

BODY = "digest of the body"


# --- at once, and again -----------------------------------------------------------------------------------------------


async def test_64_clicks_at_once_are_one_call(claimed: Database) -> None:
    """64 people click on one parcel in the same moment: one case, one call, and 63 are told of it (R10)."""
    async with house(claimed) as at:
        items = await at_once(*(at.heart.ask(AGENT, to(), click=f"c{i}") for i in range(64)))
        refused = [item for item in items if item.state is State.REFUSED]
        mine = {item.id for item in items if item.state is not State.REFUSED}
        assert (len(refused), len(mine)) == (63, 1)
        for item in refused:
            assert [reason.code for reason in item.reasons] == [ReasonCode.ALREADY_INTERCEPTED]
            assert item.reasons[0].facts["interception_id"] in mine
        await at.until(mine.pop(), State.SUCCEEDED)
        assert len(at.route.creates) == 1
    assert await claimed.read(lambda c: c.execute(select(func.count()).select_from(fees)).scalar_one()) == 1


async def test_the_same_click_64_times_is_one_case(claimed: Database) -> None:
    """A click that a platform delivers again, or that is repeated in impatience, is the same interception."""
    async with house(claimed) as at:
        items = await at_once(*(at.heart.ask(AGENT, to(), click="c1") for _ in range(64)))
        assert len({item.id for item in items}) == 1
        await at.until(items[0].id, State.SUCCEEDED)
        again = await at.heart.ask(AGENT, to(), click="c1")
        assert (again[0].id, again[0].state) == (items[0].id, State.SUCCEEDED)
        assert len(at.route.creates) == 1
    assert await count(claimed) == 1


async def test_the_same_key_at_once_is_one_answer(claimed: Database) -> None:
    """Two requests with one key in the same moment get the same interceptions, in the same order."""
    wanted = [Target("7002", "75400000000003"), Target("7002", "75400000000002")]
    async with house(claimed) as at:
        answers = await asyncio.gather(*(at.heart.ask(ERP, wanted, key=Key("k", BODY)) for _ in range(16)))
        assert len({tuple(item.id for item in items) for items in answers}) == 1
        assert [item.tracking_number for item in answers[0]] == ["75400000000003", "75400000000002"]
        await at.until(answers[0][0].id, State.SUCCEEDED)
        await at.until(answers[0][1].id, State.SUCCEEDED)
        later = await at.heart.ask(ERP, wanted, key=Key("k", BODY))
        assert [(item.id, item.state) for item in later] == [(item.id, State.SUCCEEDED) for item in answers[0]]
        assert len(at.route.creates) == 2


async def test_a_key_is_not_for_another_body(claimed: Database) -> None:
    """The same key with another body is refused, and nothing is done."""
    async with house(claimed) as at:
        await at.heart.ask(ERP, to(), key=Key("k", BODY))
        with pytest.raises(KeyReused):
            await at.heart.ask(ERP, to("75400000000002"), key=Key("k", "another"))
        assert await count(claimed) == 1
        other_shops = replace(ERP, shop_id="other")
        items = await at.heart.ask(other_shops, [Target("9001", "99900000000001")], key=Key("k", "another"))
        assert items[0].shop_id == "other"


async def test_a_request_that_was_not_taken_leaves_its_key_free(claimed: Database) -> None:
    """A 4xx stores nothing: the same key may come again with the right body."""
    async with house(claimed) as at:
        with pytest.raises(UnknownParcels) as told:
            await at.heart.ask(ERP, [*to(), *to("nowhere")], key=Key("k", BODY))
        assert told.value.numbers == ("nowhere",)
        assert await count(claimed) == 0
        assert await claimed.read(lambda c: c.execute(select(idempotency.c.key)).all()) == []
        items = await at.heart.ask(ERP, to(), key=Key("k", "the right one"))
        assert items[0].state is State.PENDING


# --- which parcel is meant --------------------------------------------------------------------------------------------


async def test_several_parcels_are_never_guessed(file: Database) -> None:
    """An after-sale with two parcels asks back with both, judged; nothing is claimed."""
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


async def test_another_shops_interception_blocks_without_being_told(claimed: Database) -> None:
    """R10 over all shops: the stranger is refused, without that record; and cannot see, cancel or hurry it."""
    async with house(claimed) as at:
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


async def test_waiting_ends_with_the_last_answer(claimed: Database) -> None:
    """It returns as soon as all are final, far before its time."""
    async with house(claimed) as at:
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


# --- before the ask ---------------------------------------------------------------------------------------------------


async def test_a_confirmation_asks_the_carrier_once_more(claimed: Database) -> None:
    """Ruling 10: a fresh trace that proves it too late refuses; it is stored, so that the ask sees it as well."""
    route = ToldRoute(facts(), events=[event(Stage.OUT_FOR_DELIVERY)])
    async with house(claimed, route) as at:
        stored = await at.heart.candidates(AGENT, "7001")
        assert [candidate.verdict.eligible for candidate in stored] == [True]
        fresh = await at.heart.candidates(AGENT, "7001", fresh=True)
        assert [candidate.reading.stage for candidate in fresh] == [Stage.OUT_FOR_DELIVERY]
        items = await at.heart.ask(AGENT, to())
        assert [reason.code for reason in items[0].reasons] == [ReasonCode.ALREADY_OUT_FOR_DELIVERY]
        assert route.creates == []


async def test_a_confirmation_does_not_wait_for_a_slow_carrier(file: Database) -> None:
    """After 0.8 s what is stored is enough; a defect in a route is no reason to refuse either."""

    class Slow(ToldRoute):
        async def trace(self, ask: Ask) -> list[TraceEvent] | None:
            if ask.tracking_number == "75400000000002":
                raise RuntimeError("a defect")
            await asyncio.sleep(60)
            return None

    async with house(file, Slow(facts())) as at:
        began = time.monotonic()
        found = await at.heart.candidates(AGENT, "7002", fresh=True)
        assert 0.7 < time.monotonic() - began < 3.0
        assert [candidate.verdict.eligible for candidate in found] == [True, True]


async def test_another_shops_after_sale_has_no_candidates(file: Database) -> None:
    """It does not exist here."""
    async with house(file) as at:
        assert await at.heart.candidates(AGENT, "9001") == []
        assert await at.heart.find("demo", ["9001", NUMBER]) == {"9001": [], NUMBER: (await claims_of(at))}


async def claims_of(at: House) -> list[AfterSale]:
    """The after-sales of the first parcel."""
    return (await at.heart.find("demo", [NUMBER]))[NUMBER]
