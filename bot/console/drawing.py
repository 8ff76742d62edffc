"""How pages are drawn: the templates of `templates/console/`, and their filters.

A page is drawn for one language and one viewer. Money, numbers and times have one form everywhere (console README 7).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from string import ascii_letters
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from bot.console import gauge
from bot.console.house import Words
from bot.domain.money import yuan
from bot.resources import templates

BEIJING = ZoneInfo("Asia/Shanghai")
STATIC = Path(__file__).resolve().parent / "static"
LANGUAGES = ("zh", "en")

ICONS: Mapping[str, str] = {
    "eligible": "win",
    "pending": "pend",
    "queued": "clock",
    "succeeded": "ok",
    "returning": "back",
    "returned": "home",
    "failed": "fail",
    "unknown": "unk",
    "contradicted": "con",
    "refused": "none",
    "cancelled": "none",
    "lost": "lost",
    "damaged": "lost",
    "stale": "clock",
}
"""The shape that tells a state to whoever sees no colour (console README 2)."""


@dataclass(frozen=True, slots=True)
class Static:
    """A file of ours as it is sent: its bytes, its type, and the mark that changes with them."""

    body: bytes
    content_type: str
    mark: str


_NUMBER = re.compile(r"(?<![A-Za-z0-9])([A-Z]{0,4}[0-9]{12,19})(?![A-Za-z0-9])")
_TITLE = re.compile("《[^》]+》|(?<=agree to the ).+")
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def read_static() -> dict[str, Static]:
    """The files of `static/`, by name."""
    found: dict[str, Static] = {}
    for path in sorted(STATIC.iterdir()):
        if path.suffix in _TYPES:
            body = path.read_bytes()
            found[path.name] = Static(body, _TYPES[path.suffix], hashlib.sha256(body).hexdigest()[:12])
    return found


def grouped(number: str) -> Markup:
    """A number as people compare it: groups of four from the end, the last four strong, letters glued to the first.

    The gaps are CSS, so copying and searching in the page give the plain number.
    """
    body = number.lstrip(ascii_letters)
    letters = number[: len(number) - len(body)]
    first = len(body) % 4
    groups = [body[:first]] if first else []
    groups += [body[at : at + 4] for at in range(first, len(body), 4)]
    if not groups:
        return Markup('<span class="no"><b>{}</b></span>').format(number)
    groups[0] = letters + groups[0]
    before = Markup("").join(Markup("<i>{}</i>").format(part) for part in groups[:-1])
    return Markup('<span class="no">{}<b>{}</b></span>').format(before, groups[-1])


def numbered(text: str) -> Markup:
    """A sentence whose long numbers are grouped in the same way."""
    parts = _NUMBER.split(text)
    return Markup("").join(grouped(part) if at % 2 else escape(part) for at, part in enumerate(parts))


def ending(line: str) -> Markup:
    """A line whose last part (「轨迹截至 …」) is never torn apart."""
    head, dot, tail = line.rpartition(" · ")
    return Markup('{}\u00a0· <span class="nowrap">{}</span>').format(head, tail) if dot else escape(line)


def titled(label: str) -> str:
    """The title in 《》, with its marks, in English what is agreed to; without one the whole label."""
    found = _TITLE.search(label)
    return found[0] if found else label


def money(fen: int, lang: str) -> str:
    """`1,260.00 元` · `¥1,260.00`: two decimals always."""
    return f"¥{yuan(fen)}" if lang == "en" else f"{yuan(fen)} 元"


def clock(moment: datetime) -> str:
    """`10:14:06`, Beijing time."""
    return moment.astimezone(BEIJING).strftime("%H:%M:%S")


def stamp(moment: datetime) -> str:
    """The machine's form, for `<time datetime>` and exports: ISO 8601 with the zone, whole seconds."""
    return moment.astimezone(BEIJING).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class Speech:
    """Words, money and times in one language, at one moment: what templates speak with."""

    words: Words
    lang: str
    now: datetime

    def __call__(self, key: str, /, **facts: object) -> str:
        """The text of that key."""
        return self.words.text(key, self.lang, **facts)

    def page(self, key: str, /, **facts: object) -> str:
        """A text of the pages themselves (`templates/console/words.toml`)."""
        return self.words.text(f"console.{key}", self.lang, **facts)

    def money(self, fen: int | None) -> str:
        """An amount; not yet known is a dash, never 0.00."""
        return "—" if fen is None else money(fen, self.lang)

    def marked(self, key: str, /, **facts: object) -> Markup:
        """A text of the pages whose `<b>` and `<code>` are meant; what is filled in is escaped."""
        safe = {name: value if isinstance(value, Markup) else escape(str(value)) for name, value in facts.items()}
        return Markup(self.page(key, **safe))  # noqa: S704 - the text is ours, the facts are escaped

    def strong(self, key: str, /, **facts: object) -> Markup:
        """A shared text in which what is filled in stands out."""
        bold = {name: Markup("<b>{}</b>").format(value) for name, value in facts.items()}
        return escape(self.words.text(key, self.lang)).format_map(bold)

    def when(self, moment: datetime, *, seconds: bool = False) -> str:
        """`10:14` today, `昨天 16:40`, `03-08 16:20`, in other years `2024-03-08` (console README 7)."""
        here, today = moment.astimezone(BEIJING), self.now.astimezone(BEIJING)
        time = here.strftime("%H:%M:%S" if seconds else "%H:%M")
        days = (today.date() - here.date()).days
        if days == 0:
            return time
        if days == 1:
            return self.words.text("time.yesterday", self.lang, clock=here.strftime("%H:%M"))
        return here.strftime("%m-%d %H:%M") if here.year == today.year else here.strftime("%Y-%m-%d")

    def time(self, moment: datetime, *, seconds: bool = False) -> Markup:
        """The same as a `<time>`, which carries the whole moment."""
        return Markup('<time datetime="{}">{}</time>').format(stamp(moment), self.when(moment, seconds=seconds))

    def duration(self, seconds: float) -> str:
        """`42 秒`, `4 分钟`, `18 小时 25 分`, `3 天`."""
        whole = max(int(seconds), 0)
        if whole < 60:
            return self("time.seconds", n=whole)
        if whole < 3600:
            return self("time.minutes", n=whole // 60)
        if whole < 72 * 3600:
            return self("time.hours", h=whole // 3600, m=f"{whole % 3600 // 60:02d}")
        return self("time.days", n=whole // 86400)

    def ago(self, moment: datetime) -> str:
        """`4 分钟前`; more than a day ago as `when` says it."""
        seconds = max((self.now - moment).total_seconds(), 0)
        if seconds < 60:
            return self("time.seconds_ago", n=int(seconds))
        if seconds < 3600:
            return self("time.minutes_ago", n=int(seconds // 60))
        return self("time.hours_ago", n=int(seconds // 3600)) if seconds < 86400 else self.when(moment)


class Drawing:
    """All templates. Nobody waits at a start until they are compiled; whoever runs the bot asks for each of `names`."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self.static = read_static()
        self._environment = Environment(
            loader=FileSystemLoader(templates() / "console"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            cache_size=-1,
        )
        self._environment.filters.update(
            grouped=grouped,
            numbered=numbered,
            ending=ending,
            titled=titled,
            clock=clock,
            stamp=stamp,
            yuan=yuan,
        )
        self._environment.globals.update(
            gauge=gauge.draw,
            icons=ICONS,
            asset=self.asset,
            sprite=Markup(self.static["sprite.svg"].body.decode()),  # noqa: S704 - a file of ours
        )
        self.names = self._environment.list_templates(extensions=["html"])

    def asset(self, name: str) -> str:
        """The address of a static file; it changes with its content, so that browsers may keep it for good."""
        return f"/static/{name}?{self.static[name].mark}"

    def speech(self, lang: str, now: datetime) -> Speech:
        """What to speak with in that language."""
        return Speech(self.words, lang if lang in LANGUAGES else "zh", now)

    def template(self, name: str) -> Template:
        """Compiled when it is first asked for, and kept."""
        return self._environment.get_template(name)

    def draw(self, name: str, speech: Speech, facts: Mapping[str, Any]) -> str:
        """A whole template."""
        return self.template(name).render(t=speech, w=speech.page, lang=speech.lang, now=speech.now, **facts)
