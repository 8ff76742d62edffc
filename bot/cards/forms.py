"""How amounts, times and numbers are written (console README 7). Beijing time throughout."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.cards.texts import text
from bot.domain.money import yuan

BEIJING = ZoneInfo("Asia/Shanghai")
MINUTE, HOUR, DAY = 60, 3_600, 86_400


def money(fen: int, lang: str) -> str:
    """`1,260.00 元` · `¥1,260.00`."""
    return text("form.money", lang, amount=yuan(fen))


def beijing(moment: datetime) -> datetime:
    """The moment in Beijing time; a naive one is Beijing's already."""
    return moment.replace(tzinfo=BEIJING) if moment.tzinfo is None else moment.astimezone(BEIJING)


def when(at: datetime, now: datetime | None, lang: str, *, seconds: bool = True) -> str:
    """Today `10:14:06` (`10:14` without seconds), then `昨天 16:40`, `03-08 16:20`, other years `2024-03-08`.

    Where `now` is not known (API, exports): `2024-03-08 16:20`.
    """
    at = beijing(at)
    if now is None:
        return f"{at:%Y-%m-%d %H:%M}"
    now = beijing(now)
    days = now.toordinal() - at.toordinal()
    if days == 0:
        return _clock(at, seconds=seconds)
    if days == 1:
        return text("time.yesterday", lang, clock=_clock(at, seconds=False))
    return f"{at:%m-%d %H:%M}" if at.year == now.year else f"{at:%Y-%m-%d}"


def dated(at: datetime, now: datetime, lang: str, *, seconds: bool = True) -> str:
    """The same with its day in words and with seconds, for two times beside each other: `今天 10:00:12`."""
    at, now = beijing(at), beijing(now)
    clock = _clock(at, seconds=seconds)
    days = now.toordinal() - at.toordinal()
    if days in (0, 1):
        return text("time.yesterday" if days else "time.today", lang, clock=clock)
    return f"{at:%m-%d} {clock}" if at.year == now.year else f"{at:%Y-%m-%d} {clock}"


def duration(seconds: float, lang: str) -> str:
    """`42 秒`, `12 分钟`, `3 小时 5 分`, `2 天`."""
    whole = max(int(seconds), 0)
    if whole < MINUTE:
        return text("time.seconds", lang, n=whole)
    if whole < HOUR:
        return text("time.minutes", lang, n=whole // MINUTE)
    if whole < DAY:
        return text("time.hours", lang, h=whole // HOUR, m=whole % HOUR // MINUTE)
    return text("time.days", lang, n=whole // DAY)


def took(begin: datetime, end: datetime, lang: str) -> str:
    """`用时 1.8 秒`; from a minute on `用时 12 分钟`."""
    seconds = max((end - begin).total_seconds(), 0.0)
    if seconds < MINUTE:
        return text("time.took", lang, seconds=f"{seconds:.1f}")
    return text("time.took_long", lang, duration=duration(seconds, lang))


def ago(at: datetime, now: datetime, lang: str) -> str:
    """`3 秒前`, `4 分钟前`, `3 小时前`, `2 天前`."""
    whole = max(int((beijing(now) - beijing(at)).total_seconds()), 0)
    if whole < MINUTE:
        return text("time.seconds_ago", lang, n=whole)
    if whole < HOUR:
        return text("time.minutes_ago", lang, n=whole // MINUTE)
    if whole < DAY:
        return text("time.hours_ago", lang, n=whole // HOUR)
    return text("time.days_ago", lang, n=whole // DAY)


def sentence(words: str, lang: str) -> str:
    """`words` with the full stop that a next step ends in."""
    return words if not words or words[-1] in "。.？?" else words + ("。" if lang == "zh" else ".")


def listed(words: Sequence[str], lang: str) -> str:
    """`中通、韵达、圆通` · `ZTO, Yunda, YTO`; titles in 《》 stand side by side."""
    if lang == "zh":
        return ("" if words and words[0].startswith("《") else "、").join(words)
    return ", ".join(words)


def _clock(at: datetime, *, seconds: bool) -> str:
    return at.isoformat()[11:19] if seconds else at.isoformat()[11:16]  # a third of what strftime costs
