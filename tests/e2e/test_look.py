"""What can be measured of how the pages look, where English is longest and the screen is narrowest."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.browser import Pages
from tests.console.served import HU, LIN, WANG, Demo
from tests.e2e.conftest import Enter

if TYPE_CHECKING:
    from playwright.async_api import Page

RETURNED = "7312045566778896630"
NARROW = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}
PAGES = (
    "/",
    f"/?c={WANG}&pane=chat",
    f"/?c={WANG}&pane=case",
    "/records",
    "/batch",
    "/permissions",
    "/questions",
    "/me",
)
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
CUT = """(s) => [...document.querySelectorAll(s)].filter((e) => e.offsetParent && e.scrollWidth > e.clientWidth)
  .map((e) => e.outerHTML.slice(0, 120))"""
LONE = """(s) => [...document.querySelectorAll(s)].filter((e) => {
  const box = e.getBoundingClientRect(), next = e.nextElementSibling.getBoundingClientRect();
  return next.top >= box.bottom;
}).map((e) => e.parentElement.outerHTML.slice(0, 120))"""


async def english(bot: Demo, page: Page, there: str) -> None:
    """Goes there in English."""
    await page.goto(f"{bot.base}/lang/en?next=/me")
    await page.goto(bot.base + there)


async def record_of(bot: Demo, after_sale_id: str) -> str:
    """Where the record of that after-sale is read."""
    return f"/records/{(await bot.cases(after_sale_id))[0].id}"


@pytest.mark.parametrize("size", [{"width": 1280}, NARROW], ids=["wide", "narrow"])
async def test_english_fits_where_chinese_does(bot: Demo, enter: Enter, size: dict[str, object]) -> None:
    """No page in English scrolls sideways, no rule of a record leaves its box, no label runs into its value."""
    await bot.settled(HU, "contradicted")
    page = await enter("owner", "/", **size)
    record = await record_of(bot, HU)
    for path in (*PAGES, record):
        await english(bot, page, path)
        assert await page.evaluate(WIDE) <= 0, path
    assert await page.evaluate(CUT, ".rules-2, .rules-2 li, .facts dt, .box-h label") == []
    await bot.settled(RETURNED, "returned")
    await page.goto(f"{bot.base}/?c={RETURNED}&pane=chat")
    await page.wait_for_selector(".card dt >> text=Whereabouts", state="attached")
    assert await page.evaluate(CUT, ".facts dt") == []


async def test_at_320_pixels_nothing_is_lost(bot: Demo, enter: Enter) -> None:
    """In English, where words are longest: every sign of a state is inside its card, the main button inside the screen,
    both sides of a contradiction have room, and the rows of a batch do not lie over each other.
    """
    await bot.settled(HU, "contradicted")
    page = await enter("agent", "/", width=320, height=844, has_touch=True, is_mobile=True)
    await english(bot, page, f"/?c={WANG}&pane=case")
    await page.click("[data-open]")
    await page.wait_for_selector("dialog[open]")
    for inner in await page.locator("dialog[open] :is(.tag, .goods li, [data-main])").all():
        box = await inner.bounding_box() or {}
        assert box["x"] + box["width"] <= 320, await inner.inner_text()
    await page.goto(f"{bot.base}/?c={HU}&pane=chat")
    sides = await page.locator(".vs > div").all()
    assert [(await side.bounding_box() or {})["width"] > 90 for side in sides] == [True, True]
    await page.goto(f"{bot.base}/batch")
    await page.fill("#numbers", "460000000004010\n75400000004001")
    await page.click("main .btn-p")
    await page.wait_for_selector("[data-main]")
    assert await page.evaluate(CUT, ".b3 li > span") == []


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_a_small_gauge_can_be_read(bot: Demo, enter: Enter, lang: str) -> None:
    """Inside a card on a narrow screen its words are no smaller than elsewhere, and none lies over another."""
    page = await enter("agent", "/", **NARROW)
    await page.goto(f"{bot.base}/lang/{lang}?next=/me")
    await page.goto(f"{bot.base}/?c={WANG}&pane=chat")
    await page.fill("[data-say]", "/intercept 75400000000562")
    await page.press("[data-say]", "Enter")
    await page.wait_for_selector(".msg .gauge")
    words = await page.locator(".msg .gauge >> nth=0").locator("text:visible").all()
    boxes = [await one.bounding_box() or {} for one in words]
    below = sorted((box for box in boxes if box["y"] > max(b["y"] for b in boxes) - 5), key=lambda box: box["x"])
    assert all(left["x"] + left["width"] <= right["x"] for left, right in pairwise(below)), below
    assert min(box["height"] for box in boxes) >= 14


async def test_the_rows_of_a_batch_keep_their_columns(bot: Demo, enter: Enter) -> None:
    """The longest name of a carrier ends before the number begins, and the sign of the note stands beside its words."""
    page = await enter("agent", "/batch", **NARROW)
    await english(bot, page, "/batch")
    await page.fill("#numbers", "460000000004010\n75400000004001")
    await page.click("main .btn-p")
    await page.wait_for_selector("[data-main]")
    assert await page.evaluate(CUT, ".b3 li > span") == []
    assert await page.evaluate(LONE, ".card-f > .i") == []
    no, yes = page.locator(".to-do > a"), page.locator(".to-do > button")
    assert (await no.bounding_box() or {})["y"] == (await yes.bounding_box() or {})["y"]


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_what_is_missing_for_the_signature_is_named(bot: Demo, enter: Enter, lang: str) -> None:
    """Both papers by their titles, apart from each other; each fact stands beside its sign, also on a narrow screen."""
    page = await enter("fresh-owner", "/", password="demo", **NARROW)
    await page.goto(f"{bot.base}/lang/{lang}?next=/sign-up")
    box = page.locator("[name=ticked]").first
    await box.check()
    await box.uncheck()
    words = "勾选《快递拦截服务开通协议》《扣款授权协议》"
    if lang == "en":
        words = "tick Parcel Interception Service Agreement, Debit Authorisation Agreement"
    assert words in await page.inner_text("[data-missing]")
    row = page.locator(".agree").first
    places = [await row.locator(s).bounding_box() or {} for s in (".chk", "label", "a")]
    assert all(left["x"] + left["width"] <= right["x"] for left, right in pairwise(places)), places
    assert await page.evaluate(LONE, ".rules li > .i") == []


async def test_a_request_keeps_its_two_answers_together(bot: Demo, enter: Enter) -> None:
    """On a narrow screen both answers stand side by side below the words, and the picture beside them."""
    asking, owner = await enter("newcomer", f"/?c={LIN}"), await enter("owner", "/permissions", **NARROW)
    await asking.click(".dock >> text=请吴岚开通")
    await owner.wait_for_selector(".wish")
    no, yes = [await one.bounding_box() or {} for one in await owner.locator(".wish .btn").all()]
    assert (no["y"], no["width"]) == (yes["y"], yes["width"])
    assert await owner.evaluate(LONE, ".wish > .av") == []


@pytest.mark.parametrize("size", [{"width": 1280}, NARROW], ids=["wide", "narrow"])
async def test_what_can_be_done_with_a_row_stands_at_its_end(bot: Demo, enter: Enter, size: dict[str, object]) -> None:
    """In the tables of the owner's page the eye finds each button at the right edge."""
    page = await enter("owner", "/permissions", **size)
    rows = page.locator(".tbl-per tr:has(.undo)")
    assert await rows.count() == 3
    for row in await rows.all():
        whole, button = [await one.bounding_box() or {} for one in (row, row.locator(".undo > summary"))]
        assert whole["x"] + whole["width"] - button["x"] - button["width"] <= 20


async def test_a_second_question_squeezes_nothing(bot: Demo, enter: Enter) -> None:
    """Unfolded beside a row it leaves the words of the other columns on their line."""
    page = await enter("owner", "/permissions")
    words = page.locator(".tbl-per td > form.row > .t13")
    before = [(await one.bounding_box() or {})["height"] for one in await words.all()]
    await page.locator(".tbl-per .undo > summary").first.click()
    await page.wait_for_selector(".undo[open] form")
    assert [(await one.bounding_box() or {})["height"] for one in await words.all()] == before


async def test_the_search_keeps_its_room_beside_two_dates(bot: Demo, enter: Enter) -> None:
    """With a span of one's own the filters take a second line before the field is too short for a number."""
    page = await enter("agent", "/records")
    await english(bot, page, "/records?span=custom")
    assert (await page.locator(".filters .find").bounding_box() or {})["width"] >= 200


async def test_where_a_trace_ends_stays_clear_of_its_button(bot: Demo, enter: Enter) -> None:
    """The button that reads a trace again lies beside the last line, not over it."""
    page = await enter("agent", f"/?c={LIN}")
    for words in await page.locator(".par .gauge + .t12 > .nowrap").all():
        at = await words.evaluate(
            "e => { const r = document.createRange(); r.selectNodeContents(e.firstChild);"
            " return r.getBoundingClientRect().right; }"
        )
        button = await words.evaluate("e => e.closest('.par').querySelector('.again').getBoundingClientRect().left")
        assert at <= button


async def test_the_sign_in_touches_no_edge(bot: Demo, browser_page: Pages) -> None:
    """On a narrow screen the form keeps its distance from both edges."""
    page = await browser_page.open(f"{bot.base}/sign-in", **NARROW)  # type: ignore[arg-type]
    box = await page.locator(".login .box").first.bounding_box() or {}
    assert box["x"] >= 12
    assert box["x"] + box["width"] <= 378


async def test_the_head_of_a_confirmation_says_first_what_it_is(bot: Demo, enter: Enter) -> None:
    """On a narrow screen the after-sale stands below the title, not squeezed beside it."""
    page = await enter("agent", "/", **NARROW)
    await page.goto(f"{bot.base}/?c={WANG}&pane=case")
    await page.click("[data-open]")
    await page.wait_for_selector("dialog[open]")
    title, subject = [await page.locator(f"dialog[open] .dlg-h > {s}").bounding_box() or {} for s in ("h2", ".muted")]
    assert subject["y"] >= title["y"] + title["height"]
    assert subject["x"] == title["x"]
