"""The one card as 钉钉's Markdown. Numbers before the buttons are what people answer with."""

from __future__ import annotations

from collections.abc import Iterator

from bot.cards.card import Card
from bot.cards.texts import text
from bot.channels.sketch import Means, ParcelSketch, Press, Sketch, fitting, sketch

MOST_BYTES = 12_000
"""The robot's own sending takes 15,000 bytes, escaped once more as JSON within JSON."""


def markdown(card: Card, pages: str) -> str:
    """The whole card as Markdown."""
    return fitting(card, means(pages), _words, lambda words: len(words.encode()) <= MOST_BYTES)


def presses(card: Card, pages: str) -> tuple[Press, ...]:
    """The card's buttons in the order of their numbers."""
    return sketch(card, means(pages)).presses


def means(pages: str) -> Means:
    """No check boxes; each parcel is a button."""
    return Means(picks=False, pages=pages)


def _words(parts: Sketch) -> str:
    return "\n\n".join(line for line in _lines(parts) if line)


def _lines(parts: Sketch) -> Iterator[str]:
    yield f"#### {tame(parts.title)}"
    yield tame(" · ".join(parts.head))
    yield tame(parts.contradiction_label)
    for label, words in (*parts.contradiction, *parts.facts, *parts.lines):
        yield f"**{tame(label)}**{parts.colon}{tame(words)}" if label else tame(words)
    for parcel in parts.parcels:
        yield _parcel(parcel)
    for label, words in (*parts.choices, *parts.copies):
        yield f"{tame(label)}{parts.colon}{tame(words)}" if words else ""
    if parts.next_step:
        yield f"**{tame(parts.next_label)}**{parts.colon}{tame(parts.next_step)}"
    for number, press in enumerate(parts.presses, start=1):
        yield f"({number}) {tame(press.label)}"
    for label, url in parts.links:
        yield f"[{tame(label)}]({url})"
    yield from map(tame, parts.locked)
    yield tame(text("channel.press_at", parts.lang)) if parts.presses else ""
    yield tame(parts.foot)


def _parcel(parcel: ParcelSketch) -> str:
    lines = [f"- {tame(line)}" for line in (*parcel.lines, *parcel.foreign)]
    return "\n".join([f"**{tame(parcel.head)}**", "", *lines])


def tame(words: str) -> str:
    """What a buyer or a carrier wrote becomes neither a link nor a tag; 钉钉 has no way to escape, so likenesses do."""
    for sign, likeness in (("<", "＜"), (">", "＞"), ("](", "］（"), ("*", "＊"), ("`", "｀")):
        words = words.replace(sign, likeness)
    return words
