"""A real Chromium for tests: found, or brought by ``python -m tests.browser`` (which ``make test`` runs first).

A browser is started for each test that asks for one (0.5 s), in that test's own event loop, so that it may talk to a
server of the same loop. It reaches loopback only and draws Chinese with the font of a development dependency.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # the import itself costs 0.3 s, which runs without a browser should not pay
    from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_OFF = (
    "AutofillServerCommunication",
    "CertificateTransparencyComponentUpdater",
    "InterestFeedContentSuggestions",
    "MediaRouter",
    "OptimizationHints",
    "Translate",
)
# Without these a headless browser asks the name server fifty times in one run.
_QUIET = (
    "--disable-background-networking",
    "--disable-client-side-phishing-detection",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-quic",
    "--disable-sync",
    f"--disable-features={','.join(_OFF)}",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--metrics-recording-only",
    "--no-default-browser-check",
    "--no-first-run",
)
_APT = "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium"


def _answers(path: str) -> bool:
    """Whether this program is a browser that starts here (Ubuntu's `chromium-browser` may be a mere hint)."""
    try:
        done = subprocess.run([path, "--version"], capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _of_playwright() -> list[str]:
    """Browsers that ``playwright install`` laid down earlier."""
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    patterns = ("chromium-*/chrome-linux*/chrome", "chromium_headless_shell-*/chrome-*/*headless*shell")
    return [str(found) for pattern in patterns for found in sorted(cache.glob(pattern), reverse=True)]


def find_browser() -> str | None:
    """The first that answers of `$CHROMIUM`, the usual names on PATH, Playwright's own; None where there is none."""
    named = [os.environ.get("CHROMIUM"), *map(shutil.which, _NAMES), *_of_playwright()]
    return next((path for path in named if path and _answers(path)), None)


def bring_browser() -> str | None:
    """Find a browser, or install Debian's as root, or Playwright's. None when neither was to be had."""
    if found := find_browser():
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["sh", "-c", _APT], check=False, timeout=900)
        if found := find_browser():
            return found
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False, timeout=900)
    return find_browser()


def font_config(folder: Path) -> Path:
    """A fontconfig file that knows the CJK font of the development dependency alone, so that pictures are the same
    everywhere and no Chinese character is a box.
    """
    spec = importlib.util.find_spec("pylopdf_fonts_zh_cn")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("pylopdf-fonts-zh-cn is not installed: make test installs it")
    fonts = spec.submodule_search_locations[0]
    aliases = "".join(
        f"<alias><family>{asked}</family><prefer><family>{given}</family></prefer></alias>"
        for asked, given in (
            ("sans-serif", "Noto Sans SC"),
            ("system-ui", "Noto Sans SC"),
            ("monospace", "Noto Sans SC"),
            ("serif", "Noto Serif SC"),
        )
    )
    file = folder / "fonts.conf"
    file.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">'
        f"<fontconfig><dir>{fonts}</dir><cachedir>{folder}/cache</cachedir>{aliases}</fontconfig>",
        encoding="utf-8",
    )
    return file


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The browser's program. Without one the test is skipped, and fails in CI, where `make test` has brought it."""
    if found := find_browser():
        return found
    words = "no Chromium: install one, or name it in $CHROMIUM; `python -m tests.browser` tries to bring it"
    if os.environ.get("CI"):
        pytest.fail(words)
    pytest.skip(words)


@pytest.fixture(scope="session")
def browser_fonts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fontconfig file of this test process, with a cache beside it."""
    return font_config(tmp_path_factory.mktemp("fonts"))


@pytest.fixture
async def chromium(chromium_path: str, browser_fonts: Path) -> "AsyncIterator[Browser]":
    """A running headless browser, quiet on the network and closed with the test."""
    from playwright.async_api import async_playwright  # noqa: PLC0415 - see above

    root = ("--no-sandbox",) if os.geteuid() == 0 else ()
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(
            executable_path=chromium_path,
            args=[*_QUIET, *root],
            env={**os.environ, "FONTCONFIG_FILE": str(browser_fonts)},
        )
        yield browser
        await browser.close()


@dataclass
class Pages:
    """Opens pages, each in a context of its own (own cookies), and keeps what went wrong in them.

    ``faults`` lists script errors, console errors and warnings, and requests to other machines. A test fails at its end
    when there is one; a test that provokes a fault on purpose looks at it and clears the list.
    """

    browser: "Browser"
    faults: list[str] = field(default_factory=list)
    _contexts: list["BrowserContext"] = field(default_factory=list)

    async def open(self, url: str, *, width: int = 1280, height: int = 800, **context: Any) -> "Page":
        """Open an address and wait for its fonts. Further options are those of Playwright's ``new_context``
        (``color_scheme``, ``java_script_enabled``, ``has_touch``, ``storage_state`` …).
        """
        options = {"locale": "zh-CN", "timezone_id": "Asia/Shanghai", "reduced_motion": "reduce", **context}
        made = await self.browser.new_context(viewport={"width": width, "height": height}, **options)
        made.set_default_timeout(10_000)
        self._contexts.append(made)
        page = await made.new_page()
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("console", self._heard)
        await page.goto(url)
        if options.get("java_script_enabled", True):
            await page.evaluate("document.fonts.ready.then(() => true)")
        return page

    def _heard(self, message: "ConsoleMessage") -> None:
        if message.type in {"error", "warning"}:
            where = message.location
            self.faults.append(f"console: {message.text} ({where.get('url')}:{where.get('lineNumber')})")

    async def close(self) -> None:
        """Close every page."""
        for context in self._contexts:
            await context.close()
        self._contexts.clear()


@pytest.fixture
async def browser_page(chromium: "Browser") -> AsyncIterator[Pages]:
    """``await browser_page.open(url, width=390, height=844)`` gives a page; a fault in any of them fails the test."""
    pages = Pages(chromium)
    yield pages
    await pages.close()
    assert pages.faults == []


if __name__ == "__main__":
    browser = bring_browser()
    words = f"browser: {browser}" if browser else "no browser: its tests are skipped (in CI they fail)"
    sys.stdout.write(words + "\n")
