"""The one card as a template card where it has buttons, else as text. A sent card is never changed again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from bot.cards.card import Card
from bot.cards.texts import text
from bot.channels.sketch import PICKED, Detail, Means, ParcelSketch, Press, Sketch, fitting, sketch

TITLE, DESCRIPTION, ROW, LABEL, SUB, BUTTON, BUTTONS, ROWS, KEY = 26, 30, 60, 8, 400, 12, 6, 6, 1024
MOST_MARKDOWN = 18_000
"""20,480 bytes are taken."""

NUMBER = re.compile(r"[A-Z]{0,4}\d{6,}")

HOME = "https://work.weixin.qq.com/"
"""A notice card must lead somewhere."""

Body = dict[str, Any]


def means(pages: str) -> Means:
    """No check boxes, short labels."""
    return Means(picks=False, pages=pages, long_labels=False)


def message(card: Card, pages: str, task_id: str) -> Body:
    """What goes to the `response_url`: a card with its buttons, or the whole card as text where it has none."""
    parts = sketch(card, means(pages), Detail.RULES)
    if parts.presses:
        return {"msgtype": "template_card", "template_card": buttons_card(parts, task_id)}
    return {"msgtype": "markdown", "markdown": {"content": fitting(card, means(pages), markdown, _fits)}}


def buttons_card(parts: Sketch, task_id: str) -> Body:
    """`button_interaction`: state in the title, six rows, the next step below the description, at most six buttons."""
    foot = [parts.next_step, *parts.locked, *(f"{label} {url}" for label, url in parts.links)]
    card: Body = {
        "card_type": "button_interaction",
        "main_title": {"title": _cut(parts.title, TITLE), "desc": _cut(" · ".join(parts.head), DESCRIPTION)},
        "task_id": task_id,
        "button_list": [_button(press) for press in {one.value: one for one in parts.presses}.values()][:BUTTONS],
    }
    sub = _cut("\n".join(filter(None, foot)), SUB)
    rows = [*_rows(parts)]
    left = len(rows) - ROWS
    if left > 0 and parts.parcels:  # no button without its fee beside it
        rows, left = [*_parcels(parts), *_others(parts)], len(parts.parcels) - ROWS
    if left > 0:
        sub = _cut(f"{sub}\n{text('channel.more_parcels', parts.lang, n=left)}", SUB)
    return {**card, **({"sub_title_text": sub} if sub else {}), "horizontal_content_list": rows[:ROWS]}


def notice(card: Card, pages: str, task_id: str) -> Body:
    """What a pressed card becomes: no buttons, and that the answer follows."""
    return {
        "card_type": "text_notice",
        "main_title": {
            "title": _cut(card.title, TITLE),
            "desc": _cut(f"{card.carrier_name} {card.tracking_number}".strip() or card.subject, DESCRIPTION),
        },
        "sub_title_text": text("channel.follows", card.lang),
        "card_action": {"type": 1, "url": pages or HOME},
        "task_id": task_id,
    }


def markdown(parts: Sketch) -> str:
    """The whole card as text. Angle brackets would be tags: they become their likeness."""
    lines = [f"**{_tame(parts.title)}**", *_lines(parts)]
    return "\n".join(line for line in lines if line)


def _fits(words: str) -> bool:
    return len(words.encode()) <= MOST_MARKDOWN


def _lines(parts: Sketch) -> Iterator[str]:
    yield _tame(" · ".join(parts.head))
    yield _tame(parts.contradiction_label)
    for label, words in (*parts.contradiction, *parts.facts, *parts.lines):
        yield _tame(f"{label}{parts.colon}{words}" if label else words)
    for parcel in parts.parcels:
        yield from map(_tame, (parcel.head, *parcel.lines, *parcel.foreign))
    for label, words in (*parts.choices, *parts.copies):
        yield _tame(f"{label}{parts.colon}{words}")
    if parts.next_step:
        yield _tame(f"{parts.next_label}{parts.colon}{parts.next_step}")
    for line in parts.locked:
        yield _tame(line)
    for label, url in parts.links:
        yield f"[{_tame(label)}]({url})"
    yield _tame(parts.foot)


def _rows(parts: Sketch) -> Iterator[Body]:
    for label, words in (*parts.contradiction, *parts.facts):
        yield _row(label, words)
    for parcel in parts.parcels:
        yield _parcel(parcel)
        yield from _foreign(parcel)
    for label, words in (*parts.choices, *parts.lines, *parts.copies):
        if words:
            yield _row(label, words)


def _parcels(parts: Sketch) -> Iterator[Body]:
    """Those that can go, as their buttons stand; then the others."""
    yield from (_parcel(parcel) for parcel in parts.parcels if not parcel.refused)
    yield from (_parcel(parcel) for parcel in parts.parcels if parcel.refused)


def _others(parts: Sketch) -> Iterator[Body]:
    for parcel in parts.parcels:
        yield from _foreign(parcel)
    yield from (_row(label, words) for label, words in (*parts.contradiction, *parts.facts))


def _parcel(parcel: ParcelSketch) -> Body:
    """One row for the parcel: its fee or its rules' numbers first, since long rows are cut."""
    return _row(parcel.title, " · ".join(filter(None, (parcel.short, parcel.name))))


def _foreign(parcel: ParcelSketch) -> Iterator[Body]:
    """One more where a stranger's goods are in it."""
    if parcel.foreign:
        yield _row("!", parcel.foreign[0])


def _row(label: str, words: str) -> Body:
    """A carrier with its number is too long for a label: the number, which may not be cut, begins the value."""
    carrier, _, number = label.rpartition(" ")
    if len(label) > LABEL and carrier and NUMBER.fullmatch(number):
        label, words = carrier, f"{number} · {words}"
    return {"keyname": _cut(label or "-", LABEL), "value": _cut(words, ROW)}


def _button(press: Press) -> Body:
    return {"text": _label(press), "style": 1 if press.primary else 2, "key": press.value[:KEY]}


def _label(press: Press) -> str:
    """Which parcel it is stands at the end of a parcel's button: there nothing is cut."""
    start, dots, ending = press.label.rpartition("…")
    if PICKED not in press.value or len(press.label) <= BUTTON:
        return _cut(press.label, BUTTON)
    if not dots:
        return f"…{press.label[-BUTTON + 1 :]}"
    return f"{start[: max(BUTTON - 1 - len(ending), 0)].rstrip()}{dots}{ending[-BUTTON + 1 :]}"


def _tame(words: str) -> str:
    """Neither a tag (`<@userid>` rings) nor a link."""
    return words.replace("<", "＜").replace(">", "＞").replace("](", "］（")


def _cut(words: str, most: int) -> str:
    return words if len(words) <= most else words[: most - 1] + "…"
