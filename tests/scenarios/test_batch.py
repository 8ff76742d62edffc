"""Many parcels at once: checked, confirmed once on a card, each named with its result (ruling 20)."""

from __future__ import annotations

import asyncio

from bot.cards.card import Card
from tests.scenarios.house import Bot, Sale, Shop, until, words
from tests.scenarios.wire import SHIRT


async def _sales(shop: Shop, count: int) -> list[Sale]:
    carriers = ["zto", "yto", "yunda"]
    return [await shop.sale(carriers[n % 3], "success") for n in range(count)]


async def _done(shop: Shop, target: str | None) -> Card:
    """The batch's card once nothing of it is under way."""
    return await until(lambda: shop.agent.sees(target), lambda card: card.state in ("succeeded", "unknown"), seconds=20)  # type: ignore[no-any-return]


async def test_many_numbers_are_checked_first(bot: Bot) -> None:
    """How many can go and at most for how much, how many cannot and why; nothing is sent before the confirmation."""
    shop = await bot.shop()
    good = await _sales(shop, 3)
    dear = await shop.sale("zto", value_fen=100_000)
    closed = [await shop.sale("yto", status="closed"), await shop.sale("zto", status="closed")]
    numbers = [*(sale.id for sale in good), dear.number, *(sale.order_id for sale in closed), "75499999999999"]
    asked = await shop.agent.types("/intercept " + "\n".join(numbers))
    told = words(asked.card)
    for fact in (
        "【7 个单号，3 个可拦截】",
        "费用：最多 10.00 元 逐个成功才收，失败 0 元",
        "不可拦截：3 个 售后已完结 2 · 价值超过上限 1",
        "查不到：1 个",
        f"- 中通 {good[0].number}：可拦截",
        f"- 中通 {dear.number}：不可拦截 价值超过上限",
        "- 75499999999999：查不到",
        "〔确认拦截〕",
        "还没有发出",
    ):
        assert fact in told
    assert [await bot.calls(sale.number) for sale in good] == [[], [], []]


async def test_one_confirmation_and_every_number_with_its_result(any_bot: Bot) -> None:
    """After the one click each number is intercepted once, and the card names each with its result and fee."""
    shop = await any_bot.shop()
    good = await _sales(shop, 3)
    bad = await shop.sale("yto", "refuse")
    asked = await shop.agent.types(
        f"/intercept {' '.join([*(sale.id for sale in good), bad.number, '75499999999999'])}"
    )
    clicks = [shop.agent, shop.person("agent2"), shop.agent]
    replies = await asyncio.gather(*(person.presses(asked.card, "确认拦截") for person in clicks))
    assert {reply.target for reply in replies} == {asked.target}
    told = words(await _done(shop, asked.target))
    for fact in (
        "【5 个单号，4 个有结果】",
        "费用：已收 10.00 元",
        "有结果：成功 3 · 失败 1",
        "不可拦截：1 个",
        f"- 中通 {good[0].number}：拦截成功 3.00 元",
        f"- 圆通 {good[1].number}：拦截成功 4.00 元",
        f"- 韵达 {good[2].number}：拦截成功 3.00 元",
        f"- 圆通 {bad.number}：拦截失败 已开始派送",
        "- 75499999999999：查不到",
    ):
        assert fact in told
    for sale in [*good, bad]:
        assert (len(await shop.records(sale.number)), len(await any_bot.creates(sale.number))) == (1, 1)


async def test_what_does_not_fit_is_on_the_page(bot: Bot) -> None:
    """Ten numbers stand on the card; the others are counted and one link away."""
    shop = await bot.shop()
    sales = await _sales(shop, 13)
    asked = await shop.agent.types(f"/intercept {' '.join(sale.number for sale in sales)}")
    assert asked.card is not None
    assert len(asked.card.lines) == 10
    assert "还有 3 个单号，在批量页里逐个看" in words(asked.card)
    assert [button.value for button in asked.card.buttons if button.kind == "link"] == [
        f"/batch/{(asked.target or '').removeprefix('batch:')}"
    ]


async def test_a_batch_is_held_and_goes_on(bot: Bot) -> None:
    """Paused, nothing further is opened; resumed, the rest goes, and nothing twice."""
    shop = await bot.shop()
    sales = await _sales(shop, 45)
    asked = await shop.agent.types(f"/intercept {' '.join(sale.number for sale in sales)}")
    running = await shop.agent.presses(asked.card, "确认拦截")
    paused = await shop.agent.presses(running.card, "暂停")
    assert paused.card is not None
    if "已暂停" in words(paused.card):
        await shop.agent.presses(paused.card, "继续发")
    card = await _done(shop, asked.target)
    assert "成功 45" in words(card)
    assert [len(await bot.creates(sale.number)) for sale in sales] == [1] * 45


async def test_a_batch_of_refused_numbers_has_nothing_to_confirm(bot: Bot) -> None:
    """Where none can go, the card says why and has no button that would send."""
    shop = await bot.shop()
    sales = [await shop.sale("zto", items=[{**SHIRT, "category": "tea"}]), await shop.sale("sf")]
    card = (await shop.agent.types(f"/intercept {sales[0].id} {sales[1].id}")).card
    told = words(card)
    assert "【2 个单号，都不能拦截】" in told
    assert "没有发出，不收费" in told
    assert "确认拦截" not in told


async def test_an_unsigned_shops_batch_leads_to_signing(bot: Bot) -> None:
    """Many numbers of a shop that has not signed: sign first, then the same numbers are there to confirm (U3)."""
    shop = await bot.shop(signed=False)
    sales = await _sales(shop, 2)
    asked = await shop.owner.types(f"/intercept {sales[0].id} {sales[1].id}")
    both = {"agree_service": ("on",), "agree_debit": ("on",)}
    signed = await shop.owner.presses(asked.card, "立即签约", both)
    assert "【2 个单号，2 个可拦截】" in words(signed.card)
    await shop.owner.presses(signed.card, "确认拦截")
    assert "成功 2" in words(await _done(shop, signed.target))


async def test_whoever_may_not_intercept_confirms_no_batch(bot: Bot) -> None:
    """A newcomer neither gets one to confirm nor burns another's by pressing its button."""
    shop = await bot.shop()
    sales = await _sales(shop, 2)
    text = f"/intercept {sales[0].id} {sales[1].id}"
    newcomer = shop.person("newcomer")
    assert "你还不能拦截" in words((await newcomer.types(text)).card)
    asked = await shop.agent.types(text)
    assert "你还不能拦截" in words((await newcomer.presses(asked.card, "确认拦截")).card)
    assert "2 个可拦截" in words(await shop.agent.sees(asked.target))


async def test_too_many_numbers_are_refused_in_words(bot: Bot) -> None:
    """More than 500 numbers at once: how it is written, and that nothing was sent."""
    shop = await bot.shop()
    told = words((await shop.agent.types("/intercept " + " ".join(f"754{n:011}" for n in range(501)))).card)
    assert "一次最多 500 个" in told
    assert "没有发出" in told


async def test_many_unknown_numbers(bot: Bot) -> None:
    """A long list of which the shop has none: all of them not found, nothing to confirm."""
    shop = await bot.shop()
    told = words((await shop.agent.types("/intercept " + " ".join(f"754{n:011}" for n in range(30)))).card)
    assert "【30 个单号，都不能拦截】" in told
    assert "查不到：30 个" in told
