"""How the pages behave under the hand: keys, focus, held lists, broken lines, narrow screens."""

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.browser import Pages
from tests.console.served import HU, LIN, WANG, Demo
from tests.e2e.conftest import Enter, Picture

if TYPE_CHECKING:
    from playwright.async_api import Page

PAGES = ("/", f"/?c={WANG}&pane=chat", f"/?c={WANG}&pane=case", "/records", "/batch", "/permissions", "/me", "/sign-up")
SUN = "7312045566778893390"

SMALL = """() => [...document.querySelectorAll('a,button,input,select,textarea,summary')]
  .filter((e) => e.offsetParent && !e.closest('p,dd,li.law,.hint,.card-f,.law,.page-h > div'))
  .filter((e) => !e.matches('.rule,.chk,.sw,.skip'))
  .map((e) => [e.outerHTML.slice(0, 90), e.getBoundingClientRect()])
  .filter(([, box]) => box.width > 0 && (box.height < 43.5 || box.width < 43.5)).map(([html]) => html)"""
TINY = """() => [...document.querySelectorAll('body *')].filter((e) => e.offsetParent && e.textContent.trim()
  && parseFloat(getComputedStyle(e).fontSize) < 12).map((e) => e.outerHTML.slice(0, 90))"""
ACTIVE = "() => document.activeElement.outerHTML.slice(0, 200)"


async def focus(page: "Page") -> str:
    """What has the focus, as markup."""
    return str(await page.evaluate(ACTIVE))


async def test_every_action_has_its_key(bot: Demo, enter: Enter) -> None:
    """Search, message field, conversations, confirmation, panes and pages by key; the focus returns where it was; no
    letter does anything inside a field.
    """
    page = await enter("agent", f"/?c={WANG}")
    await page.keyboard.press("/")
    assert "data-search" in await focus(page)
    await page.keyboard.type("jki")
    assert await page.locator("dialog[open]").count() == 0
    await page.fill("[data-search]", "")
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("c")
    assert "data-say" in await focus(page)
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("j")
    first = await focus(page)
    await page.keyboard.press("k")
    assert "conv" in first
    assert first != await focus(page)
    first = await focus(page)
    await page.keyboard.press("i")
    await page.wait_for_selector("dialog[open]")
    assert 'id="dlg-title"' in await focus(page), "never on the button that costs money"
    await page.keyboard.press("Escape")
    assert first == await focus(page), "back to where it was"
    assert await bot.cases(WANG) == []
    for pane in ("chat", "case", "list"):
        await page.keyboard.press("F6")
        assert f'data-pane-of="{pane}"' in await focus(page)
    await page.keyboard.press("?")
    await page.wait_for_selector("[data-keys][open]")
    await page.click("[data-letters]")
    await page.keyboard.press("Escape")
    await page.keyboard.press("c")
    assert "data-say" not in await focus(page), "single letters are switched off"
    await page.evaluate("localStorage.letters = 'true'")
    await page.keyboard.press("g")
    await page.keyboard.press("r")
    await page.wait_for_url("**/records")


async def test_a_closed_dialog_gives_the_focus_back(bot: Demo, enter: Enter) -> None:
    """Opened with nothing in focus, or by its button, it leaves the focus at the button; at the after-sale where the
    button is gone meanwhile.
    """
    await bot.arm("YT7400000000561", "success", later_s=60)
    page, other = await enter("agent", f"/?c={WANG}"), await enter("owner", f"/?c={WANG}")
    await page.keyboard.press("i")
    await page.wait_for_selector("dialog[open]")
    await page.keyboard.press("Escape")
    assert "data-open" in await focus(page)
    await page.click("[data-open]")
    await page.wait_for_selector("dialog[open]")
    await page.keyboard.press("Escape")
    assert "data-open" in await focus(page)
    await page.keyboard.press("i")
    await page.wait_for_selector("dialog[open]")
    await other.click("[data-open]")
    await other.click("dialog[open] [data-main]")
    await page.wait_for_selector(".pane-case .tag[data-s=succeeded]")
    assert await page.locator("[data-open]").count() == 0
    await page.keyboard.press("Escape")
    await page.wait_for_selector("[data-pane-of=case]:focus")


async def test_enter_sends_but_never_while_composing(bot: Demo, enter: Enter) -> None:
    """Shift+Enter breaks the line; an input method's Enter picks a word; the arrow brings the last command back."""
    page = await enter("agent", f"/?c={LIN}")
    await page.fill("[data-say]", "/help")
    compose = (
        "(more) => document.querySelector('[data-say]').dispatchEvent("
        "new KeyboardEvent('keydown', {key: 'Enter', bubbles: true, cancelable: true, ...more}))"
    )
    await page.evaluate(compose, {"isComposing": True})
    await page.evaluate(compose, {"keyCode": 229})
    await page.wait_for_timeout(200)
    assert await page.locator(".msg").count() == await page.locator(".msg .card[data-kind=result]").count()
    await page.focus("[data-say]")
    await page.keyboard.press("Shift+Enter")
    assert await page.input_value("[data-say]") == "/help\n"
    await page.keyboard.press("Enter")
    await page.wait_for_selector('.card[data-kind="help"]')
    assert await page.input_value("[data-say]") == ""
    assert "data-say" in await focus(page), "a result never takes the focus"
    await page.keyboard.press("ArrowUp")
    assert await page.input_value("[data-say]") == "/help\n"


async def test_the_list_keeps_still_under_the_pointer(bot: Demo, enter: Enter) -> None:
    """While the pointer is in the list a row changes its words but not its place; one press, or leaving, applies it."""
    await bot.arm("460000000003390", "success", later_s=60)
    page, other = await enter("agent", f"/?c={LIN}"), await enter("owner", f"/?c={SUN}")
    row = page.locator(f'[data-t="conv:{SUN}"]')
    await row.hover()
    place = (await row.bounding_box() or {})["y"]
    await other.click("[data-open]")
    await other.click("dialog[open] [data-main]")
    await row.locator("strong >> text=拦截成功").wait_for()
    assert (await row.bounding_box() or {})["y"] == place
    assert "列表先停住" in await page.inner_text("[data-held]")
    await page.keyboard.press("u")
    await page.wait_for_selector("[data-held]", state="hidden")
    assert await row.get_attribute("data-group") == "running"
    above = await row.evaluate(
        "e => { while (e && !e.dataset.grp) e = e.previousElementSibling; return e.dataset.grp; }"
    )
    assert above == "running"


async def test_a_message_that_arrives_while_reading_moves_nothing(bot: Demo, enter: Enter) -> None:
    """Away from the end of the talk a new message is announced by a pill; at the end it is simply there."""
    page, other = await enter("agent", f"/?c={LIN}"), await enter("owner", f"/?c={LIN}")
    for text in ("/help", "/fees", "/help", "/fees"):
        await other.fill("[data-say]", text)
        await other.press("[data-say]", "Enter")
        await page.wait_for_selector(f".msg >> text={text}")
        await page.wait_for_timeout(200)
    await page.wait_for_timeout(300)
    left = "(() => { const l = document.querySelector('[data-log]'); return l.scrollHeight - l.scrollTop; })()"
    assert await page.evaluate(left) < 1_000
    await page.evaluate("document.querySelector('[data-log]').scrollTop = 0")
    await page.wait_for_timeout(100)
    await other.fill("[data-say]", "还在吗")
    await other.press("[data-say]", "Enter")
    await page.wait_for_selector("[data-pill]:visible")
    assert await page.evaluate("document.querySelector('[data-log]').scrollTop") == 0
    await page.click("[data-pill]")
    await page.wait_for_selector("[data-pill]", state="hidden")


async def test_a_confirmation_gives_way_when_the_facts_change(bot: Demo, enter: Enter) -> None:
    """Somebody else confirms meanwhile: the dialog's button gives way to 「已变化，再看一遍」, and sends nothing."""
    await bot.arm("YT7400000000561", "success", later_s=60)
    page, other = await enter("agent", f"/?c={WANG}"), await enter("owner", f"/?c={WANG}")
    await page.click("[data-open]")
    await page.wait_for_selector("dialog[open]")
    await other.click("[data-open]")
    await other.click("dialog[open] [data-main]")
    changed = page.locator("dialog[open] >> text=已变化，再看一遍")
    await changed.wait_for()
    await page.wait_for_timeout(450)
    await changed.click()
    await page.wait_for_selector("dialog[open] >> text=都不能拦截")
    assert await page.locator("dialog[open] [data-main]").count() == 0
    assert len(await bot.cases(WANG)) == 1


async def test_a_broken_line_locks_and_comes_back(bot: Demo, enter: Enter, browser_page: Pages) -> None:
    """Cut off, the page says since when and locks its buttons; back again it catches up first, then unlocks."""
    page, other = await enter("agent", f"/?c={LIN}"), await enter("owner", f"/?c={LIN}")
    await page.route("**/events?*", lambda route: route.abort())
    bot.cut()
    await page.wait_for_selector("[data-offline]:visible")
    assert "按钮暂停使用" in await page.inner_text("[data-offline]")
    assert await page.get_attribute(".live", "data-state") == "off"
    await other.reload()
    await other.wait_for_selector('.live[data-state="on"]')
    await other.fill("[data-say]", "/help")
    await other.press("[data-say]", "Enter")
    await other.wait_for_selector('.card[data-kind="help"]')
    await page.unroute("**/events?*")
    await page.wait_for_selector('.card[data-kind="help"]')
    await page.wait_for_selector('.live[data-state="on"]')
    assert not await page.is_visible("[data-offline]")
    browser_page.faults.clear()


async def test_signed_out_meanwhile_one_signs_in_in_place(bot: Demo, enter: Enter, browser_page: Pages) -> None:
    """The session ends while somebody types: the sign-in comes to the page, and what was typed is still there."""
    page = await enter("agent", f"/?c={LIN}")
    await page.fill("[data-say]", "/fees")
    await bot.database.write(lambda c: c.exec_driver_sql("DELETE FROM sessions").rowcount)
    await page.press("[data-say]", "Enter")
    await page.wait_for_selector("[data-again][open]")
    await page.fill("#again-u", "agent")
    await page.fill("#again-p", "nein")
    await page.press("#again-p", "Enter")
    await page.wait_for_selector("text=还可以试 4 次")
    await page.fill("#again-p", "demo")
    await page.press("#again-p", "Enter")
    await page.wait_for_selector("[data-again]", state="hidden")
    assert await page.input_value("[data-say]") == "/fees"
    await page.press("[data-say]", "Enter")
    await page.wait_for_selector('.card[data-kind="fees"]')
    browser_page.faults.clear()


@pytest.mark.parametrize("width", [390, 320])
async def test_a_narrow_screen_holds_everything(bot: Demo, enter: Enter, picture: Picture, width: int) -> None:
    """No page scrolls sideways, every target is as large as a finger, and no text is too small."""
    await bot.settled(HU, "contradicted")
    page = await enter("owner", "/", width=width, height=844, has_touch=True, is_mobile=True)
    for path in PAGES:
        await page.goto(bot.base + path)
        wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, path
        assert await page.evaluate(TINY) == [], path
        if width == 390:
            assert await page.evaluate(SMALL) == [], path
    await page.goto(f"{bot.base}/?c={WANG}&pane=case")
    await page.click("[data-open]")
    await page.wait_for_selector("dialog[open]")
    button = await page.locator("dialog[open] [data-main]").bounding_box() or {}
    assert button["y"] + button["height"] <= 844, "the main button is in the thumb's reach"
    if width == 390:
        await picture(page, "confirm-390")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_pages_follow_the_system_and_the_choice(
    bot: Demo, enter: Enter, picture: Picture, scheme: str
) -> None:
    """Light and dark by what the system says, or as chosen; English has no Chinese sentence in its frame."""
    page = await enter("agent", f"/?c={LIN}", color_scheme=scheme)
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = "rgb(18, 20, 22)"
    assert (await page.evaluate(ground) == dark) == (scheme == "dark")
    if scheme == "dark":
        await picture(page, "workbench-dark")
    await page.goto(f"{bot.base}/theme/light?next=/me")
    assert await page.evaluate(ground) != dark
    await page.goto(f"{bot.base}/lang/en?next=/records")
    assert await page.get_attribute("html", "lang") == "en"
    assert "Records" in await page.inner_text("h1")


async def test_pressing_in_a_hurry_asks_once(bot: Demo, enter: Enter) -> None:
    """Two presses in a row on a confirmation are one."""
    await bot.arm("YT7400000000561", "success", delay_s=0.3, later_s=60)
    page = await enter("agent", f"/?c={WANG}")
    await page.click("[data-open]")
    await page.wait_for_selector("dialog[open]")
    await page.evaluate("(b => { b.click(); b.click(); })(document.querySelector('dialog[open] [data-main]'))")
    await page.wait_for_selector('.card[data-s="succeeded"]')
    await asyncio.sleep(0.2)
    assert len(await bot.cases(WANG)) == 1
