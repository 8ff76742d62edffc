"""The card story at the desk: what people type and press, and what they are shown for it (U1–U6)."""

from __future__ import annotations

import pytest

from tests.scenarios.house import Bot, until, words
from tests.scenarios.wire import fresh_number, parcel

BOTH = {"agree_service": ("on",), "agree_debit": ("on",)}


@pytest.mark.parametrize("by", ["after-sale", "order", "tracking number"])
async def test_from_a_number_to_a_result(bot: Bot, by: str) -> None:
    """Each kind of number leads to a confirmation, and that to a result with reference, fee and place."""
    shop = await bot.shop()
    sale = await shop.sale("zto", "success")
    number = {"after-sale": sale.id, "order": sale.order_id, "tracking number": sale.number}[by]
    asked = await shop.agent.types(f"/intercept {number}")
    for fact in (f"中通 {sale.number}", "棉质短袖 ×1 129.00 元", "成功收 3.00 元，失败 0 元", "【成都转运中心】"):
        assert fact in words(asked.card)
    assert await bot.creates(sale.number) == []
    done = await shop.agent.presses(asked.card, "确认拦截")
    item = await shop.ends(sale.number)
    told = words(await shop.agent.sees(done.target, "succeeded"))
    reference = item["carrier_reference"]
    for fact in ("【拦截成功】", reference, "3.00 元 已从货款账户扣除", "义乌稠江仓", "周琳", "可以同意退款"):
        assert fact in told
    assert "确认卡片已用" in words(await shop.agent.sees(asked.target))


async def test_what_was_said_stays_with_the_after_sale(any_bot: Bot) -> None:
    """In the console's talk: what was typed, the card that answers it, and the result of the click, once each."""
    shop = await any_bot.shop()
    sale = await shop.sale("yto", "success")
    asked = await shop.agent.types(f"/intercept {sale.id}", conversation=sale.id)
    action = next(b.action for b in asked.card.buttons if b.kind == "primary") if asked.card else ""
    for _ in range(2):
        done = await shop.agent.hands(await shop.agent.incoming(action=action, conversation=sale.id))
    item = await shop.ends(sale.number)
    rows = await any_bot.said(sale.id)
    assert [row.body.get("text") or row.body["target"] for row in rows] == [
        f"/intercept {sale.id}",
        asked.target,
        f"case:{item['id']}",
    ]
    assert done.target == f"case:{item['id']}"


# --- choosing ------------------------------------------------------------------------------------------------------


async def test_several_parcels_are_a_choice(bot: Bot) -> None:
    """Nothing is picked beforehand; without a pick nothing is sent; what is picked goes, and the rest stays."""
    shop = await bot.shop()
    sale = await shop.sale("zto", "success", more=[parcel(fresh_number(), "yto"), parcel(fresh_number(), "sf")])
    asked = await shop.agent.types(f"/intercept {sale.id}")
    assert asked.card is not None
    assert [(p.pickable, p.picked) for p in asked.card.parcels] == [(True, False), (True, False), (False, False)]
    none = await shop.agent.picks(asked.card)
    assert "先选要拦截的包裹" in words(none.card)
    assert [await shop.records(number) for number in sale.numbers] == [[], [], []]
    done = await shop.agent.picks(asked.card, *sale.numbers[:2])
    assert len(done.shown) == 2
    for number in sale.numbers[:2]:
        assert (await shop.ends(number))["state"] == "succeeded"
    assert await shop.records(sale.numbers[2]) == []


async def test_one_of_two_parcels_leaves_the_other(bot: Bot) -> None:
    """The result names what is not intercepted yet, and its button leads to a confirmation of that."""
    shop = await bot.shop()
    sale = await shop.sale("yto", "success", more=[parcel(fresh_number(), "zto")])
    asked = await shop.agent.types(f"/intercept {sale.number}")
    assert asked.card is not None
    assert [p.picked for p in asked.card.parcels] == [True, False]
    done = await shop.agent.presses(asked.card, "确认拦截")
    await shop.ends(sale.number)
    card = await shop.agent.sees(done.target, "succeeded")
    assert "中通 1 个包裹" in words(card)
    following = await shop.agent.presses(card, "拦另一个包裹")
    assert following.card is not None
    assert [(p.tracking_number, p.pickable) for p in following.card.parcels] == [
        (sale.numbers[0], False),
        (sale.numbers[1], True),
    ]


async def test_a_number_of_several_after_sales_is_a_choice(bot: Bot) -> None:
    """An order with two open after-sales: nothing is guessed, one is chosen."""
    shop = await bot.shop()
    first = await shop.sale("zto", "success")
    second = await shop.sale("yto", "success", order_id=first.order_id)
    asked = await shop.agent.types(f"/intercept {first.order_id}")
    assert "这个单号在 2 个售后单里" in words(asked.card)
    chosen = await shop.agent.presses(asked.card, second.id[-4:])
    assert chosen.card is not None
    assert [p.tracking_number for p in chosen.card.parcels] == [second.number]


async def test_goods_of_other_orders_are_shown(bot: Bot) -> None:
    """What lies in the same parcel for somebody else's order comes back as well, and is said before confirming (U4)."""
    shop = await bot.shop()
    boots = {"name": "儿童雨靴", "category": "shoes", "quantity": 1, "price_fen": 5900, "order_id": "69999"}
    sale = await shop.sale(
        "yto", items=[{"name": "四件套", "category": "home", "quantity": 1, "price_fen": 900}, boots]
    )
    told = words((await shop.agent.types(f"/intercept {sale.id}")).card)
    assert "同一个包裹里还有另一笔订单的东西" in told
    assert "订单 69999 儿童雨靴 ×1 59.00 元" in told


# --- signing, permission -------------------------------------------------------------------------------------------


async def test_signing_goes_on_where_it_stopped(any_bot: Bot) -> None:
    """First use: the agent is told who signs, the owner ticks both, and the interception goes on (U3, R3)."""
    shop = await any_bot.shop(signed=False)
    sale = await shop.sale("yto", "success")
    told = await shop.agent.types(f"/intercept {sale.id}")
    assert "《快递拦截服务开通协议》" in words(told.card)
    assert "R3" in words(told.card)
    await shop.agent.presses(told.card, "提醒吴岚去签")
    asked = await shop.owner.types(f"/intercept {sale.id}")
    half = await shop.owner.presses(asked.card, "立即签约", {"agree_service": ("on",)})
    assert half.target == asked.target
    assert [tick.ticked for tick in half.card.ticks] == [True, False] if half.card else False
    went_on = await shop.owner.presses(half.card, "立即签约", BOTH)
    assert "确认拦截" in words(went_on.card)
    waiting = await shop.agent.sees(told.target)
    assert "刚才的拦截接着走：请确认圆通 1 个包裹" in words(waiting)
    here = await shop.agent.presses(waiting, "继续确认拦截")
    await shop.agent.presses(here.card, "确认拦截")
    assert (await shop.ends(sale.number))["state"] == "succeeded"
    assert "已签约" in words((await shop.agent.types("/签约")).card)


async def test_nobody_signs_who_may_not(bot: Bot) -> None:
    """An agent who found the owner's button signs nothing with it."""
    shop = await bot.shop(signed=False)
    sale = await shop.sale("yto", "success")
    asked = await shop.owner.types(f"/intercept {sale.id}")
    reply = await shop.agent.presses(asked.card, "立即签约", BOTH)
    assert "没有签约" in words(reply.card) or "不能签" in words(reply.card)
    assert (await shop.asked(sale))["reasons"][0]["code"] == "AGREEMENT_NOT_SIGNED"


async def test_a_permission_that_is_granted_counts_at_once(any_bot: Bot) -> None:
    """Denied, the newcomer asks the owner; `/grant` lets them in; the next try works (R11)."""
    shop = await any_bot.shop()
    sale = await shop.sale("yto", "success")
    newcomer = shop.person("newcomer")
    denied = await newcomer.types(f"/intercept {sale.id}")
    assert "店铺 → 子账号管理 → 岗位管理 → 物流 → 物流工具" in words(denied.card)
    asked_for = await newcomer.presses(denied.card, "请吴岚开通")
    assert "【已经告诉主账号】" in words(asked_for.card)
    assert "吴岚在「权限」页最上面会看到" in words(asked_for.card)
    granted = await shop.owner.types(f"/grant {newcomer.login}")
    assert "李想" in words(granted.card)
    asked = await newcomer.types(f"/intercept {sale.id}")
    await newcomer.presses(asked.card, "确认拦截")
    assert (await shop.ends(sale.number))["state"] == "succeeded"


async def test_only_the_owner_grants(bot: Bot) -> None:
    """An agent grants nothing, and a login of nobody's or of another shop's is said to be none."""
    shop, other = await bot.shop(), await bot.shop()
    assert "主账号" in words((await shop.agent.types(f"/grant {shop.person('newcomer').login}")).card)
    for login in ("nobody-here", other.person("newcomer").login):
        told = words((await shop.owner.types(f"/授权 {login}")).card)
        assert f"店铺里没有登录名是 {login} 的子账号" in told
    assert "给谁开通" in words((await shop.owner.types("/grant")).card)
    denied = await shop.person("newcomer").types(f"/intercept {(await shop.sale()).id}")
    assert "你还不能拦截" in words(denied.card)


# --- afterwards ----------------------------------------------------------------------------------------------------


async def test_cancelling_what_is_pending(any_bot: Bot) -> None:
    """中通 takes a pending interception back: cancelled, free, and the parcel may be asked for again."""
    shop = await any_bot.shop()
    sale = await shop.sale("zto", "late_success", later_s=60)
    asked = await shop.agent.types(f"/intercept {sale.id}")
    done = await shop.agent.presses(asked.card, "确认拦截")
    await until(lambda: any_bot.calls(sale.number), lambda calls: any("query" in c["operation"] for c in calls))
    card = await shop.agent.sees(done.target, "pending")
    cancelled = await shop.agent.presses(card, "取消拦截")
    told = words(cancelled.card)
    assert "【已取消】" in told
    assert "0.00 元 已取消，不收费" in told
    assert [call["operation"] for call in await any_bot.calls(sale.number)].count("intercept.cancel") == 1
    any_bot.twin.arm(sale.number, "success", later_s=60)
    assert (await shop.asked(sale, wait=5))["state"] == "succeeded"


async def test_not_everything_can_be_cancelled(bot: Bot) -> None:
    """圆通 takes nothing back: no button; a made-up click changes nothing; the API says NOT_CANCELLABLE."""
    shop = await bot.shop()
    sale = await shop.sale("yto", "success")
    item = await shop.asked(sale, wait=5)
    card = await shop.agent.sees(f"case:{item['id']}", "succeeded")
    assert "取消拦截" not in words(card)
    reply = await shop.agent.hands(await shop.agent.incoming(action=f"cancel.{item['id']}"))
    assert (reply.target, reply.repeated) == (f"case:{item['id']}", True)
    answer = await shop.api.post(f"/interceptions/{item['id']}/cancel")
    assert (answer.status, answer.code) == (409, "NOT_CANCELLABLE")
    assert (await shop.ends(sale.number))["state"] == "succeeded"


async def test_whoever_may_not_intercept_takes_nothing_back(bot: Bot) -> None:
    """A newcomer's click on 取消拦截 is denied, and the interception goes on."""
    shop = await bot.shop()
    sale = await shop.sale("zto", "late_success", later_s=60)
    item = await shop.asked(sale)
    newcomer = shop.person("newcomer")
    reply = await newcomer.hands(await newcomer.incoming(action=f"cancel.{item['id']}"))
    assert "你还不能拦截" in words(reply.card)
    assert (await shop.records(sale.number))[0]["state"] == "pending"


async def test_an_unknown_outcome_is_said_and_looked_at_again(bot: Bot) -> None:
    """No answer: 「结果未知」 with the fee that may fall due; 再查一次 asks, and no button sends it again (U6)."""
    shop = await bot.shop()
    sale = await shop.sale("yunda", "http_500", delay_s=0.1)
    asked = await shop.agent.types(f"/intercept {sale.id}")
    done = await shop.agent.presses(asked.card, "确认拦截")
    card = await shop.agent.sees(done.target, "unknown")
    told = words(card)
    for fact in (
        "【结果未知】",
        "暂未收费 查明是成功才收 3.00 元",
        "可能拦下了，也可能没有",
        "先别同意退款",
        "〔再查一次〕",
    ):
        assert fact in told
    assert "确认" not in "".join(button.label for button in card.buttons)
    creates = len(await bot.creates(sale.number))
    again = await shop.agent.presses(card, "再查一次")
    assert again.target == done.target
    queries = [call for call in await bot.calls(sale.number) if call["operation"] == "intercept.query"]
    assert queries
    assert creates == 1
    assert (await shop.ends(sale.number))["state"] == "succeeded"
    assert await bot.orders(sale.number) == 1


async def test_a_card_whose_facts_have_changed(bot: Bot) -> None:
    """Delivered between card and click: nothing is done, the card says then and now, a fresh one shows the reason."""
    shop = await bot.shop()
    sale = await shop.sale("zto", "success")
    asked = await shop.agent.types(f"/intercept {sale.id}")
    event = {"tracking_number": sale.number, "at": "2026-11-24T08:00:00+08:00", "text": "已签收，签收人：本人"}
    await shop.api.post("/traces", [event])
    stale = await shop.agent.presses(asked.card, "确认拦截")
    for fact in ("【这张卡片过期了】", "这张卡片没有发出任何请求", "R9"):
        assert fact in words(stale.card)
    fresh = await shop.agent.presses(stale.card, "取最新的卡片")
    assert "已签收" in words(fresh.card)
    assert await bot.creates(sale.number) == []


async def test_a_closed_after_sale_stops_the_card(bot: Bot) -> None:
    """The platform closed it meanwhile: the click meets R7 and nothing is sent."""
    shop = await bot.shop()
    sale = await shop.sale("yto", "success")
    asked = await shop.agent.types(f"/intercept {sale.id}")
    await shop.api.post("/after-sales", {**sale.document, "status": "closed"})
    stale = await shop.agent.presses(asked.card, "确认拦截")
    assert "R7" in words(stale.card)
    assert await bot.creates(sale.number) == []
