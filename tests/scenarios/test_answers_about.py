"""What an answer says of the parcels that are named and of the shop that asks, and where its button leads (Q)."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from bot.handlers.contract import Chat
from bot.store import questions
from bot.store.database import now
from bot.store.shops import shops
from tests.scenarios.house import Bot, until, words
from tests.scenarios.wire import fresh_number


def labels(card: object) -> list[str]:
    """What can be pressed."""
    return [button.label for button in getattr(card, "buttons", ())]


async def test_each_number_of_a_message_is_answered(bot: Bot) -> None:
    """Two parcels of two after-sales are two lines; a parcel that was not named is none."""
    shop = await bot.shop()
    one, two = await shop.sale("yto"), await shop.sale("zto")
    told = words((await shop.agent.types(f"{one.number} 和 {two.number} 这两单还能拦截吗")).card)
    assert one.number in told
    assert two.number in told


async def test_a_number_that_leads_nowhere_is_said(bot: Bot) -> None:
    """Another shop's reads like one that nobody has, alone and beside one of one's own."""
    shop, other = await bot.shop(), await bot.shop()
    mine, theirs = await shop.sale("yto"), await other.sale("yto")
    alone = words((await shop.agent.types(f"{theirs.number} 还能拦截吗")).card)
    assert f"查不到 {theirs.number}" in alone
    assert "揽收之后" in alone
    beside = words((await shop.agent.types(f"{mine.number} 和 {theirs.number} 还能拦截吗")).card)
    assert f"这单圆通 {mine.number}" in beside
    assert f"查不到 {theirs.number}" in beside


async def test_many_numbers_are_counted(bot: Bot) -> None:
    """Three are told; how many are not is said, however many were typed."""
    shop = await bot.shop()
    numbers = [(await shop.sale("yto")).number for _ in range(7)]
    told = words((await shop.agent.types(f"{' '.join(numbers)} 这些还能拦截吗")).card)
    assert sum(number in told for number in numbers) == 3
    assert "另外 4 个没有列出" in told


async def test_who_cannot_lift_a_reason_gets_the_button_that_fits(bot: Bot) -> None:
    """An agent asks the owner for the tools, or reminds him to sign; a platform agent has nobody to ask."""
    shop, unsigned = await bot.shop(), await bot.shop(signed=False)
    sale = await shop.sale("yto")
    asked = await shop.person("newcomer").types(f"{sale.number} 能拦截吗")
    assert "R11" in words(asked.card)
    assert (await shop.person("newcomer").presses(asked.card, "请主账号开通")).target == "denied:asked"
    platform = await shop.person("platform").types(f"{sale.number} 现在能拦截吗")
    assert "请主账号开通" not in labels(platform.card)
    reminded = await unsigned.agent.types("拦截怎么开通")
    assert (await unsigned.agent.presses(reminded.card, "提醒主账号")).target == "signup:"


async def test_an_id_in_a_quote_is_no_subject(bot: Bot) -> None:
    """What somebody else wrote names nothing; the talk's own after-sale is meant."""
    shop = await bot.shop()
    mine, other = await shop.sale("yto"), await shop.sale("zto")
    reply = await shop.agent.types(f"> {other.number} 谁处理\n这单还能拦截吗", conversation=mine.id)
    assert mine.number in words(reply.card)
    assert other.number not in words(reply.card)


async def test_beside_an_after_sale_it_is_meant(bot: Bot) -> None:
    """「还能拦截吗」 needs no 「这单」 there, and a question of how to begin has the button."""
    shop = await bot.shop()
    sale = await shop.sale("yto")
    asked = await shop.agent.types("还能拦截吗", conversation=sale.id)
    assert f"这单圆通 {sale.number}" in words(asked.card)
    assert "轨迹截至" in words(asked.card)
    begin = await shop.agent.types("这单怎么发起拦截", conversation=sale.id)
    assert labels(begin.card)[0] == "发起拦截"


async def test_what_may_fall_due_is_no_zero(bot: Bot) -> None:
    """A pending interception has cost nothing yet, and the answer says what it may cost."""
    shop = await bot.shop()
    sale = await shop.sale("zto", "late_success", later_s=30)
    await shop.asked(sale)
    await until(lambda: shop.records(sale.number), lambda found: found[-1]["state"] == "pending")
    told = words((await shop.agent.types(f"{sale.number} 这单拦截多少钱")).card)
    assert "0.00" not in told
    assert "成功后收 3.00 元" in told


async def test_a_refusal_says_what_would_have_to_change(bot: Bot) -> None:
    """In the asker's language from end to end."""
    shop = await bot.shop()
    sale = await shop.sale("zto", value_fen=100_000, type="return_refund")
    told = words((await shop.agent.types(f"can parcel {sale.number} still be intercepted?")).card)
    assert "R5" in told
    assert "R6" in told
    assert "Possible once the buyer changes it to refund only" in told
    assert "；" not in told


async def test_more_questions_than_lines_are_all_answered(bot: Bot) -> None:
    """A card has six lines; what is left over stands in the last."""
    shop = await bot.shop()
    asked = (
        "圆通能拦截吗，拦截多少钱，失败收费吗，哪些货不能拦截，价值有上限吗，在哪看拦截记录，能开发票吗，拦下的丢了谁赔"
    )
    reply = await shop.agent.types(asked)
    assert reply.card is not None
    assert len(reply.card.facts) <= 6
    told = words(reply.card)
    for said in ("支持圆通", "不收，成功才扣", "生鲜", "/records", "开票", "理赔"):
        assert said in told, said


async def test_every_rule_of_an_answer_is_named(bot: Bot) -> None:
    """The conditions rest on R1 to R10, and the answer says since when they hold."""
    shop = await bot.shop()
    reply = await shop.agent.types("拦截要满足什么条件")
    assert reply.card is not None
    assert "R10" in reply.card.facts[-1].rules
    assert "规则自" in reply.card.foot


async def test_an_unsigned_shop_is_led_to_signing(bot: Bot) -> None:
    """Asked how to sign up, or about a parcel that only waits for it."""
    shop = await bot.shop(signed=False)
    asked = await shop.owner.types("拦截怎么开通")
    assert "R3 本店还没签约" in words(asked.card)
    opened = await shop.owner.presses(asked.card, "去签约")
    assert opened.card is not None
    assert opened.card.kind == "signup"
    sale = await shop.sale("yto")
    about = await shop.owner.types(f"{sale.number} 这单能拦截吗")
    waiting = await shop.owner.presses(about.card, "去签约")
    assert waiting.target == f"signup:{sale.id}"


async def test_a_signed_shop_is_told_who_signed(bot: Bot) -> None:
    """Its own state, beside the general answer."""
    shop = await bot.shop()
    told = await shop.agent.types("拦截怎么开通")
    assert "本店已签约：吴岚" in words(told.card)
    assert "去签约" not in labels(told.card)


@pytest.mark.parametrize("what, told", [("cross_border", "R1 本店是跨境店"), ("active", "R2 本店现在不是正常营业")])
async def test_a_shop_that_cannot_is_told_so(bot: Bot, what: str, told: str) -> None:
    """Conditions in general are no answer for a shop that fails one of its own."""
    shop = await bot.shop()
    value = what == "cross_border"
    await bot.database.write(lambda c: c.execute(update(shops).where(shops.c.id == shop.id).values({what: value})))
    assert told in words((await shop.agent.types("拦截要满足什么条件")).card)


async def test_a_newcomer_can_ask_for_the_permission_from_the_answer(bot: Bot) -> None:
    """Without the tools the button asks the owner; with them the answer says that they are there."""
    shop = await bot.shop()
    asked = await shop.person("newcomer").types("拦截提示无权限查看页面怎么办")
    assert "R11 你还没有" in words(asked.card)
    done = await shop.person("newcomer").presses(asked.card, "请主账号开通")
    assert done.target == "denied:asked"
    assert "R11 你已经有" in words((await shop.agent.types("员工点拦截提示没权限怎么办")).card)


async def test_records_have_a_way_to_them(bot: Bot) -> None:
    """The answer's button opens the page."""
    shop = await bot.shop()
    assert labels((await shop.agent.types("在哪看拦截记录")).card)[0] == "查看记录"


async def test_each_opinion_and_each_choice_is_a_new_version(bot: Bot) -> None:
    """Or pages and chats would go on showing what was there before."""
    shop = await bot.shop()
    card = (await shop.agent.types("没拦住收钱吗")).card
    seen = [card.version if card else 0]
    for who, label in (("agent", "有用"), ("agent2", "没用"), ("agent", "有用")):
        card = (await shop.person(who).presses(card, label)).card
        assert card is not None
        assert f"已记下：{label}" in words(card)
        seen.append(card.version)
    assert seen == sorted(set(seen))
    again = (await shop.agent.presses(card, "有用")).card
    assert again is not None
    assert again.version == seen[-1], "the same person says the same: no news"
    await bot.database.write(lambda c: questions.set_mode(c, shop.id, "console", "suggest", "吴岚", now(c)))
    menu = (await shop.agent.types("拦截要多少钱一次")).card
    chosen = (await shop.agent.presses(menu, "多少钱")).card
    assert menu is not None
    assert chosen is not None
    assert chosen.version > menu.version


async def test_a_repeat_is_told_by_its_answer(bot: Bot) -> None:
    """Marks make no other question, and a phrase that the owner has just added makes another answer."""
    shop = await bot.shop()
    assert (await shop.agent.types("拦截失败扣钱吗")).shown
    assert not (await shop.agent.types("拦截失败 扣钱吗？？")).shown
    long = "拦截失败扣钱吗？" + "背景我再说一遍。" * 300
    assert (await shop.agent.types(long)).shown
    assert not (await shop.agent.types(long)).shown
    await bot.database.write(lambda c: questions.set_mode(c, shop.id, "console", "suggest", "吴岚", now(c)))
    assert (await shop.agent.types("拦截的回头费多少")).shown
    await bot.database.write(lambda c: questions.set_mode(c, shop.id, "console", "on", "吴岚", now(c)))
    assert "一个包裹" in words((await shop.agent.types("拦截的回头费多少")).card)


async def test_customers_hear_an_answer_once_whatever_the_words(bot: Bot) -> None:
    """Another carrier is another answer."""
    shop = await bot.shop()
    chat = Chat("console", f"c-{fresh_number()}", "zh")
    assert (await shop.agent.types("圆通能拦截吗", chat=chat, private=False)).shown
    assert not (await shop.agent.types("圆通快递支持拦截吗", chat=chat, private=False)).shown
    assert (await shop.agent.types("顺丰能拦截吗", chat=chat, private=False)).shown
