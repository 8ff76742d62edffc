"""The page beside a conversation, inside a desk of another site, in a real browser."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from tests.browser import _QUIET, Pages
from tests.channels.chatwoot.peer import ChatwootPeer
from tests.console.served import HU, LIN, WANG, Demo, demo
from tests.loopback import TestServer

if TYPE_CHECKING:
    from playwright.async_api import Browser, Frame, Page

DESK, FORGER = "chat.example", "forger.example"
RULES = f"--host-resolver-rules=MAP {DESK} 127.0.0.1 , MAP {FORGER} 127.0.0.1 , MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"
SCRIPT = """addEventListener("message", (event) => {
  if (event.data !== "chatwoot-dashboard-app:fetch-info") return;
  window.asked = (window.asked || 0) + 1;
  tell();
});
function tell(context = window.context) {
  window.context = context;
  document.querySelector("iframe").contentWindow.postMessage(JSON.stringify({event: "appContext", data: context}), "*");
}"""


@dataclass
class Desk:
    """Chatwoot's own page around a dashboard app, by two names: the configured one, and one that only pretends."""

    app: str = ""
    port: int = 0
    context: dict[str, Any] = field(default_factory=dict)

    async def start(self) -> int:
        site = web.Application()
        site.router.add_get("/", self._page)
        self._server = TestServer(site, host="127.0.0.1")
        await self._server.start_server()
        return int(self._server.port or 0)

    async def close(self) -> None:
        await self._server.close()

    async def _page(self, _: web.Request) -> web.Response:
        frame = f'<iframe src="{self.app}" width="900" height="760" style="border:0"></iframe>'
        script = f"<script>window.context = {json.dumps(self.context)};{SCRIPT}</script>"
        page = f'<!doctype html><link rel="icon" href="data:,"><title>desk</title>{script}{frame}'
        return web.Response(text=page, content_type="text/html")


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """The desk around the frame."""
    made = Desk()
    yield made
    await made.close()


@pytest.fixture
async def bot(tmp_path: Path, sqlite_url: str, desk: Desk) -> AsyncIterator[Demo]:
    """`serve --demo` that is connected with that desk."""
    port = await desk.start()
    peer = ChatwootPeer()
    await peer.start()
    file = tmp_path / "channels.toml"
    file.write_text(f'{peer.section()}browser_url = "http://{DESK}:{port}"\n', encoding="utf-8")
    file.chmod(0o600)
    async with demo(tmp_path, sqlite_url) as served:
        await peer.meet(served.base)
        desk.app = f"{served.base}/beside/chatwoot"
        desk.port = port
        yield served
    await peer.close()


@pytest.fixture
async def chromium(chromium_path: str, browser_fonts: Path) -> AsyncIterator[Browser]:
    """A browser that knows both names of the desk, and keeps other sites' cookies apart as people's browsers do."""
    from playwright.async_api import async_playwright  # noqa: PLC0415 - costs 0.3 s

    root = ("--no-sandbox",) if os.geteuid() == 0 else ()
    quiet = [flag for flag in _QUIET if not flag.startswith("--host-resolver-rules")]
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(
            executable_path=chromium_path,
            args=[*quiet, RULES, "--test-third-party-cookie-phaseout", *root],
            env={**os.environ, "FONTCONFIG_FILE": str(browser_fonts)},
        )
        yield browser
        await browser.close()


async def _inside(page: Page) -> Frame:
    frame = page.frames[-1]
    await frame.wait_for_load_state()
    return frame


async def _signed_in(page: Page, login: str = "agent") -> Frame:
    frame = await _inside(page)
    await frame.fill("#again-u", login)
    await frame.fill("#again-p", "demo")
    await frame.press("#again-p", "Enter")
    await frame.wait_for_selector('.live[data-state="on"]')
    return frame


async def test_the_card_beside_the_conversation(bot: Demo, desk: Desk, browser_page: Pages) -> None:
    """Signed in inside the frame, the after-sale of the conversation has its button there; confirmed, the result comes
    there too; another conversation brings another after-sale. The console's own cookie is never needed.
    """
    await bot.arm("YT7400000000561", "success", later_s=0.2)
    desk.context = {"conversation": {"id": 88, "custom_attributes": {"order": f"单号 {WANG}"}}, "contact": {}}
    page = await browser_page.open(f"http://{DESK}:{desk.port}/")
    frame = await _signed_in(page)
    await frame.wait_for_selector(f'[data-t="panel:{WANG}"]')
    await frame.click("[data-open]")
    await frame.wait_for_selector("dialog[open] [data-main]")
    await frame.click("dialog[open] [data-main]")
    await frame.wait_for_selector('.msg .card[data-s="succeeded"]')
    assert len(await bot.cases(WANG)) == 1
    kept = {c["name"]: c for c in await page.context.cookies(bot.base)}
    assert all((c["sameSite"], c["secure"]) == ("None", True) for c in kept.values()), kept
    await page.evaluate("tell", {"conversation": {"id": 89, "custom_attributes": {"n": LIN}}})
    await frame.wait_for_selector(f'[data-t="panel:{LIN}"]')
    assert await frame.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_what_the_desk_says_only_suggests(bot: Demo, desk: Desk, browser_page: Pages) -> None:
    """Numbers of nobody's and another origin's messages show nothing; a person without the permission gets the way to
    it; several after-sales are to choose from; a number can be typed.
    """
    desk.context = {"conversation": {"id": 7, "custom_attributes": {"n": "7312000000000000000", "x": {"y": "' or 1"}}}}
    page = await browser_page.open(f"http://{DESK}:{desk.port}/")
    frame = await _signed_in(page, "newcomer")
    await frame.wait_for_selector("text=没有认出这个会话的售后单")
    forged = {"event": "appContext", "data": {"conversation": {"id": 1, "custom_attributes": {"n": LIN}}}}
    await frame.evaluate("(words) => postMessage(words)", json.dumps(forged))
    await frame.fill("[name=q]", LIN)
    await frame.press("[name=q]", "Enter")
    await frame.wait_for_selector(f'[data-t="panel:{LIN}"]')
    assert await frame.locator("[data-open]").count() == 0
    assert "物流工具" in await frame.inner_text(".dock")
    await page.evaluate("tell", {"conversation": {"id": 8, "custom_attributes": {"a": HU, "b": LIN}}})
    await frame.wait_for_selector(f'[data-t="panel:{HU}"]')
    await frame.click(f"nav >> text=…{LIN[-4:]}")
    await frame.wait_for_selector(f'[data-t="panel:{LIN}"]')


async def test_nobody_else_frames_it(bot: Demo, desk: Desk, browser_page: Pages) -> None:
    """Another site's frame stays empty, and so does every other page of ours, also in the configured desk."""
    page = await browser_page.open(f"http://{FORGER}:{desk.port}/")
    assert await page.frames[-1].evaluate("document.querySelectorAll('input').length") == 0
    desk.app = f"{bot.base}/sign-in"
    page = await browser_page.open(f"http://{DESK}:{desk.port}/")
    assert await page.frames[-1].evaluate("document.querySelectorAll('input').length") == 0
    refused = [fault for fault in browser_page.faults if "frame-ancestors" in fault or "frame" in fault.lower()]
    assert len(refused) >= 2
    browser_page.faults.clear()


async def test_the_headers(bot: Demo, desk: Desk) -> None:
    """The page names the one origin; its cookies say what they are for; no other page may be framed; a channel that has
    no desk has no page.
    """
    visitor = bot.visitor()
    answer = await visitor.get("/beside/chatwoot?n=1")
    assert f"frame-ancestors http://{DESK}:{desk.port};" in answer.headers["Content-Security-Policy"] + ";"
    assert "X-Frame-Options" not in answer.headers
    cookie = answer.headers["Set-Cookie"]
    assert all(word in cookie for word in ("_beside=", "HttpOnly", "SameSite=None", "Secure", "Partitioned"))
    for path in ("/", "/sign-in", "/beside/slack", "/beside/console"):
        other = await visitor.get(path)
        assert "frame-ancestors 'none'" in other.headers["Content-Security-Policy"] or other.status == 303
        assert other.headers["X-Frame-Options"] == "DENY"
    assert (await visitor.get("/beside/slack")).status == 404
