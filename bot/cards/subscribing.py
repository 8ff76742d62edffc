"""What a chat shows when it is chosen to be told of new after-sales, or no longer."""

from __future__ import annotations

from datetime import datetime

from bot.cards.card import Card, Fact
from bot.cards.forms import when
from bot.cards.texts import text
from bot.cards.views import Draw

Minutes = tuple[int, int]
"""Two minutes of the day in Beijing: from the first to before the second."""


def subscribed(by: str, at: datetime, quiet: Minutes | None, chats: int, draw: Draw) -> Card:
    """The chat is told: of what, by whose choice, when not; `chats`: how many of the shop are."""
    lang = draw.lang
    since = text("subscribe.since_text", lang, who=by, at=when(at, draw.now, lang, seconds=False))
    return _card(
        "on",
        draw,
        Fact(text("subscribe.what", lang), text=text("subscribe.what_text", lang)),
        Fact(text("subscribe.quiet", lang), text=_quiet(quiet, lang)),
        Fact(text("subscribe.since", lang), text=since),
        Fact(text("subscribe.others", lang), text=text("subscribe.others_text", lang, n=chats)),
    )


def unsubscribed(draw: Draw, *, was: bool) -> Card:
    """The chat is told nothing new; `was`: it had been told until now."""
    return _card("off" if was else "was_off", draw, next_step="subscribe.next_off")


def unable(draw: Draw) -> Card:
    """Nothing can be pushed there, and why."""
    words = text("subscribe.unable_text", draw.lang)
    return _card("unable", draw, Fact(text("subscribe.why", draw.lang), text=words))


def not_understood(words: str, draw: Draw) -> Card:
    """What was written as quiet hours names no two times: nothing was changed."""
    told = text("subscribe.hours_text", draw.lang, words=words)
    return _card("hours", draw, Fact(text("subscribe.why", draw.lang), text=told))


def _quiet(quiet: Minutes | None, lang: str) -> str:
    if quiet is None:
        return text("subscribe.quiet_none", lang)
    begin, end = (f"{minute // 60:02}:{minute % 60:02}" for minute in quiet)
    return text("subscribe.quiet_text", lang, begin=begin, end=end)


def _card(kind: str, draw: Draw, *facts: Fact, next_step: str = "") -> Card:
    lang = draw.lang
    return Card(
        id=f"subscribe:{kind}",
        version=1,
        kind="subscribe",
        state="info" if kind in ("on", "off", "was_off") else "refused",
        title=text(f"subscribe.title_{kind}", lang),
        lang=lang,
        at=draw.now,
        facts=facts,
        next_step=text(next_step or f"subscribe.next_{kind}", lang),
        next_label=text("label.next", lang),
    )
