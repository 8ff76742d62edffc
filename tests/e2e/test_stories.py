"""Whole stories in a real browser, as people live them: what is said, what it costs, what changes without a reload."""

import asyncio
import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

from tests.browser import Pages
from tests.console.served import HU, LIN, WANG, Demo
from tests.e2e.conftest import SHARP, Enter, Picture

if TYPE_CHECKING:
    from playwright.async_api import Page

TWO = "7312045566778894001"
"""周**: two parcels that can both go, 中通 75400000004001 and 韵达 460000000004001."""
FRESH = "7312045566778897001"
LATE = "7312045566778895512"


def table_of(path: Path) -> list[dict[str, str]]:
    """The rows of an exported table."""
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))


async def say(page: "Page", text: str) -> None:
    """Types a line beside the open after-sale."""
    await page.fill("[data-say]", text)
    await page.press("[data-say]", "Enter")


def orders(bot: Demo, tracking_number: str) -> int:
    """How many orders that parcel got, in the sandbox's own world."""
    lines = (bot.data / "sandbox.jsonl").read_text("utf-8").splitlines()
    return sum(call["new_order"] for call in map(json.loads, lines) if call["tracking_number"] == tracking_number)


async def test_from_the_sign_in_to_the_export(bot: Demo, enter: Enter, picture: Picture) -> None:
    """Sign in, open an after-sale with two parcels, pick one, confirm; the success with its fee stands in the talk, in
    the records, and in the exported table.
    """
    await bot.arm("75400000004001", "success", later_s=60)
    await bot.settled(HU, "contradicted")
    page = await enter("agent", f"/?c={TWO}")
    await page.click("[data-open]")
    dialog = page.locator("dialog[open]")
    await dialog.wait_for()
    assert await dialog.locator("[name=parcels]").count() == 2
    main = dialog.locator("[data-main]")
    assert await main.get_attribute("aria-disabled") == "true", "several parcels are a choice, never a guess"
    await dialog.locator('[value="75400000004001"]').check()
    assert "拦截 1 个包裹，成功收 3.00 元，失败 0 元" in await dialog.inner_text()
    await picture(page, "confirm")
    await main.click()
    await page.wait_for_selector('.card[data-s="succeeded"]')
    assert await dialog.count() == 0
    card = await page.inner_text('.card[data-s="succeeded"]')
    assert "拦截成功" in card
    assert "3.00 元 已从货款账户扣除" in card
    assert "还有韵达 1 个包裹没拦" in card
    await picture(page, "workbench")
    await page.click(".card >> text=查看记录")
    await page.wait_for_selector(".tl")
    assert "记费 3.00 元" in await page.inner_text(".tl")
    await picture(page, "record")
    await page.goto(f"{bot.base}/records")
    assert "75 4000 0000 4001".replace(" ", "") in (await page.inner_text("tbody tr:first-child")).replace(" ", "")
    await picture(page, "records")
    async with page.expect_download() as waiting:
        await page.click('a[href^="/records.csv"]')
    first = table_of(await (await waiting.value).path())[0]
    assert (first["运单号"], first["结果"], first["费用（元）"]) == ("75400000004001", "拦截成功", "3.00")
    assert orders(bot, "75400000004001") == 1
    assert orders(bot, "460000000004001") == 0


async def test_a_refusal_tells_every_reason(bot: Demo, enter: Enter) -> None:
    """Typed or clicked, the parcel that cannot go shows all three rules and what would help, and cannot be picked."""
    page = await enter("agent", f"/?c={LIN}")
    await say(page, "/intercept 75400000000562")
    await page.wait_for_selector('.card[data-kind="confirm"]')
    text = await page.inner_text('.pick[data-s="refused"]')
    assert [rule for rule in ("R9", "R5", "R4") if rule in text] == ["R9", "R5", "R4"]
    assert "请买家拒收，或改走退货退款" in text
    assert await page.locator('.pick[data-s="refused"] input').is_disabled()
    assert await bot.cases(WANG) == []


async def test_a_new_shop_signs_once_and_goes_on_where_it_stopped(bot: Demo, enter: Enter, picture: Picture) -> None:
    """The first 发起拦截 leads to the agreements; one missing tick is named; signed, it stops at the confirmation of
    the same parcel, and that works.
    """
    page = await enter("fresh-owner", "/", password="demo")
    await page.click("[data-open]")
    dialog = page.locator("dialog[open]")
    sign = dialog.locator("[data-main]")
    assert await sign.get_attribute("aria-disabled") == "true"
    await dialog.locator('[value="agree_service"]').check()
    assert "还差一项：勾选《扣款授权协议》" in await dialog.inner_text()
    await picture(page, "sign-up")
    await dialog.locator('[value="agree_debit"]').check()
    await sign.click()
    await dialog.locator("h2", has_text="确认拦截").wait_for()
    await page.keyboard.press("Control+Enter")
    await page.wait_for_selector('.card[data-kind="result"]')
    assert orders(bot, "YT7400000007001") == 1


async def test_no_permission_leads_to_one_that_works(bot: Demo, enter: Enter) -> None:
    """Without the permission the panel says where it is granted; asked for and granted in another browser, the button
    appears without a reload and works.
    """
    page, owner = await enter("newcomer", f"/?c={LIN}"), await enter("owner", "/permissions")
    assert "店铺 → 子账号管理 → 岗位管理 → 物流 → 物流工具" in await page.inner_text(".dock")
    await page.click(".dock >> text=请吴岚开通")
    await owner.wait_for_selector("text=李想 想用「物流工具」")
    await owner.wait_for_timeout(450)  # a button that has just changed its meaning takes no press
    await owner.click("main button[value=on].btn-p")
    await page.wait_for_selector("[data-open]")
    await page.wait_for_timeout(450)
    await page.click("[data-open]")
    await page.click("dialog[open] [data-main]")
    await page.wait_for_selector(".card-f >> text=李想")
    assert len(await bot.cases(LIN)) == 2


async def test_a_late_answer_changes_the_card_by_itself(bot: Demo, enter: Enter) -> None:
    """中通 takes the order and answers later: the card says so at once and changes without a reload, and the page is
    the same one all the while.
    """
    await bot.arm("75400000005512", "late_success", later_s=1)
    page = await enter("agent", f"/?c={LATE}")
    await page.evaluate("window.same = true")
    await page.click("[data-open]")
    await page.click("dialog[open] [data-main]")
    await page.wait_for_selector('.card[data-s="pending"]')
    assert "暂未收费 成功后收 3.00 元" in await page.inner_text('.card[data-s="pending"]')
    await page.wait_for_selector('.card[data-s="succeeded"], .card[data-s="returning"], .card[data-s="returned"]')
    assert "3.00 元" in await page.inner_text(".card[data-kind=result]")
    assert await page.evaluate("window.same")


async def test_two_agents_press_the_same_button_at_once(bot: Demo, enter: Enter) -> None:
    """The parcel gets one order and one fee; both see the same interception, and one is told who was first."""
    await bot.arm("YT7400000000561", "success", delay_s=0.5, later_s=60)
    first, second = await enter("agent", f"/?c={WANG}"), await enter("owner", f"/?c={WANG}")
    await say(first, "/intercept YT7400000000561")
    buttons = [page.locator('.card[data-kind="confirm"] [data-main]') for page in (first, second)]
    for button in buttons:
        await button.wait_for()
    await asyncio.gather(*(button.click() for button in buttons))
    for page in (first, second):
        await page.wait_for_selector('.card[data-s="succeeded"]')
        await page.wait_for_selector(".card-min >> text=确认卡片已用")
        assert await page.locator('[data-messages] .card[data-kind="result"]').count() == 1
    told = [await page.locator("dialog[open]").count() for page in (first, second)]
    assert sum(told) == 1
    late = (first, second)[told.index(1)]
    assert "没有发第二次" in await late.inner_text("dialog[open]")
    assert orders(bot, "YT7400000000561") == 1
    assert [case.fee_fen for case in await bot.cases(WANG)] == [400]


async def test_everything_works_without_a_script(bot: Demo, enter: Enter) -> None:
    """Plain forms: open the confirmation as a page, confirm, type a command, find the record."""
    await bot.arm("YT7400000000561", "success", later_s=60)
    page = await enter("agent", f"/?c={WANG}", java_script_enabled=False)
    await page.click(".dock a.btn-p")
    await page.click("button[data-main]")
    await bot.settled(WANG, "succeeded")
    await page.goto(f"{bot.base}/?c={WANG}")
    assert "拦截成功" in await page.inner_text('.card[data-s="succeeded"]')
    await page.fill("[data-say]", "/records")
    await page.click("#send")
    await page.wait_for_selector("text=打开记录页")
    assert await page.locator("[data-copy]:visible").count() == 0


async def test_a_contradiction_is_loud_once(bot: Demo, enter: Enter, picture: Picture) -> None:
    """A success that goes out for delivery is the only solid colour, stands first, and says what to do."""
    page = await enter("agent", f"/?c={HU}")
    await page.wait_for_selector('.card[data-s="contradicted"]')
    card = await page.inner_text('.card[data-s="contradicted"]')
    assert "状态矛盾：拦下后又派送" in card
    assert "3.00 元已收 已列入待核对" in card
    assert await page.locator("[data-list] a.conv >> nth=0").get_attribute("data-s") == "contradicted"
    await picture(page, "contradiction")


async def test_the_sample_people_enter_with_one_press(
    bot: Demo, browser_page: Pages, picture: Picture, enter: Enter
) -> None:
    """The sign-in page shows what can be tried; what has been done is ticked from what is stored."""
    page = await browser_page.open(f"{bot.base}/sign-in", **SHARP)
    await picture(page, "sign-in")
    assert await page.locator("ol.steps li.done").count() == 0
    agent = await enter("agent", f"/?c={LIN}")
    await say(agent, "/intercept 75400000000562")
    await agent.wait_for_selector('.card[data-kind="confirm"]')
    await page.reload()
    assert "在对话里打一行" in await page.inner_text("ol.steps li.done >> nth=0")


async def test_a_batch_is_followed_in_place(bot: Demo, enter: Enter, picture: Picture) -> None:
    """Pasted, checked, confirmed once: rows keep their place and change by themselves."""
    page = await enter("agent", "/batch")
    numbers = [f"754000000040{n:02}" for n in (1, 2, 7, 9)] + ["YT7400000004004", "460000000004010", "75400000006001"]
    await page.fill("#numbers", "\n".join(numbers))
    await page.click("main .btn-p")
    await page.wait_for_selector("[data-main]")
    before = await page.locator(".b3 li .no").all_inner_texts()
    await page.click("[data-main]")
    await page.wait_for_selector('.b3 .tag[data-s="succeeded"]')
    await page.wait_for_selector('.b3 .tag[data-s="failed"]')
    assert await page.locator(".b3 li .no").all_inner_texts() == before
    assert "都发完了" in await page.inner_text("main")
    await picture(page, "batch")
