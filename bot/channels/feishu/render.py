"""The one card as a card of JSON 2.0. All words are plain text, so that nobody's words become a mention or a link."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.cards.card import Card
from bot.cards.texts import text
from bot.channels.feishu.inbound import BUTTON, PARCEL
from bot.channels.sketch import Box, Means, ParcelSketch, Press, Sketch, fitting

MOST_BYTES = 28_000
"""飞书 takes 30 KB."""

MOST_ELEMENTS = 150
COLOURS: Mapping[str, str] = {
    "succeeded": "green",
    "returning": "green",
    "returned": "green",
    "eligible": "blue",
    "pending": "blue",
    "queued": "blue",
    "unknown": "yellow",
    "contradicted": "red",
    "lost": "red",
    "damaged": "red",
}
"""The header's colour; all else is grey: a failure is free and ordinary, it looks calm."""

Element = dict[str, Any]


def card_json(card: Card, pages: str) -> Element:
    """The card. `update_multi` lets everybody see the same and lets it be changed later."""
    return fitting(card, Means(picks=True, pages=pages), _card, _fits)


def _card(parts: Sketch) -> Element:
    header: Element = {"title": _plain(parts.title), "template": COLOURS.get(parts.state, "grey")}
    if parts.head:
        header["subtitle"] = _plain(" · ".join(parts.head))
    summary = " · ".join([parts.title, *parts.head[:1], *(words for _, words in parts.facts[:1])])
    return {
        "schema": "2.0",
        "config": {"update_multi": True, "summary": {"content": summary[:200]}},
        "header": header,
        "body": {"elements": [*_top(parts), *_form(parts), *_bottom(parts)]},
    }


def _fits(drawn: Element) -> bool:
    size = len(json.dumps(drawn, ensure_ascii=False).encode())
    return size <= MOST_BYTES and len(drawn["body"]["elements"]) <= MOST_ELEMENTS


def _top(parts: Sketch) -> Iterator[Element]:
    if parts.contradiction:
        lines = [f"{label} {words}" for label, words in parts.contradiction]
        yield _div("\n".join([parts.contradiction_label, *lines]))
    for label, words in parts.facts:
        yield _div(f"{label}{parts.colon}{words}" if label else words)
    if parts.lines:
        yield _div("\n".join(f"{label}{parts.colon}{words}" for label, words in parts.lines))
    for parcel in parts.parcels:
        yield {"tag": "hr"}
        yield from _parcel(parcel)
    for label, words in parts.choices:
        if words:
            yield _div(f"{label} · {words}")


def _parcel(parcel: ParcelSketch) -> Iterator[Element]:
    yield _div("\n".join([parcel.head, *parcel.lines]))
    if parcel.foreign:
        yield {
            "tag": "column_set",
            "background_style": "yellow-50",
            "columns": [{"tag": "column", "width": "weighted", "elements": [_div("\n".join(parcel.foreign))]}],
        }


def _form(parts: Sketch) -> Iterator[Element]:
    """Boxes and the button that sends them; the other buttons stand outside, they need no box."""
    if not _has_form(parts):
        return
    submits = [_submit(number, press) for number, press in enumerate(parts.presses) if press.primary]
    for tick in parts.ticks:
        if tick.link:
            yield _link(tick.link_label or tick.label, tick.link)
    boxes = [_checker(PARCEL, box) for box in parts.boxes] + [_checker("", tick) for tick in parts.ticks]
    head = [_div(text("channel.pick", parts.lang))] if parts.boxes else []
    yield {"tag": "form", "name": "boxes", "elements": [*head, *boxes, *submits]}


def _has_form(parts: Sketch) -> bool:
    """A form needs a button that sends it."""
    return bool(parts.boxes or parts.ticks) and any(press.primary for press in parts.presses)


def _bottom(parts: Sketch) -> Iterator[Element]:
    for label, words in parts.copies:
        yield _div(f"{label}{parts.colon}{words}")
    if parts.next_step:
        yield {"tag": "hr"}
        yield _div(f"{parts.next_label}{parts.colon}{parts.next_step}")
    in_form = _has_form(parts)
    buttons = [_button(one) for one in parts.presses if not (in_form and one.primary)]
    buttons += [_link(label, url) for label, url in parts.links]
    if buttons:
        yield _row(buttons)
    for line in (*parts.locked, parts.foot):
        if line:
            yield _div(line, size="notation", colour="grey")


def _row(buttons: Sequence[Element]) -> Element:
    columns = [{"tag": "column", "width": "auto", "elements": [button]} for button in buttons]
    return {"tag": "column_set", "flex_mode": "flow", "columns": columns}


def _button(press: Press) -> Element:
    return {
        "tag": "button",
        "text": _plain(press.label),
        "type": "primary_filled" if press.primary else "default",
        "behaviors": [{"type": "callback", "value": {BUTTON: press.value}}],
    }


def _submit(number: int, press: Press) -> Element:
    return {**_button(press), "name": f"press_{number}", "form_action_type": "submit"}


def _link(label: str, url: str) -> Element:
    return {
        "tag": "button",
        "text": _plain(label),
        "type": "text",
        "behaviors": [{"type": "open_url", "default_url": url}],
    }


def _checker(prefix: str, box: Box) -> Element:
    words = f"{box.label} {box.note}".strip()
    return {"tag": "checker", "name": f"{prefix}{box.value}", "checked": box.ticked, "text": _plain(words)}


def _div(words: str, *, size: str = "normal", colour: str = "default") -> Element:
    return {"tag": "div", "text": {**_plain(words), "text_size": size, "text_color": colour}}


def _plain(words: str) -> Element:
    return {"tag": "plain_text", "content": words}
