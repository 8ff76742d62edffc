"""Who reads an answer decides what it may say: customers nothing about money, staff only what they may see (Q, R11)."""

from __future__ import annotations

import pytest

from bot.faq.answers import MONEY, RULES
from bot.handlers.contract import Chat
from bot.store import questions
from bot.store.database import now
from tests.scenarios.house import Bot, until, words
from tests.scenarios.wire import fresh_number, parcel

CUSTOMERS = Chat("console", "customers", "zh")
ASKED = ("圆通能拦截吗", "快递拦截有什么好处", "顺丰能拦截吗", "快递拦截是什么意思", "生鲜能拦截吗")


@pytest.mark.parametrize("asked", ASKED)
async def test_no_answer_to_a_customer_names_a_fee(bot: Bot, asked: str) -> None:
    """A topic that is none of money is told without what the merchant pays, a named carrier's too."""
    shop = await bot.shop()
    told = await shop.agent.types(asked, chat=CUSTOMERS, private=False)
    assert told.card is not None
    assert not any(word in words(told.card) for word in ("元", "收费", "扣"))


async def test_every_topic_that_customers_may_read_is_without_money(bot: Bot) -> None:
    """Also drawn anew later, in both languages."""
    shop = await bot.shop()
    asker = (await shop.agent.incoming(text="?")).asker
    open_topics = [topic for topic in RULES if topic not in MONEY]
    for lang, forbidden in (("zh", ("元", "费")), ("en", ("¥", "fee", "charge"))):
        for topic in open_topics:
            text = "圆通" if topic == "carriers" else "?"
            seq = await bot.database.write(
                lambda c, t=topic, x=text, s=lang: questions.keep(c, row(shop.id, t, x, s, now(c)))
            )
            card = await bot.desk.card(f"answer:{seq}:customers", asker, lang)
            said = words(card)
            if topic != "eligibility":  # the limit of a parcel's value is no money of the merchant's
                assert not any(word in said for word in forbidden), said


async def test_the_shops_own_words_are_for_its_people(bot: Bot) -> None:
    """What the owner adds for the team is not said to a customer."""
    shop = await bot.shop()
    added = ("费用记在售后组，找陈默报", "Booked on the team")
    await bot.database.write(lambda c: questions.set_own_answer(c, shop.id, "what_is", added, "吴岚", now(c)))
    told = await shop.agent.types("快递拦截是什么意思", chat=CUSTOMERS, private=False)
    assert "退回店铺" in words(told.card)
    assert "陈默" not in words(told.card)
    assert "陈默" in words((await shop.agent.types("快递拦截是什么意思")).card)


async def test_a_customers_doubtful_question_is_kept_for_the_owner(bot: Bot) -> None:
    """Nothing is said, and the owner sees it with its best guess."""
    shop = await bot.shop()
    asked = "拦得住吧"
    assert not (await shop.agent.types(asked, chat=CUSTOMERS, private=False)).shown
    waiting = await bot.database.read(lambda c: questions.to_review(c, shop.id))
    assert [(q.text, q.topics, q.guesses) for q in waiting] == [(asked, (), ("when_possible",))]


async def test_a_question_without_a_fact_reaches_the_owner(bot: Bot) -> None:
    """It passed the gate and nobody answered: the owner sees it, adds its wording, and the same words are answered."""
    shop = await bot.shop()
    asked = "怎么取消拦截"
    for said in (asked, "已经拦截了", "帮我拦一下这单", "广告拦截怎么关", "在吗"):
        assert not (await shop.agent.types(said)).shown, said
    waiting = await bot.database.read(lambda c: questions.to_review(c, shop.id))
    assert [(q.text, q.guesses) for q in waiting] == [(asked, ())]
    await bot.database.write(lambda c: questions.add_phrase(c, shop.id, "how_to_start", asked, "吴岚", now(c)))
    assert (await shop.agent.types(asked)).shown


async def test_a_state_is_told_to_whoever_may_see_the_record(bot: Bot) -> None:
    """In an after-sale's own talk no number is needed; without the permission one sees what one asked for alone."""
    shop = await bot.shop()
    sale = await shop.sale("yto", "success")
    await shop.asked(sale, wait=3)
    await until(lambda: shop.records(sale.number), lambda found: found[-1]["state"] == "succeeded")
    for asked in ("那单拦住没", "拦住了吗"):
        told = await shop.agent.types(asked, conversation=sale.id)
        assert "拦截成功" in words(told.card), asked
    two = await shop.sale("zto", more=[parcel(fresh_number(), "yto")])
    other = two.numbers[1]
    await shop.ask(tracking_numbers=[two.number], after_sale_id=two.id)
    told = words((await shop.agent.types(f"{other} 拦住了吗")).card)
    assert "没有拦截过" in told, "the one number that was typed, not its neighbour"
    for login in ("newcomer", "platform"):
        told = await shop.person(login).types("那单拦住没", conversation=sale.id)
        assert "拦截成功" not in words(told.card) if told.card else True, login
        listed = await shop.person(login).types(f"/records {sale.number}")
        assert "拦截成功" not in words(listed.card), login
        assert "只看得到自己发起的" in words(listed.card), login


def row(shop_id: str, topic: str, text: str, lang: str, at: object) -> dict[str, object]:
    """A question as it is kept."""
    return {
        "shop_id": shop_id,
        "channel": "console",
        "chat": "c",
        "asked_by": "",
        "at": at,
        "text": text,
        "lang": lang,
        "topics": [topic],
        "guesses": [],
        "subject": None,
        "settled": False,
    }
