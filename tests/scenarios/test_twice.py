"""What is pressed twice, delivered twice or late, made up or left: nothing happens twice (promise 1)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from bot.domain.people import Permission
from bot.handlers.contract import Incoming
from bot.handlers.router import _payload
from bot.merchants import permissions
from bot.store.cards import card_actions, receive
from bot.store.database import now
from tests.scenarios.house import Bot, until, words


async def test_a_second_click_shows_the_first_ones_result(any_bot: Bot) -> None:
    """Another agent presses the same card later: the same interception, who was first, and nothing is made."""
    shop = await any_bot.shop()
    sale = await shop.sale("yto", "success")
    asked = await shop.agent.types(f"/intercept {sale.id}")
    first = await shop.agent.presses(asked.card, "确认拦截")
    await shop.ends(sale.number)
    second = await shop.person("agent2").presses(asked.card, "确认拦截")
    assert (second.target, second.repeated) == (first.target, True)
    assert "周琳" in words(second.card)
    assert "没有发第二次" in words(second.card)
    assert len(await any_bot.creates(sale.number)) == 1


async def test_killed_between_the_ask_and_its_note(bot: Bot) -> None:
    """The interception had begun when the bot was killed and the permission is gone since: the message, dealt with
    again, leads to that interception and to no second one.
    """
    shop = await bot.shop()
    sale = await shop.sale("yto", "success")
    asked = await shop.agent.types(f"/intercept {sale.id}")
    first = await shop.agent.presses(asked.card, "确认拦截")
    await shop.ends(sale.number)
    forgotten = update(card_actions).values(used_at=None, used_by=None, result=None)
    await bot.database.write(lambda c: c.execute(forgotten.where(card_actions.c.shop_id == shop.id)))
    owner, person = (await shop.owner.incoming()).asker, (await shop.agent.incoming()).asker.person_id or ""
    await bot.database.write(lambda c: permissions.revoke(c, owner, person, Permission.LOGISTICS_TOOLS, now(c)))
    again = await shop.agent.presses(asked.card, "确认拦截")
    assert again.target == first.target
    assert len(await shop.records(sale.number)) == len(await bot.creates(sale.number)) == 1
    assert "确认卡片已用" in words(await shop.agent.sees(asked.target))


async def test_two_cards_of_one_parcel(any_bot: Bot) -> None:
    """Two agents with a card each confirm at the same moment: one order; the other gets a record that names it."""
    shop = await any_bot.shop()
    sale = await shop.sale("zto", "success")
    people = [shop.agent, shop.person("agent2")]
    cards = [(await person.types(f"/intercept {sale.id}")).card for person in people]
    await asyncio.gather(*(person.presses(card, "确认拦截") for person, card in zip(people, cards, strict=True)))
    found = await until(lambda: shop.records(sale.number), lambda f: "succeeded" in [i["state"] for i in f])
    codes = sorted((item["state"], [reason["code"] for reason in item["reasons"]]) for item in found)
    assert codes[-1] == ("succeeded", [])
    assert codes[:-1] in ([("refused", ["ALREADY_INTERCEPTED"])], [])
    assert len(await any_bot.creates(sale.number)) == 1


async def test_the_same_message_again(any_bot: Bot) -> None:
    """Delivered twenty times, typed or clicked: one card, one interception, the present state each time."""
    shop = await any_bot.shop()
    sale = await shop.sale("yto", "success")
    typed = await shop.agent.incoming(text=f"/intercept {sale.id}")
    first = await shop.agent.hands(typed)
    assert {(await shop.agent.hands(typed)).target for _ in range(3)} == {first.target}
    action = next(b.action for b in first.card.buttons if b.kind == "primary") if first.card else ""
    click = await shop.agent.incoming(action=action)
    replies = await asyncio.gather(*(shop.agent.hands(click) for _ in range(10)))
    item = await shop.ends(sale.number)
    assert {reply.target for reply in replies} == {f"case:{item['id']}"}
    for _ in range(10):
        late = await shop.agent.hands(click)
        assert (late.repeated, late.card.state if late.card else "") == (True, "succeeded")
    assert len(await shop.records(sale.number)) == 1
    assert len(await any_bot.creates(sale.number)) == 1


async def test_what_was_kept_is_dealt_with(any_bot: Bot) -> None:
    """Committed, and then its process died: the message is answered and the click carried out, once, by the runner."""
    shop = await any_bot.shop()
    sale = await shop.sale("yto", "success")
    typed = await shop.agent.incoming(text=f"/intercept {sale.id}", conversation=sale.id)
    await _keep(any_bot, typed)
    rows = await until(lambda: any_bot.said(sale.id), lambda rows: len(rows) == 2, last=True)
    again = await shop.agent.hands(typed)
    assert (again.repeated, again.target) == (True, rows.body["target"])
    action = next(b.action for b in again.card.buttons if b.kind == "primary") if again.card else ""
    click = await shop.agent.incoming(action=action, conversation=sale.id)
    await _keep(any_bot, click)
    item = await until(lambda: shop.records(sale.number), bool, last=True)
    assert (await shop.agent.hands(click)).target == f"case:{item['id']}"
    assert (await shop.ends(sale.number))["state"] == "succeeded"
    assert [row.body["target"] for row in (await any_bot.said(sale.id))[1:]] == [again.target, f"case:{item['id']}"]
    assert len(await any_bot.creates(sale.number)) == 1


async def _keep(bot: Bot, incoming: Incoming) -> None:
    """What a process has committed before it died: the row is due at once."""
    channel, message, payload = incoming.chat.channel, incoming.message_id, _payload(incoming)
    await bot.database.write(lambda c: receive(c, channel, message, payload, now(c), timedelta(0)))


async def test_an_old_message_is_refused_visibly(bot: Bot) -> None:
    """Delivered more than five minutes late nothing is executed, and it is said; four minutes late it counts."""
    shop = await bot.shop()
    sale = await shop.sale("yto", "success")
    asked = await shop.agent.types(f"/intercept {sale.id}")
    action = next(b.action for b in asked.card.buttons if b.kind == "primary") if asked.card else ""
    fresh = await shop.agent.incoming(action=action)
    old = replace(
        fresh, message_id=f"{fresh.message_id}-old", sent_at=datetime.now(UTC) - timedelta(minutes=5, seconds=9)
    )
    for late in (old, replace(old, message_id=f"{fresh.message_id}-text", action=None, text=f"/intercept {sale.id}")):
        told = words((await shop.agent.hands(late)).card)
        assert "【这条消息送到得太晚，没有执行】" in told
        assert "现在再发一次" in told
    assert await shop.records(sale.number) == []
    await shop.agent.hands(replace(fresh, sent_at=datetime.now(UTC) - timedelta(minutes=4)))
    assert (await shop.ends(sale.number))["state"] == "succeeded"


async def test_leaving_it(bot: Bot) -> None:
    """「先不拦」 folds the card; pressed again afterwards it sends nothing."""
    shop = await bot.shop()
    sale = await shop.sale("zto", "success")
    asked = await shop.agent.types(f"/intercept {sale.id}")
    left = await shop.agent.presses(asked.card, "先不拦")
    assert "没有拦，没有发出，不收费" in words(left.card)
    await shop.agent.presses(asked.card, "确认拦截")
    assert await shop.records(sale.number) == []


@pytest.mark.parametrize("action", ["confirm.0123456789abcdef", "cancel.icpt-1", "drop.tables", "", "confirm_batch.x"])
async def test_made_up_buttons_do_nothing(bot: Bot, action: str) -> None:
    """A value that nobody was shown finds nothing, in words; another shop's is no different."""
    shop = await bot.shop()
    reply = await shop.agent.hands(await shop.agent.incoming(action=action))
    assert "查不到" in words(reply.card)


async def test_another_shops_card_does_nothing(bot: Bot) -> None:
    """A button of one shop's card pressed by somebody of another."""
    mine, theirs = await bot.shop(), await bot.shop()
    sale = await theirs.sale("yto", "success")
    asked = await theirs.agent.types(f"/intercept {sale.id}")
    reply = await mine.agent.presses(asked.card, "确认拦截")
    assert "查不到" in words(reply.card)
    assert await theirs.records(sale.number) == []


async def test_records_of_a_number(bot: Bot) -> None:
    """`/records` with a number names what became of each interception of it, newest first (U7)."""
    shop = await bot.shop()
    sale = await shop.sale("yto", "refuse")
    await shop.asked(sale, wait=5)
    bot.twin.arm(sale.number, "success", later_s=60)
    await shop.asked(sale, wait=5)
    told = words((await shop.agent.types(f"/records {sale.number}")).card)
    assert told.index("拦截成功") < told.index("拦截失败")
    assert "最近 2 条，共 2 条" in told
