"""R1–R11 at their boundaries, as a merchant's system and an agent meet them."""

from __future__ import annotations

from typing import Any

import pytest

from bot.domain.people import Permission, Scope
from bot.merchants import keys, permissions
from bot.store.database import now
from tests.scenarios.house import Bot, words
from tests.scenarios.wire import ON_ITS_WAY, PICKED_UP, SHIRT


def priced(fen: int, quantity: int = 1, **over: Any) -> dict[str, Any]:
    """An item of that price apiece."""
    return {**SHIRT, "price_fen": fen, "quantity": quantity, **over}


def then(text: str) -> dict[str, Any]:
    """A trace whose newest event says so."""
    return {"trace": [PICKED_UP, ON_ITS_WAY, {"at": "2026-11-24T08:00:00+08:00", "text": text}]}


MAY: dict[str, dict[str, Any]] = {
    "R5: 999.99": {"items": [priced(99_999)]},
    "R5: 3 × 333.33": {"items": [priced(33_333, 3)]},
    "R5: stated below, items above": {"items": [priced(150_000)], "value_fen": 99_999},
    "R4: ordinary words": {"items": [priced(9_900, category="shoes"), priced(100, category="杂货")]},
    "R8: yto": {"carrier": "yto"},
    "R8: yunda": {"carrier": "yunda"},
    "R8: the largest int64": {"carrier": "yunda", "after_sale_id": "9223372036854775807"},
    "R8: no int64, but no platform either": {"carrier": "zto", "after_sale_id": "AS-2026-A"},
    "R9: picked up": {"trace": [PICKED_UP]},
    "R9: in transit": {},
    "R9: at the station": then("快件到达派件城市【苏州市】，等待网点派送"),
    "R9: a problem": then("投递失败，柜满退出，快递员将再次联系您"),
    "R9: forwarded": {"carrier": "zto", **then("快件已转单，新运单号 73100000000001，由第三方继续派送")},
    "R9: words that nobody knows": then("【昆明官渡网点】库存盘点"),
    "R9: no trace at all": {"trace": []},
}

EXCLUDED = ["fresh_food", "virtual", "jewellery", "antiques", "second_hand", "tea"]
EXCLUDED += ["large_appliance", "made_to_order"]

MAY_NOT: dict[str, tuple[str, str, dict[str, Any]]] = {
    "R5: 1000.00": ("VALUE_TOO_HIGH", "R5", {"items": [priced(100_000)]}),
    "R5: 2 × 500.00": ("VALUE_TOO_HIGH", "R5", {"items": [priced(50_000, 2)]}),
    "R5: stated above, items below": ("VALUE_TOO_HIGH", "R5", {"items": [priced(100)], "value_fen": 100_000}),
    "R6: return and refund": ("NOT_REFUND_ONLY", "R6", {"type": "return_refund"}),
    "R6: exchange": ("NOT_REFUND_ONLY", "R6", {"type": "exchange"}),
    "R7: closed": ("AFTER_SALE_CLOSED", "R7", {"status": "closed"}),
    "R8: sf": ("CARRIER_NOT_SUPPORTED", "R8", {"carrier": "sf"}),
    "R8: jd": ("CARRIER_NOT_SUPPORTED", "R8", {"carrier": "jd"}),
    "R8: platform, a word": ("CARRIER_NOT_SUPPORTED", "R8", {"carrier": "yunda", "after_sale_id": "AS-2026-B"}),
    "R8: platform, 2^63": ("CARRIER_NOT_SUPPORTED", "R8", {"carrier": "yunda", "after_sale_id": "9223372036854775808"}),
    "R9: created": ("NOT_PICKED_UP", "R9", {"trace": [{**PICKED_UP, "text": "包裹等待揽收中"}]}),
    "R9: out for delivery": ("ALREADY_OUT_FOR_DELIVERY", "R9", then("【成都】派件员正在为您派件")),
    "R9: at a cabinet": ("ALREADY_OUT_FOR_DELIVERY", "R9", then("快件已投入丰巢快递柜，请凭取件码取件")),
    "R9: delivered": ("ALREADY_DELIVERED", "R9", then("已签收，签收人：本人")),
    "R9: refused": ("ALREADY_RETURNING", "R9", then("收件人拒收，包裹将原路退回")),
    "R9: returning": ("ALREADY_RETURNING", "R9", then("退回件 从站点发出，本次转运目的地：浙江义乌分拨中心")),
    "R9: returned": ("ALREADY_RETURNING", "R9", then("拦截退回已签收")),
    "R10: a mark of somebody else's": ("ALREADY_INTERCEPTED", "R10", then("订单拦截成功")),
} | {
    f"R4: {category}": ("CATEGORY_EXCLUDED", "R4", {"items": [SHIRT, priced(100, category=category, name="明前茶")]})
    for category in EXCLUDED
}


@pytest.mark.parametrize("over", MAY.values(), ids=MAY.keys())
async def test_what_may_go(bot: Bot, over: dict[str, Any]) -> None:
    """Just inside each rule: the request goes out."""
    shop = await bot.shop()
    item = await shop.asked(await shop.sale(**over))
    assert (item["state"], item["reasons"]) in [("pending", []), ("succeeded", [])]


@pytest.mark.parametrize("code, rule, over", MAY_NOT.values(), ids=MAY_NOT.keys())
async def test_what_may_not(bot: Bot, code: str, rule: str, over: dict[str, Any]) -> None:
    """Just outside: a record in `refused` with one reason, its number and what would have to change; nothing leaves."""
    shop = await bot.shop()
    sale = await shop.sale(**over)
    answer = await shop.ask(sale)
    [item] = answer.body["items"]
    assert (answer.status, item["state"], item["fee_fen"]) == (200, "refused", 0)
    [reason] = item["reasons"]
    assert (reason["code"], reason["rule"], reason["carrier_code"]) == (code, rule, None)
    assert reason["text"]
    assert reason["remedy"]
    card = (await shop.agent.types(f"/intercept {sale.number}")).card
    assert card is not None
    assert [(told.code, told.rule, bool(told.text)) for told in card.parcels[0].reasons] == [(code, rule, True)]
    assert "没有发出，也没有收费" in words(card)
    assert not [button for button in card.buttons if button.action.startswith("confirm.")]
    assert await bot.creates(sale.number) == []


@pytest.mark.parametrize(
    "facts, code, rule",
    [
        ({"cross_border": True}, "CROSS_BORDER_SHOP", "R1"),
        ({"active": False}, "SHOP_NOT_ACTIVE", "R2"),
        ({"signed": False}, "AGREEMENT_NOT_SIGNED", "R3"),
    ],
)
async def test_which_shop_may_not(bot: Bot, facts: dict[str, bool], code: str, rule: str) -> None:
    """A cross-border shop, one that is not in operation, and one that has not signed intercept nothing."""
    shop = await bot.shop(**facts)
    item = await shop.asked(await shop.sale())
    assert [(reason["code"], reason["rule"]) for reason in item["reasons"]] == [(code, rule)]


EVERYTHING = {
    "carrier": "sf",
    "type": "exchange",
    "status": "closed",
    "items": [priced(120_000, category="tea", name="茉莉花茶")],
    **then("已签收，签收人：本人"),
}
NUMBERS = ["R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9"]


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_every_failing_rule_is_told(bot: Bot, lang: str) -> None:
    """The first refusal hides none of the others: all in order, with number and remedy, in the language asked for."""
    shop = await bot.shop(signed=False, active=False, cross_border=True)
    sale = await shop.sale(**EVERYTHING)
    [item] = (await shop.api.ask({"after_sale_id": sale.id}, lang=lang)).body["items"]
    assert [reason["rule"] for reason in item["reasons"]] == NUMBERS
    told = " ".join(reason["text"] + reason["remedy"] for reason in item["reasons"])
    for fact in {"zh": ["茉莉花茶", "1,200.00 元", "中通、韵达、圆通"], "en": ["tea", "¥1,200.00", "ZTO, Yunda, YTO"]}[
        lang
    ]:
        assert fact in told


@pytest.mark.parametrize("lang, one", [("zh", "R7 售后单已经完结"), ("en", "R7 The after-sale is finished")])
async def test_a_card_tells_every_failing_rule(bot: Bot, lang: str, one: str) -> None:
    """Typed, the same parcel shows the same reasons, the newcomer's own among them, and has nothing to confirm."""
    shop = await bot.shop(signed=False, active=False, cross_border=True)
    sale = await shop.sale(**EVERYTHING)
    newcomer = shop.person("newcomer")
    newcomer.lang = lang
    card = (await newcomer.types(f"/intercept {sale.number}")).card
    assert card is not None
    assert [reason.rule for reason in card.parcels[0].reasons] == ["R11", *reversed(NUMBERS)]  # the nearest first
    assert all(reason.text and reason.fix for reason in card.parcels[0].reasons)
    assert one in words(card)
    assert not [button for button in card.buttons if button.action.startswith("confirm.")]


# --- R10 -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("carrier, outcome", [("zto", "late_success"), ("yto", "success"), ("yunda", "success")])
async def test_no_second_interception(any_bot: Bot, carrier: str, outcome: str) -> None:
    """While one is under way or has succeeded a second ask is refused with that record; nothing more is sent."""
    shop = await any_bot.shop()
    sale = await shop.sale(carrier, outcome, later_s=30)
    first = await shop.asked(sale)
    second = await shop.asked(sale)
    assert (second["state"], [reason["code"] for reason in second["reasons"]]) == ("refused", ["ALREADY_INTERCEPTED"])
    assert f"记录 #{(await shop.row(first['id'])).seq}" in second["reasons"][0]["text"]
    assert len(await any_bot.creates(sale.number)) == 1


async def test_its_own_way_back_is_no_second_reason(bot: Bot) -> None:
    """While the parcel has an interception of ours, R9 is not evaluated."""
    shop = await bot.shop()
    sale = await shop.sale("yto", "success", later_s=0.2)
    await shop.asked(sale)
    await shop.gets(sale.number, "returned")
    item = await shop.asked(sale)
    assert [reason["rule"] for reason in item["reasons"]] == ["R10"]


async def test_another_shops_interception_is_not_told(bot: Bot) -> None:
    """The same parcel in another shop is blocked as well, without the record and without its number."""
    mine, theirs = await bot.shop(), await bot.shop()
    sale = await theirs.sale("zto", "late_success", later_s=30)
    first = await theirs.asked(sale)
    copy = await mine.sale("zto", tracking_number=sale.number)
    item = await mine.asked(copy)
    [reason] = item["reasons"]
    assert (reason["code"], reason["text"]) == ("ALREADY_INTERCEPTED", "这个包裹已有别处发起的拦截")
    assert first["id"] not in str(item)
    assert (await mine.api.get(f"/interceptions/{first['id']}")).code == "NOT_FOUND"


@pytest.mark.parametrize("carrier", ["zto", "yto", "yunda"])
async def test_after_a_failure_one_may_ask_again(bot: Bot, carrier: str) -> None:
    """A refusal by the carrier does not block: asking again is a new interception, and may rightly make an order."""
    shop = await bot.shop()
    sale = await shop.sale(carrier, "refuse")
    first = await shop.asked(sale, wait=5)
    assert (first["state"], await bot.orders(sale.number)) == ("failed", 0)
    bot.twin.arm(sale.number, "success")
    second = await shop.asked(sale, wait=5)
    assert second["id"] != first["id"]
    assert (second["state"], await bot.orders(sale.number)) == ("succeeded", 1)


# --- R11 -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("login, arbitration", [("owner", False), ("agent", False), ("platform", True)])
async def test_who_may(bot: Bot, login: str, arbitration: bool) -> None:  # noqa: FBT001 - pytest's own
    """The owner, an agent with the logistics tools, and a platform agent in arbitration; each origin is recorded."""
    shop = await bot.shop()
    sale = await shop.sale("yto", "success", in_arbitration=arbitration)
    card = (await shop.person(login).types(f"/intercept {sale.id}")).card
    await shop.person(login).picks(card, sale.number)
    item = await shop.ends(sale.number)
    origin = "platform_agent" if login == "platform" else "agent"
    assert (item["state"], item["origin"], item["fee_fen"]) == ("succeeded", origin, 400)
    assert [entry["amount_fen"] for entry in await shop.fees(sale.number)] == [400]


@pytest.mark.parametrize(
    "login, says", [("newcomer", "你还不能拦截"), ("platform", "R11 平台客服只在售后单处于仲裁时能拦")]
)
async def test_who_may_not(bot: Bot, login: str, says: str) -> None:
    """An agent without the permission and a platform agent out of arbitration are told so and where it is granted."""
    shop = await bot.shop()
    sale = await shop.sale("zto", "success")
    reply = await shop.person(login).types(f"/intercept {sale.id}")
    assert says in words(reply.card)
    assert await shop.records(sale.number) == []


async def test_a_permission_counts_at_the_moment_of_confirming(bot: Bot) -> None:
    """Taken away between the card and the click, the confirmation does nothing and says why."""
    shop = await bot.shop()
    sale = await shop.sale("zto", "success")
    card = (await shop.agent.types(f"/intercept {sale.id}")).card
    owner = (await shop.owner.incoming()).asker
    person = (await shop.agent.incoming()).asker.person_id or ""
    await bot.database.write(lambda c: permissions.revoke(c, owner, person, Permission.LOGISTICS_TOOLS, now(c)))
    reply = await shop.agent.picks(card, sale.number)
    assert "R11" in words(reply.card)
    assert await bot.creates(sale.number) == []


@pytest.mark.parametrize(
    "scopes, status",
    [
        ([Scope.INTERCEPTIONS_WRITE], 202),
        ([Scope.INTERCEPTIONS_READ, Scope.DATA_WRITE, Scope.LEDGER_READ], 403),
    ],
)
async def test_a_key_needs_the_scope(bot: Bot, scopes: list[Scope], status: int) -> None:
    """A merchant's system intercepts with `interceptions:write` alone; any other scope is no permission."""
    shop = await bot.shop()
    sale = await shop.sale("zto", "late_success", later_s=30)
    answer = await (await bot.key(shop.id, *scopes)).ask({"after_sale_id": sale.id})
    assert answer.status == status
    if status == 403:
        assert answer.code == "PERMISSION_DENIED"
    else:
        assert answer.body["items"][0]["origin"] == "api"


async def test_a_revoked_key_counts_no_more(bot: Bot) -> None:
    """From the moment it is revoked nobody is known by it."""
    shop = await bot.shop()
    sale = await shop.sale()
    key_id, key = await bot.database.write(lambda c: keys.create(c, shop.id, list(Scope), "ERP", now(c)))
    shop.api.key = key
    assert (await shop.api.get("/interceptions")).status == 200
    await bot.database.write(lambda c: keys.revoke(c, key_id, now(c)))
    assert (await shop.ask(sale)).code == "UNAUTHENTICATED"


async def test_another_shops_parcel_does_not_exist(bot: Bot) -> None:
    """At every door: 404 with the number for a system, 「查不到」 for an agent; nothing hints at the other shop."""
    mine, theirs = await bot.shop(), await bot.shop()
    sale = await theirs.sale("zto", "success")
    answer = await mine.ask(tracking_numbers=[sale.number])
    assert (answer.status, answer.code, answer.body["tracking_numbers"]) == (404, "NOT_FOUND", [sale.number])
    assert (await mine.ask(after_sale_id=sale.id)).status == 404
    assert "查不到这个单号" in words((await mine.agent.types(f"/intercept {sale.number}")).card)
    assert await bot.calls(sale.number) == []


async def test_a_record_keeps_the_rules_of_its_moment(bot: Bot) -> None:
    """Each interception keeps what every rule found when it was asked for, and under which version."""
    shop = await bot.shop()
    item = await shop.asked(await shop.sale("zto", "late_success", later_s=30))
    row = await shop.row(item["id"])
    assert [(check["rule"], check["passed"]) for check in row.checks] == [(f"R{n}", True) for n in range(1, 12)]
    assert row.rules_version
