"""What was typed and not sent waits in the browser, for the one who typed it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser import Pages
from tests.console.served import LIN, WANG, Demo
from tests.e2e.conftest import Enter

if TYPE_CHECKING:
    from playwright.async_api import Page

SAY = "[data-say]"
HALF = "/intercept 75400000"


async def go(page: Page, after_sale_id: str) -> None:
    """Opens a conversation of the list with a press."""
    await page.click(f'[data-t="conv:{after_sale_id}"] a')
    await page.wait_for_selector(f'body[data-conversation="{after_sale_id}"]')
    await ready(page)


async def ready(page: Page) -> None:
    """Waits until the page's script has run to its end and hears the server."""
    await page.wait_for_selector('.live[data-state="on"]')


async def stored(page: Page) -> str:
    """Everything that this tab keeps."""
    return str(await page.evaluate("JSON.stringify({...sessionStorage})"))


async def enter_here(page: Page, login: str) -> None:
    """Signs in as one of the sample people, in this tab."""
    await page.click(f"button[value={login}]")
    await page.wait_for_selector("body[data-conversation]")
    await ready(page)


async def test_what_was_typed_is_there_again(bot: Demo, enter: Enter) -> None:
    """Each conversation keeps its own text over a visit elsewhere, another language and a reload; sent, it is gone."""
    page = await enter("agent", f"/?c={LIN}")
    await page.fill(SAY, HALF)
    await go(page, WANG)
    assert await page.input_value(SAY) == ""
    await page.click("[data-chip='/intercept']")
    await page.click("a[href='/records']")
    await page.wait_for_url("**/records")
    await page.goto(f"{bot.base}/?c={LIN}")
    await ready(page)
    assert await page.input_value(SAY) == HALF
    await page.click(".top a[lang=en]")
    await page.wait_for_selector("html[lang=en]")
    await ready(page)
    assert await page.input_value(SAY) == HALF
    await page.reload()
    await ready(page)
    assert await page.input_value(SAY) == HALF
    await go(page, WANG)
    assert await page.input_value(SAY) == "/intercept ", "a command that was picked counts as typed"
    await go(page, LIN)
    await page.fill(SAY, "/help")
    await page.press(SAY, "Enter")
    await page.wait_for_selector('.card[data-kind="help"]')
    await page.reload()
    await ready(page)
    assert await page.input_value(SAY) == ""
    assert "/help" not in await stored(page)


async def test_text_of_several_lines_comes_back_in_its_height(bot: Demo, enter: Enter) -> None:
    """The field is as tall as the text that came back."""
    page = await enter("agent", f"/?c={LIN}")
    await page.fill(SAY, "一\n二\n三\n四")
    tall = (await page.locator(SAY).bounding_box() or {})["height"]
    await page.reload()
    await ready(page)
    assert (await page.locator(SAY).bounding_box() or {})["height"] == tall > 60


async def test_signing_out_takes_it_away(bot: Demo, enter: Enter) -> None:
    """Signed out, the tab keeps nothing; neither the next person nor the same one finds it."""
    page = await enter("agent", f"/?c={LIN}")
    await page.fill(SAY, HALF)
    for login in ("owner", "agent"):
        await page.click("a.me")
        await page.click("form[action='/sign-out'] button")
        await page.wait_for_selector("button[value=owner]")
        assert HALF not in await stored(page)
        await enter_here(page, login)
        await page.goto(f"{bot.base}/?c={LIN}")
        await ready(page)
        assert await page.input_value(SAY) == ""


async def test_only_the_same_person_finds_it_after_the_session_ended(
    bot: Demo, enter: Enter, browser_page: Pages
) -> None:
    """A session that ended by itself loses nothing; whoever else signs in there, in place or not, does not see it."""
    page = await enter("agent", f"/?c={LIN}")
    await page.fill(SAY, HALF)
    for login, left in (("agent", HALF), ("owner", "")):
        await bot.database.write(lambda c: c.exec_driver_sql("DELETE FROM sessions").rowcount)
        await page.goto(f"{bot.base}/sign-in?next=/?c={LIN}")
        await enter_here(page, login)
        assert await page.input_value(SAY) == left
    await page.fill(SAY, HALF)
    await bot.database.write(lambda c: c.exec_driver_sql("DELETE FROM sessions").rowcount)
    await page.press(SAY, "Enter")
    await page.wait_for_selector("[data-again][open]")
    await page.fill("#again-u", "agent")
    await page.fill("#again-p", "demo")
    await page.press("#again-p", "Enter")
    await page.wait_for_selector(".me >> text=周琳")
    await ready(page)
    assert await page.input_value(SAY) == ""
    assert HALF not in await stored(page)
    browser_page.faults.clear()
