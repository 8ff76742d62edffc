"""The style keeps its contrast, the script its size, and every text that pages name is there."""

import re
from itertools import product
from pathlib import Path

import pytest

from bot.cards import texts
from bot.console.drawing import STATIC
from bot.resources import templates
from tests.console.served import Demo

SCRIPT_LIMIT = 15_000
GROUNDS = ("surface", "canvas", "sunken", "hover", "select", "none-bg")
STATES = ("ok", "fail", "pend", "unk", "con", "none")
SEEN_ON = ("surface", "canvas", "select")

Colours = dict[str, str]


def colours(selector: str) -> Colours:
    """The colour tokens of one block of the style sheet."""
    style = (STATIC / "console.css").read_text("utf-8")
    block = style.split(f"{selector} {{", 1)[1].split("}", 1)[0]
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})", block))


def brightness(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """How many times brighter the brighter one is."""
    dark, light = sorted((brightness(one), brightness(other)))
    return (light + 0.05) / (dark + 0.05)


def wanted() -> list[tuple[str, str, float]]:
    """Foreground, ground, and what is needed: 4.5 for text, 3 for marks and the edges of controls."""
    pairs = [(ink, on, 4.5) for ink, on in product(("ink", "ink-2", "ink-3"), GROUNDS)]
    pairs += [("link", on, 4.5) for on in SEEN_ON]
    pairs += [("on-accent", "accent", 4.5), ("on-accent", "accent-h", 4.5), ("on-con", "con-solid", 4.5)]
    pairs += [("surface", "ink-2", 4.5)]
    for state in STATES:
        pairs += [(state, on, 4.5) for on in (f"{state}-bg", *SEEN_ON)]
        pairs += [(ink, f"{state}-bg", 4.5) for ink in ("ink", "ink-2")]
        pairs += [(f"{state}-mark", on, 3) for on in (f"{state}-bg", *SEEN_ON)]
    pairs += [("line-ctl", on, 3) for on in ("surface", "canvas")]
    pairs += [("focus", on, 3) for on in SEEN_ON]
    return pairs + [("accent", on, 3) for on in ("surface", "canvas", "sunken")]


@pytest.mark.parametrize("selector", [':root, :root[data-theme="light"]', ':root[data-theme="dark"]'])
def test_every_pair_of_colours_can_be_read(selector: str) -> None:
    """Text, marks and edges keep their contrast in both themes (WCAG 2.2 AA)."""
    found = colours(selector)
    weak = [pair for pair in wanted() if contrast(found[pair[0]], found[pair[1]]) < pair[2]]
    assert weak == []
    assert len(wanted()) == 93


def test_the_systems_dark_is_our_dark() -> None:
    """The dark theme stands twice, for a choice and for what the system says; both are the same."""
    assert colours(':root[data-theme="dark"]') == colours(":root:not([data-theme])")


def test_the_script_stays_small_and_our_own() -> None:
    """One module below 15 kB that loads nothing."""
    script = (STATIC / "console.js").read_bytes()
    assert len(script) < SCRIPT_LIMIT
    assert b"import " not in script
    assert sorted(path.name for path in STATIC.glob("*.js")) == ["beside.js", "console.js"]
    assert len((STATIC / "beside.js").read_bytes()) < 2_000, "what the page inside another desk hears, and no more"


def test_nothing_is_smaller_than_twelve_pixels() -> None:
    """Chinese below 12 px cannot be read."""
    style = "".join(path.read_text("utf-8") for path in sorted(STATIC.glob("*.css")))
    sizes = [float(size) * 16 for size in re.findall(r"--t-\d+: ([\d.]+)rem", style)]
    sizes += [float(size) for size in re.findall(r"(?:font|font-size):[^;]*?(\d+(?:\.\d+)?)px", style)]
    assert min(sizes) >= 12


def named(path: Path) -> set[str]:
    """The keys of texts that a template names in full."""
    text = path.read_text("utf-8")
    own = re.findall(r'(?:\bw|t\.marked)\("([\w.]+)"[,)]', text)
    return {f"console.{key}" for key in own} | set(re.findall(r'\bt(?:\.strong)?\("([\w.]+)"[,)]', text))


def test_every_text_that_a_template_names_exists() -> None:
    """A missing text would be found by whoever opens the page."""
    used = {key for path in (templates() / "console").rglob("*.html") for key in named(path)}
    assert len(used) > 150
    assert used - texts.keys() == set()


@pytest.mark.parametrize("name", ["console.css", "console.js", "pages.css"])
async def test_a_file_is_kept_for_good_and_travels_packed(bot: Demo, name: str) -> None:
    """Its address carries a mark of its content; the policy goes with it."""
    visitor = bot.visitor()
    page = (await visitor.get("/sign-in")).text
    address = re.search(rf'"(/static/{re.escape(name)}\?[0-9a-f]+)"', page)
    assert address is not None
    answer = await visitor.get(address[1])
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.text == (STATIC / name).read_text("utf-8")


async def test_the_icon_counts_what_waits(bot: Demo) -> None:
    """The page's icon carries the number; nonsense gives the plain icon."""
    visitor = bot.visitor()
    assert ">4</text>" in (await visitor.get("/favicon.svg?n=4")).text
    assert ">99</text>" in (await visitor.get("/favicon.svg?n=1234")).text
    for nonsense in ("x", "-1", "0", "99999"):
        assert "<text" not in (await visitor.get(f"/favicon.svg?n={nonsense}")).text
