"""The one card as a private note in Markdown. Numbers before the buttons are what agents answer with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from bot.cards.card import Card
from bot.cards.texts import text
from bot.channels.sketch import Means, Press, Sketch, fitting, sketch

MOST = 20_000
"""Chatwoot takes more; nobody reads more."""

SPECIAL = re.compile(r"([\\`*_\[\]<>#|~])")


def note(card: Card, pages: str) -> str:
    """The whole card as Markdown."""
    return fitting(card, means(pages), _words, lambda words: len(words) <= MOST)


def reply(card: Card) -> str:
    """The answer alone, as a customer reads it: no title, no rule, no button."""
    return "\n\n".join(tame(f"{fact.strong} {fact.text}".strip()) for fact in card.facts)


def suggestion(card: Card, pages: str) -> str:
    """For the agent: the answer to copy, and that the customer has not got it. What is no answer is shown as it is."""
    words = reply(card) if card.kind == "answer" else note(replace(card, buttons=(), foot=""), pages)
    return f"**{tame(text('channel.suggested', card.lang))}**\n\n{words}"


def presses(card: Card, pages: str) -> tuple[Press, ...]:
    """The card's buttons in the order of their numbers."""
    return sketch(card, means(pages)).presses


def means(pages: str) -> Means:
    """No check boxes; each parcel is a button."""
    return Means(picks=False, pages=pages)


def _words(parts: Sketch) -> str:
    return "\n\n".join(line for line in _lines(parts) if line)


def _lines(parts: Sketch) -> Iterator[str]:
    yield f"**{tame(parts.title)}**"
    yield tame(" · ".join(parts.head))
    yield tame(parts.contradiction_label)
    for label, words in (*parts.contradiction, *parts.facts, *parts.lines):
        yield f"**{tame(label)}**{parts.colon}{tame(words)}" if label else tame(words)
    for parcel in parts.parcels:
        yield "\n".join([f"**{tame(parcel.head)}**", *(f"- {tame(line)}" for line in (*parcel.lines, *parcel.foreign))])
    for label, words in (*parts.choices, *parts.copies):
        yield f"{tame(label)}{parts.colon}{tame(words)}" if words else ""
    if parts.next_step:
        yield f"**{tame(parts.next_label)}**{parts.colon}{tame(parts.next_step)}"
    yield "\n".join(f"\\[{press.number}\\] {tame(press.label)}" for press in parts.presses)
    yield "\n".join(f"[{tame(label)}]({url})" for label, url in parts.links)
    yield "\n".join(map(tame, parts.locked))
    yield tame(text("channel.press_note", parts.lang)) if parts.presses else ""
    yield tame(parts.foot)


def tame(words: str) -> str:
    """What a buyer or a carrier wrote becomes neither a link nor a mention."""
    return SPECIAL.sub(r"\\\1", words)
