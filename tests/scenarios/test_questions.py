"""Questions at the desk: answered from the live rules, about the parcel that is named, or not at all (Q)."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.handlers.contract import Chat, Incoming, everyone
from bot.handlers.router import _payload
from bot.store import questions
from bot.store.cards import inbox, receive
from bot.store.database import now
from tests.scenarios.house import Bot, until, words


async def test_a_fee_question_is_answered_with_its_rule(bot: Bot) -> None:
    """The fees of every carrier, from the rules, with F2 beside the answer."""
    shop = await bot.shop()
    reply = await shop.agent.types("没拦住收钱吗")
    assert reply.card is not None
    assert reply.card.kind == "answer"
    assert "不收，成功才扣" in words(reply.card)
    assert "圆通 4.00" in words(reply.card)
    assert any("F2" in fact.rules for fact in reply.card.facts)


async def test_an_answer_about_a_named_parcel_leads_to_its_interception(bot: Bot) -> None:
    """Named by number, the answer is about that one, and its button ends in a success."""
    shop = await bot.shop()
    sale = await shop.sale("yto", "success")
    reply = await shop.agent.types(f"{sale.number} 这单多少钱，现在还能拦吗")
    assert f"这单圆通 {sale.number}：4.00 元，成功才收；目前运输中，可以拦截" in words(reply.card)
    opened = await shop.agent.presses(reply.card, "发起拦截")
    done = await shop.agent.picks(opened.card, sale.number)
    await shop.agent.sees(done.target, "succeeded")
    assert (await shop.ends(sale.number))["fee_fen"] == 400
    again = await shop.agent.types(f"{sale.number} 这单能拦吗，多少钱")
    assert "拦截成功，4.00 元" in words(again.card)


async def test_why_a_named_parcel_cannot_go(bot: Bot) -> None:
    """The answer tells every rule in the way and offers no button."""
    shop = await bot.shop()
    sale = await shop.sale("zto", value_fen=100_000)
    reply = await shop.agent.types(f"{sale.number} 这单能不能拦截")
    assert "R5 包裹价值 1,000.00 元" in words(reply.card)
    assert all(button.label != "发起拦截" for button in reply.card.buttons) if reply.card else False


async def test_another_shops_parcel_is_answered_in_general(bot: Bot) -> None:
    """Nobody learns of another shop's parcel by asking."""
    mine, other = await bot.shop(), await bot.shop()
    sale = await other.sale("yto")
    reply = await mine.agent.types(f"{sale.number} 这单多少钱")
    assert reply.card is None or "这单" not in words(reply.card)


async def test_several_questions_in_one_reply(bot: Bot) -> None:
    """Each gets its answer, in one card."""
    shop = await bot.shop()
    reply = await shop.agent.types("拦截一次多少钱，没拦住收费吗，在哪看拦截记录？")
    assert reply.card is not None
    assert len(reply.shown) == 1
    told = words(reply.card)
    assert "不收，成功才扣" in told
    assert "/records" in told


async def test_english_is_answered_in_english(bot: Bot) -> None:
    """In the asker's language, whatever the page speaks."""
    shop = await bot.shop()
    reply = await shop.agent.types("how much does it cost to intercept a parcel?")
    assert "per parcel" in words(reply.card)


async def test_a_statement_and_small_talk_stay_unanswered(bot: Bot) -> None:
    """Silence is the default."""
    shop = await bot.shop()
    for said in ("已经拦截了，别急", "亲 拦截失败不收费的哦", "这件衣服有没有大码", "[图片]"):
        assert not (await shop.agent.types(said)).shown, said


async def test_the_same_words_are_answered_once(bot: Bot) -> None:
    """A repeat in the same chat within minutes gets no second answer."""
    shop = await bot.shop()
    assert (await shop.agent.types("拦截失败扣钱吗", conversation="7000000000000000001")).shown
    assert not (await shop.agent.types("拦截失败扣钱吗", conversation="7000000000000000001")).shown


async def test_a_message_is_no_repeat_of_itself(any_bot: Bot) -> None:
    """Delivered twice at once, a question is kept once and answered, whoever of the two comes first."""
    shop = await any_bot.shop()
    asked = await shop.agent.incoming(text="拦截失败扣钱吗", conversation="7000000000000000002")
    replies = await asyncio.gather(shop.agent.hands(asked), shop.agent.hands(asked))
    [target] = {reply.target for reply in replies}
    assert target is not None
    assert target.startswith("answer:")
    assert (await shop.agent.hands(asked)).target == target
    assert not (await shop.agent.types("拦截失败扣钱吗", conversation="7000000000000000002")).shown
    assert (await any_bot.database.read(lambda c: questions.counts(c, shop.id)))["asked"] == 1


async def test_where_customers_read_nothing_is_said_of_money(bot: Bot) -> None:
    """What interception is may be told there; what it costs the merchant may not."""
    shop = await bot.shop()
    customers = Chat("console", "customers-1", "zh")
    assert not (await shop.agent.types("拦截要多少钱", chat=customers, private=False)).shown
    told = await shop.agent.types("快递拦截是什么意思", chat=customers, private=False)
    assert "退回店铺" in words(told.card)


@pytest.mark.parametrize("asked", ["{} 还能拦截吗", "{} 这单能拦吗，多少钱", "{} 拦截成功了吗"])
async def test_a_customer_learns_of_no_parcel(bot: Bot, asked: str) -> None:
    """Whoever types another buyer's number is told neither where that parcel is nor what it costs the merchant."""
    shop = await bot.shop()
    sale = await shop.sale("yto", "success")
    customers = Chat("console", "customers-2", "zh")
    told = await shop.agent.types(asked.format(sale.number), chat=customers, private=False)
    said = words(told.card) if told.card else ""
    assert sale.number not in said
    assert "元" not in said
    assert not any(button.label == "发起拦截" for button in (told.card.buttons if told.card else ()))


async def test_a_customers_question_outlives_the_bot(bot: Bot) -> None:
    """Kept and not answered when the bot was killed, it is answered by whoever comes next, for that shop."""
    shop = await bot.shop()
    asked = Incoming("q-1", Chat("chatwoot", "88/suggest"), everyone(shop.id), text="快递拦截是什么意思", private=False)
    took_over = timedelta(0)
    await bot.database.write(lambda c: receive(c, "chatwoot", "q-1", _payload(asked), now(c), took_over))

    wanted = select(inbox.c.result).where(inbox.c.channel == "chatwoot", inbox.c.message_id == "q-1")
    shown = await until(lambda: bot.database.read(lambda c: c.execute(wanted).scalar_one()), bool)
    assert shown[0].startswith("answer:")


async def test_a_bad_answer_reaches_the_owner_and_a_phrase_mends_it(bot: Bot) -> None:
    """没用 lists the question; a wording that the owner adds is answered from then on, and can be taken back."""
    shop = await bot.shop()
    reply = await shop.agent.types("没拦住收钱吗")
    rated = await shop.agent.presses(reply.card, "没用")
    assert "已记下：没用" in words(rated.card)
    waiting = await bot.database.read(lambda c: questions.to_review(c, shop.id))
    assert [(q.text, q.rating) for q in waiting] == [("没拦住收钱吗", -1)]
    odd = "那个回头费咋整"
    assert not (await shop.agent.types(odd)).shown
    await bot.database.write(lambda c: questions.add_phrase(c, shop.id, "fee", "回头费", "吴岚", now(c)))
    assert "一个包裹" in words((await shop.agent.types(odd + "啊")).card)
    other = await bot.shop()
    assert not (await other.agent.types(odd)).shown, "a phrase is the shop's own"
    [phrase] = await bot.database.read(lambda c: questions.all_phrases(c, shop.id))
    await bot.database.write(lambda c: questions.withdraw_phrase(c, shop.id, phrase.seq, "吴岚", now(c)))
    assert not (await shop.agent.types(odd + "呢")).shown


async def test_each_shop_says_where_the_bot_answers(bot: Bot) -> None:
    """`suggest` offers topics to choose from, `off` is silent, and neither is another shop's concern."""
    shop, other = await bot.shop(), await bot.shop()
    await bot.database.write(lambda c: questions.set_mode(c, shop.id, "console", "suggest", "吴岚", now(c)))
    menu = await shop.agent.types("拦截要多少钱一次")
    assert menu.card is not None
    assert [choice.label for choice in menu.card.choices] == ["多少钱"]
    chosen = await shop.agent.presses(menu.card, "多少钱")
    assert "一个包裹" in words(chosen.card)
    await bot.database.write(lambda c: questions.set_mode(c, shop.id, "console", "off", "吴岚", now(c)))
    assert not (await shop.agent.types("拦截费多少钱呢")).shown
    assert (await other.agent.types("拦截费多少钱呢")).shown
