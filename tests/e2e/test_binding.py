"""A chat account becomes somebody's: by the code of the page, or by the owner who compares four digits."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.browser import Pages
from tests.channels.conftest import Team
from tests.channels.peers import until
from tests.channels.slack.peer import SlackPeer
from tests.channels.test_telling import document, with_words
from tests.channels.test_telling import enter as import_sales
from tests.console.served import LIN, Demo, demo
from tests.e2e.conftest import Enter, Picture
from tests.e2e.test_handling import SMALL, TINY

WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
async def slack() -> AsyncIterator[SlackPeer]:
    """The platform on loopback."""
    peer = SlackPeer()
    await peer.start()
    yield peer
    await peer.close()


@pytest.fixture
async def bot(tmp_path: Path, sqlite_url: str, slack: SlackPeer) -> AsyncIterator[Demo]:
    """`serve --demo` that speaks on that platform."""
    file = tmp_path / "channels.toml"
    file.write_text(slack.section(), encoding="utf-8")
    file.chmod(0o600)
    async with demo(tmp_path, sqlite_url) as served:
        await slack.meet(served.base)
        yield served


async def test_a_code_of_the_page_binds_in_the_chat(bot: Demo, enter: Enter, slack: SlackPeer) -> None:
    """By key: the code is taken, typed in the chat, and the account stands on the page without a reload; from then on
    the chat obeys; taken back after a second question, it does no longer.
    """
    page = await enter("agent", "/me")
    await page.focus("text=取绑定码")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/me/code")
    command = await page.inner_text("code.mono")
    assert re.fullmatch(r"/bind \d{8}", command)
    assert command[6:] not in page.url
    await slack.say(command)
    await page.wait_for_selector(f'[data-t="accounts"] >> text={slack.person}')
    assert await page.inner_text("code.mono") == command, "what is being read is not taken away"
    await slack.say("/intercept " + LIN)
    await until(slack.seen)
    await page.focus(".undo summary")
    await page.keyboard.press("Enter")
    assert "旧卡片上的按钮也不行" in await page.inner_text(".undo form")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("text=还没有绑定聊天账号")
    told = len(slack.ephemeral)
    await slack.say("/intercept " + LIN)
    await until(lambda: "先绑定" in "".join(slack.ephemeral[told:]))


async def test_the_owner_approves_what_a_chat_asked(bot: Demo, enter: Enter, slack: SlackPeer) -> None:
    """`/bind LOGIN` of a stranger stands on the owner's open page with the digits that the chat shows; approved, the
    account obeys. The owner's page has everybody's accounts.
    """
    page = await enter("owner", "/permissions")
    await slack.say("/bind agent", user=slack.stranger)
    told = await until(lambda: slack.ephemeral)
    digits = re.search(r"核对数字\D*(\d{4})", told[-1])
    assert digits is not None, told
    await page.wait_for_selector(f"text=聊天里看到的核对数字是不是 {digits[1]}")
    before = len(slack.seen())
    await page.wait_for_timeout(450)  # a button that has just come takes no press
    await page.click("[name=to][value=yes]")
    await page.wait_for_selector(f"table >> text={slack.stranger}")
    await slack.say("/help", user=slack.stranger)
    await until(lambda: len(slack.seen()) > before)


async def test_the_owners_page_has_all_that_waits(bot: Demo, enter: Enter, slack: SlackPeer, picture: Picture) -> None:
    """Who asks for the permission, who asks to be bound, whose accounts act, and which chats are told, on one page that
    fills itself.
    """
    page, newcomer = await enter("owner", "/permissions", height=932), await enter("newcomer", f"/?c={LIN}")
    await Team(bot, slack).bind()
    await slack.say("/subscribe 22:00-08:00")
    await slack.say("/bind agent2", user=slack.stranger)
    await newcomer.click(".dock >> text=请吴岚开通")
    await page.wait_for_selector(".wish >> text=李想 想用「物流工具」")
    await page.wait_for_selector(f".wish >> text=Slack 账号 {slack.stranger} 想绑定给 陈默")
    await page.wait_for_selector(f"table >> text={slack.person}")
    await page.wait_for_selector("#told-chats >> text=22:00–08:00")
    await picture(page, "permissions")


@pytest.mark.parametrize("scheme, lang", [("light", "zh"), ("dark", "en")])
async def test_the_pages_of_accounts_hold(
    bot: Demo, enter: Enter, slack: SlackPeer, browser_page: Pages, tmp_path: Path, scheme: str, lang: str
) -> None:
    """Narrow and wide, light and dark, in both languages: nothing sideways, nothing too small to press or to read."""
    await slack.say("/bind owner", user=slack.stranger)
    await until(lambda: slack.ephemeral)
    page = await enter("owner", "/me", width=390, height=844, has_touch=True, is_mobile=True, color_scheme=scheme)
    await page.goto(f"{bot.base}/lang/{lang}?next=/me")
    await page.click("form[action='/me/code'] button")
    await page.wait_for_url("**/me/code")
    await slack.say(await page.inner_text("code.mono"))
    await page.wait_for_selector(".acct")
    await page.click(".undo summary")
    for path in ("", "/permissions"):
        if path:
            await page.goto(bot.base + path)
            await page.click(".undo summary")
        assert await page.evaluate(WIDE) <= 0
        assert await page.evaluate(TINY) == []
        assert await page.evaluate(SMALL) == []
        await page.screenshot(path=tmp_path / f"{path.strip('/') or 'me'}-390.png", full_page=True)
    await page.set_viewport_size({"width": 1280, "height": 800})
    for path in ("/me", "/permissions"):
        await page.goto(bot.base + path)
        await page.screenshot(path=tmp_path / f"{path.strip('/')}-1280.png", full_page=True)
    if lang == "en":
        words = await page.inner_text("main")
        assert "Ask" in words
        assert "绑定" not in words


@pytest.mark.parametrize("scheme, lang", [("light", "zh"), ("dark", "en")])
async def test_the_owner_ends_what_a_chat_is_told(
    bot: Demo, enter: Enter, slack: SlackPeer, tmp_path: Path, scheme: str, lang: str
) -> None:
    """Subscribed in a channel it stands on the owner's open page; ended there by key after a second question, a new
    after-sale is not told, and the card of an earlier one goes on telling the truth.
    """
    team = Team(bot, slack)
    await team.bind()
    page = await enter("owner", "/permissions", color_scheme=scheme)
    await page.goto(f"{bot.base}/lang/{lang}?next=/permissions")
    await page.wait_for_selector('.live[data-state="on"]', state="attached")
    await slack.say("/subscribe 22:00-22:01")
    chats = page.locator("#told-chats")
    await chats.locator("text=22:00–22:01").wait_for()
    words = await chats.inner_text()
    assert [one for one in ("Slack", slack.channel, "周琳") if one not in words] == []
    await slack.say("/subscribe always")
    await chats.locator("text=22:00–22:01").wait_for(state="detached")
    await import_sales(team, [document(21)])
    await until(lambda: with_words(slack, f"YT{21:013}"))
    for width, height in ((1280, 800), (390, 844)):
        await page.set_viewport_size({"width": width, "height": height})
        await chats.screenshot(path=tmp_path / f"told-{width}-{lang}.png")
        if await chats.locator(".undo[open]").count() == 0:
            await chats.locator("summary").focus()
            await page.keyboard.press("Enter")
        assert await page.evaluate(WIDE) <= 0
        assert await page.evaluate(TINY) == []
        await page.screenshot(path=tmp_path / f"told-open-{width}-{lang}.png", full_page=True)
    await chats.locator("summary").focus()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await chats.locator("summary").wait_for(state="detached")
    assert "/subscribe" in await chats.inner_text()
    await import_sales(team, [document(22), {**document(21), "status": "closed"}])
    await until(lambda: with_words(slack, "售后单已结束", f"YT{21:013}"))
    assert with_words(slack, f"YT{22:013}") == []
