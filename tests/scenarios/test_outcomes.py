"""What a carrier may do with a request, on every route: the end, the words, the fee, and the orders in its own log."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio

from bot.cards.card import Card
from tests.scenarios.house import FEE, FINAL, Bot, Sale, Shop, until, words

ROUTES = ("zto", "yto", "yunda")


@dataclass(frozen=True)
class Fate:
    """How an outcome ends on a route: `creates` is how often it was asked for an order, `orders` how many it made.

    `undone`: a success whose parcel goes on to the buyer all the same.
    """

    carrier: str
    outcome: str
    state: str = "succeeded"
    undone: bool = False
    code: str | None = None
    creates: int = 1
    orders: int = 1
    ground: str | None = None
    how: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """For the test's id."""
        return f"{self.outcome}{self.how.get('code', '')}-{self.carrier}"

    @property
    def settled_by(self) -> str:
        """Who debits the fee."""
        return "platform" if self.carrier == "yunda" else "carrier"


def on(outcome: str, **told: dict[str, Any]) -> list[Fate]:
    """The same outcome on every route, each with what is particular there; `all` holds for each."""
    common = told.pop("every", {})
    return [Fate(carrier, outcome, **{**common, **told.get(carrier, {})}) for carrier in ROUTES]


NO = {"state": "failed", "orders": 0}
LATE = "ALREADY_OUT_FOR_DELIVERY"
GROUND = {"zto": {"ground": "caught"}, "yto": {"ground": "accepted"}, "yunda": {"ground": "platform"}}
ASKED_AGAIN = {"zto": {"creates": 2}, "yto": {"creates": 2, "ground": "adopted"}, "yunda": {"ground": "platform"}}
FATES = [
    *on("success", **GROUND),
    *on("refuse", every=NO, zto={"code": LATE}, yto={"code": LATE}, yunda={"code": "CARRIER_RULE"}),
    *on("late_success", **GROUND),
    *on(
        "late_failure",
        zto={"state": "failed", "code": "CARRIER_RULE"},
        yto={"undone": True},
        yunda={"undone": True},
    ),
    *on("lost_answer", **ASKED_AGAIN),
    *on("slow", **ASKED_AGAIN),
    *on("http_500", every={"creates": 2}, **GROUND),
    *on("http_500_after", **ASKED_AGAIN),
    *on("malformed", **ASKED_AGAIN),
    *on("already", every={**NO, "code": "ALREADY_INTERCEPTED"}, yunda={"code": "CARRIER_RULE"}),
    *on("contradict", every={"undone": True}),
    Fate("zto", "refuse", how={"code": "E23137"}, code="AT_DELIVERY_STATION", **NO),
    Fate("zto", "refuse", how={"code": "E23144"}, code="CARRIER_ACCOUNT_NOT_AUTHORISED", **NO),
    Fate("zto", "refuse", how={"code": "E23102"}, code="NOT_OUR_WAYBILL", **NO),
    Fate("yto", "refuse", how={"code": "快件已签收，无法拦截"}, code="ALREADY_DELIVERED", **NO),
]
FEE_WORDS = {
    ("succeeded", "carrier"): "费用：{fee} 元 已从货款账户扣除",
    ("succeeded", "platform"): "费用：{fee} 元 由抖店结算，这里不再扣",
    ("contradicted", "carrier"): "费用：{fee} 元已收 已列入待核对",
    ("contradicted", "platform"): "费用：{fee} 元 由抖店结算，已列入待核对",
    ("failed", "carrier"): "费用：0.00 元 失败不收费",
    ("failed", "platform"): "费用：0.00 元 失败不收费",
}
FEE_IN_ENGLISH = {
    ("succeeded", "carrier"): "Fee: {fee} debited from the payment account",
    ("succeeded", "platform"): "Fee: {fee} settled by the platform, not debited here",
    ("contradicted", "carrier"): "Fee: {fee} charged listed for reconciliation",
    ("contradicted", "platform"): "Fee: {fee} settled by the platform, listed for reconciliation",
    ("failed", "carrier"): "Fee: ¥0.00 a failure is free",
    ("failed", "platform"): "Fee: ¥0.00 a failure is free",
}


@dataclass(frozen=True)
class World:
    """All fates of one database, decided a dozen at a time: waiting for a busy machine must not look like a doubt."""

    shop: Shop
    sales: dict[str, Sale]


async def _decide(shop: Shop, fate: Fate, sale: Sale) -> None:
    await shop.asked(sale)
    await until(
        lambda: shop.records(sale.number),
        lambda found: found[-1]["state"] in FINAL and (not fate.undone or found[-1]["way_home"] == "contradicted"),
        seconds=20,
    )


async def _world(bot: Bot) -> World:
    shop = await bot.shop()
    sales = {fate.name: await shop.sale(fate.carrier, fate.outcome, **fate.how) for fate in FATES}
    some = asyncio.Semaphore(12)

    async def decide(fate: Fate) -> None:
        async with some:
            await _decide(shop, fate, sales[fate.name])

    await asyncio.gather(*(decide(fate) for fate in FATES))
    return World(shop, sales)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sqlite_world(bot: Bot) -> World:
    """All of them on SQLite."""
    return await _world(bot)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres_world(shared_bot: Bot) -> World:
    """All of them on PostgreSQL."""
    return await _world(shared_bot)


@pytest.fixture(params=["sqlite", "postgres"])
def world(request: pytest.FixtureRequest) -> World:
    """All of them on either."""
    decided: World = request.getfixturevalue(f"{request.param}_world")
    return decided


@pytest.mark.parametrize("fate", FATES, ids=lambda fate: fate.name)
async def test_an_outcome_on_a_route(world: World, fate: Fate) -> None:
    """The right end and reason, one order at most, the fee once or never, and a card that says all of it."""
    shop, sale = world.shop, world.sales[fate.name]
    [item] = await shop.records(sale.number)
    _right_end(fate, item)
    await _right_calls(shop, fate, item)
    await _right_fee(shop, fate, item)
    _right_words(fate, item, await shop.agent.sees(f"case:{item['id']}"))
    english = shop.agent
    english.lang = "en"
    _right_words_in_english(fate, await english.sees(f"case:{item['id']}"))


def _right_end(fate: Fate, item: dict[str, Any]) -> None:
    assert (item["state"], item["way_home"] == "contradicted") == (fate.state, fate.undone)
    assert [reason["code"] for reason in item["reasons"]] == ([fate.code] if fate.code else [])
    assert all(reason["text"] and reason["remedy"] for reason in item["reasons"])


async def _right_calls(shop: Shop, fate: Fate, item: dict[str, Any]) -> None:
    creates = await shop.bot.creates(item["tracking_number"])
    assert (len(creates), sum(call["new_order"] for call in creates)) == (fate.creates, fate.orders)
    if fate.carrier == "zto":
        assert {call["request_id"] for call in creates} == {item["id"]}
    if fate.ground is not None:
        assert (await shop.row(item["id"])).ground == fate.ground


async def _right_fee(shop: Shop, fate: Fate, item: dict[str, Any]) -> None:
    owed = FEE[fate.carrier] if fate.state == "succeeded" else 0
    by = fate.settled_by if owed else None
    assert (item["fee_fen"], item["settled_by"]) == (owed, by)
    entries = await shop.fees(item["tracking_number"])
    booked = [(entry["kind"], entry["amount_fen"], entry["settled_by"], entry["interception_id"]) for entry in entries]
    assert booked == ([("charge", owed, by, item["id"])] if owed else [])


def _right_words(fate: Fate, item: dict[str, Any], card: Card) -> None:
    told, end = words(card), "contradicted" if fate.undone else fate.state
    assert FEE_WORDS[end, fate.settled_by].format(fee=f"{FEE[fate.carrier] / 100:.2f}") in told
    assert "下一步：" in told
    for reason in item["reasons"]:
        assert f"原因：{reason['text']}" in told
    if fate.undone:
        assert "冻结" in told


def _right_words_in_english(fate: Fate, card: Card) -> None:
    told, end = words(card), "contradicted" if fate.undone else fate.state
    assert FEE_IN_ENGLISH[end, fate.settled_by].format(fee=f"¥{FEE[fate.carrier] / 100:.2f}") in told
    assert "Next: " in told
    assert card.title.isascii()


async def test_a_success_that_comes_undone_turns_after_all(bot: Bot) -> None:
    """A contradicted parcel whose trace turns back is on its way home again; its fee was never in question."""
    shop = await bot.shop()
    sale = await shop.sale("yto", "contradict")
    await shop.asked(sale)
    await shop.gets(sale.number, "contradicted")
    event = {"tracking_number": sale.number, "at": "2099-01-01T08:00:00+08:00", "text": "退回件 从站点发出"}
    assert (await shop.api.post("/traces", [event])).body["accepted"] == 1
    item = await shop.gets(sale.number, "returning")
    assert (item["state"], item["fee_fen"], len(await shop.fees(sale.number))) == ("succeeded", 400, 1)


@pytest.mark.parametrize("carrier", ROUTES)
async def test_the_way_home(bot: Bot, carrier: str) -> None:
    """A success whose trace turns back is returning, then returned; state and fee stay."""
    shop = await bot.shop()
    sale = await shop.sale(carrier, "success", later_s=0.3)
    await shop.asked(sale)
    item = await shop.gets(sale.number, "returned")
    assert (item["state"], item["fee_fen"], len(await shop.fees(sale.number))) == ("succeeded", FEE[carrier], 1)
    card = await shop.agent.sees(f"case:{item['id']}", "returned")
    assert "【已退回】" in words(card)
    kinds = await shop.story(item["id"])
    assert [kind for kind in kinds if kind == "way_home"] == ["way_home"] * 2
