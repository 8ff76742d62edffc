"""The one card as text with a little HTML. Numbers before the buttons are what people react or answer with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from typing import Any

from bot.cards.card import Card
from bot.cards.texts import text
from bot.channels.sketch import Means, ParcelSketch, Press, Sketch, fitting, sketch

MOST_BYTES = 28_000
"""An event holds 65,536 bytes, and an edit has the card twice. Counted as it goes out: some signs become six bytes."""

Content = dict[str, Any]
Line = tuple[str, str]
"""A line as text and as HTML."""


def content(card: Card, pages: str) -> Content:
    """A message of the bot's. It mentions nobody, whatever buyers and carriers wrote."""
    return fitting(card, means(pages), _content, _fits)


def edit(message_ref: str, new: Content) -> Content:
    """The message that replaces an earlier one."""
    return {
        **new,
        "body": f"* {new['body']}",
        "formatted_body": f"* {new['formatted_body']}",
        "m.new_content": new,
        "m.relates_to": {"rel_type": "m.replace", "event_id": message_ref},
    }


def presses(card: Card, pages: str) -> tuple[Press, ...]:
    """The card's buttons in the order of their numbers."""
    return sketch(card, means(pages)).presses


def means(pages: str) -> Means:
    """No check boxes; each parcel is a button."""
    return Means(picks=False, pages=pages)


def _content(parts: Sketch) -> Content:
    lines = [line for line in _lines(parts) if line[0]]
    return {
        "msgtype": "m.notice",
        "body": "\n".join(plain for plain, _ in lines),
        "format": "org.matrix.custom.html",
        "formatted_body": "<br>".join(html for _, html in lines),
        "m.mentions": {},
    }


def _fits(drawn: Content) -> bool:
    return len(json.dumps(drawn, ensure_ascii=False).encode()) <= MOST_BYTES


def _lines(parts: Sketch) -> Iterator[Line]:
    yield f"【{parts.title}】", f"<strong>{escape(parts.title)}</strong>"
    yield _plain(" · ".join(parts.head))
    yield _strong(parts.contradiction_label)
    for label, words in (*parts.contradiction, *parts.facts, *parts.lines):
        yield _fact(label, words, parts.colon)
    for parcel in parts.parcels:
        yield from _parcel(parcel)
    for label, words in parts.choices:
        yield _fact(label, words, " · ")
    for label, words in parts.copies:
        yield f"{label}{parts.colon}{words}", f"{escape(label)}{parts.colon}<code>{escape(words)}</code>"
    yield from _bottom(parts)


def _bottom(parts: Sketch) -> Iterator[Line]:
    if parts.next_step:
        yield _fact(parts.next_label, parts.next_step, parts.colon)
    for press in parts.presses:
        number, label = press.number, escape(press.label)
        yield f"[{number}] {press.label}", f"[{number}] {f'<strong>{label}</strong>' if press.primary else label}"
    for label, url in parts.links:
        yield f"{label}{parts.colon}{url}", f'<a href="{escape(url)}">{escape(label)}</a>'
    for line in parts.locked:
        yield _plain(line)
    if parts.presses:
        yield _small(text("channel.press", parts.lang))
    yield _small(parts.foot)


def _parcel(parcel: ParcelSketch) -> Iterator[Line]:
    yield _strong(parcel.head)
    for line in parcel.lines:
        yield f"  {line}", escape(line)
    for line in parcel.foreign:
        yield f"  ! {line}", f"<em>{escape(line)}</em>"


def _fact(label: str, words: str, colon: str) -> Line:
    if not label:
        return _plain(words)
    if not words:
        return _strong(label)
    return f"{label}{colon}{words}", f"<strong>{escape(label)}</strong>{colon}{escape(words)}"


def _plain(words: str) -> Line:
    return words, escape(words)


def _strong(words: str) -> Line:
    return words, f"<strong>{escape(words)}</strong>"


def _small(words: str) -> Line:
    return words, f"<em>{escape(words)}</em>"
