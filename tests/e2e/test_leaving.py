"""The owner takes somebody out of the shop in a browser, by key, while that person is at work."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.console.served import Demo
from tests.e2e.conftest import Enter
from tests.e2e.test_binding import WIDE
from tests.e2e.test_handling import SMALL, TINY


@pytest.mark.parametrize("scheme, lang", [("light", "zh"), ("dark", "en")])
async def test_taken_out_in_a_browser(bot: Demo, enter: Enter, tmp_path: Path, scheme: str, lang: str) -> None:
    """After a second question the person is gone from the list and sees the sign-in in place; brought back, every
    permission is off. Narrow and wide, nothing sideways, nothing too small.
    """
    agent, page = await enter("agent"), await enter("owner", "/permissions", color_scheme=scheme)
    await page.goto(f"{bot.base}/lang/{lang}?next=/permissions")
    await page.wait_for_selector('.live[data-state="on"]', state="attached")
    row = page.locator("tr", has_text="周琳").filter(has=page.get_by_role("switch"))
    for width, height in ((390, 844), (1280, 800)):
        await page.set_viewport_size({"width": width, "height": height})
        if await row.locator(".undo[open]").count() == 0:
            await row.locator("summary").focus()
            await page.keyboard.press("Enter")
        assert await page.evaluate(WIDE) <= 0
        assert await page.evaluate(TINY) == []
        await page.screenshot(path=tmp_path / f"leaving-{width}-{lang}.png", full_page=True)
    await row.locator("summary").focus()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    gone = page.locator("#gone")
    await gone.locator("text=周琳").wait_for()
    await agent.wait_for_selector("input[type=password]:visible")
    await gone.locator("summary").focus()
    await page.keyboard.press("Enter")
    await page.set_viewport_size({"width": 390, "height": 844})
    assert await page.evaluate(WIDE) <= 0
    assert await page.evaluate(TINY) == []
    await page.screenshot(path=tmp_path / f"gone-390-{lang}.png", full_page=True)
    await page.set_viewport_size({"width": 1280, "height": 800})
    await page.screenshot(path=tmp_path / f"gone-1280-{lang}.png", full_page=True)
    await gone.locator("summary").focus()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await gone.wait_for(state="detached")
    switches = row.get_by_role("switch")
    assert [await switches.nth(number).is_checked() for number in range(2)] == [False, False]


async def test_wide_enough_to_press(bot: Demo, enter: Enter) -> None:
    """On a telephone each of its buttons can be pressed with a finger."""
    page = await enter("owner", "/permissions", width=390, height=844, has_touch=True, is_mobile=True)
    await page.locator(".tbl-per .undo summary").first.click()
    assert await page.evaluate(SMALL) == []
