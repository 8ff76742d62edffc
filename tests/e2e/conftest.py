"""The running bot and real browsers in front of it."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser import Pages
from tests.console.served import Demo, demo

if TYPE_CHECKING:
    from playwright.async_api import Page

Enter = Callable[..., Awaitable["Page"]]
Picture = Callable[["Page", str], Awaitable[None]]

SHARP: dict[str, Any] = {"device_scale_factor": 1.5} if os.environ.get("SCREENSHOTS") else {}
"""How pages of the README's pictures are opened."""


@pytest.fixture
async def bot(tmp_path: Path, sqlite_url: str) -> AsyncIterator[Demo]:
    """`serve --demo`, for this test alone."""
    async with demo(tmp_path, sqlite_url) as served:
        yield served


@pytest.fixture
def enter(bot: Demo, browser_page: Pages) -> Enter:
    """A browser of its own in which that person has signed in; `there` is where it stands then."""

    async def go(login: str = "agent", there: str = "/", *, password: str = "", **options: object) -> "Page":
        page = await browser_page.open(f"{bot.base}/sign-in?next={there}", **{**SHARP, **options})
        if password:
            await page.fill("#u", login)
            await page.fill("#pw", password)
            await page.press("#pw", "Enter")
        else:
            await page.click(f"button[value={login}]")
        await page.wait_for_url(f"{bot.base}{there}")
        if options.get("java_script_enabled", True):
            await page.wait_for_selector('.live[data-state="on"]', state="attached")
        return page

    return go


@pytest.fixture
def picture(root: Path, tmp_path: Path) -> Picture:
    """Takes the pictures of the README; they are kept where `SCREENSHOTS` is set, so that a test run changes no file.

    The font of the tests has one weight: a browser makes it bold from 700 on, so that is what strong text is set to.
    """
    folder = root / "docs" / "screenshots" if os.environ.get("SCREENSHOTS") else tmp_path / "screenshots"

    async def take(page: "Page", name: str) -> None:
        await page.evaluate(
            "document.documentElement.style.setProperty('--w-strong', '700'); document.fonts.ready.then(() => true)"
        )
        await page.wait_for_timeout(150)
        folder.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=folder / f"{name}.png")

    return take
