"""The one card as Block Kit (`chat-slack.md` 5): limits are kept when it is built, so that Slack refuses none."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from bot.cards.card import Card
from bot.cards.texts import text
from bot.channels.sketch import Box, Means, ParcelSketch, Press, Sketch, fitting

HEADER, SECTION, FIELD, LABEL, OPTION, NOTE, VALUE = 150, 3000, 2000, 75, 75, 75, 2000
FIELDS, BOXES, BUTTONS, BLOCKS, CONTEXT = 10, 10, 25, 50, 10
TOTAL = 12_000
"""Slack counts about 13,200 characters of blocks and does not say how; this stays below in the densest case seen."""

FALLBACK = 300

Block = dict[str, Any]
Message = dict[str, Any]


def message(card: Card, pages: str) -> Message:
    """`text` (for notifications) and `blocks`. `pages`: address of our own pages, empty where they have none."""
    return fitting(card, Means(picks=True, pages=pages), _message, _fits)


def _message(parts: Sketch) -> Message:
    blocks = [*_top(parts), *_middle(parts), *_bottom(parts)]
    return {"text": _fallback(parts), "blocks": blocks[:BLOCKS]}


def _fits(drawn: Message) -> bool:
    blocks = drawn["blocks"]
    whole = not any(_is_cut(element) for block in blocks for element in (block, *block.get("elements", ())))
    return whole and len(blocks) < BLOCKS and len(json.dumps(blocks, ensure_ascii=False)) <= TOTAL


def _is_cut(element: Block) -> bool:
    """Whether words had to end early: a parcel's fee and rules stand behind its goods."""
    words = element.get("text")
    words = words.get("text", "") if isinstance(words, dict) else words or ""
    return len(words) == SECTION and words.endswith("…")


def _top(parts: Sketch) -> Iterable[Block]:
    yield {"type": "header", "text": _plain(parts.title, HEADER)}
    if parts.head:
        yield _section(" · ".join(parts.head))
    if parts.contradiction:
        lines = [f"*{escape(label)}* {escape(words)}" for label, words in parts.contradiction]
        yield _section_raw("\n".join([f"*{escape(parts.contradiction_label)}*", *lines]))
    for group in _groups(parts.facts, FIELDS):
        fields = [
            _mrkdwn(f"*{escape(label)}*\n{escape(words)}" if label else escape(words), FIELD) for label, words in group
        ]
        yield {"type": "section", "fields": fields}
    if parts.lines:
        yield _section_raw("\n".join(f"{escape(label)}{parts.colon}{escape(words)}" for label, words in parts.lines))


def _middle(parts: Sketch) -> Iterable[Block]:
    for parcel in parts.parcels:
        yield from _parcel(parcel)
    for number, group in enumerate(_groups(parts.boxes, BOXES)):
        yield _section(text("channel.pick", parts.lang))
        yield _checks(f"parcels:{number}", group)
    for tick in parts.ticks:
        if tick.link:
            yield _section_raw(f"<{escape(tick.link)}|{escape(tick.link_label or tick.label)}>")
        yield _checks(f"tick:{tick.value}", [tick])
    for label, words in parts.choices:
        if words:
            yield _section_raw(f"*{escape(label)}* {escape(words)}")


def _parcel(parcel: ParcelSketch) -> Iterable[Block]:
    if parcel.refused:
        words = [parcel.head, *parcel.lines, *parcel.foreign]
        yield {"type": "context", "elements": [_mrkdwn(escape("\n".join(words)), SECTION)]}
        return
    yield _section_raw("\n".join([f"*{escape(parcel.head)}*", *map(escape, parcel.lines)]))
    if parcel.foreign:
        yield _section_raw("\n".join(f"> {escape(line)}" for line in parcel.foreign))


def _bottom(parts: Sketch) -> Iterable[Block]:
    for label, words in parts.copies:
        yield _section_raw(f"*{escape(label)}*\n```{escape(words)}```")
    if parts.next_step:
        yield _section_raw(f"*{escape(parts.next_label)}*{parts.colon}{escape(parts.next_step)}")
    buttons = [_button(number, press) for number, press in enumerate(parts.presses)]
    buttons += [_link(number, *link) for number, link in enumerate(parts.links)]
    if buttons:
        yield {"type": "actions", "block_id": "buttons", "elements": buttons[:BUTTONS]}
    small = [*parts.locked, *([parts.foot] if parts.foot else [])]
    if small:
        yield {"type": "context", "elements": [_mrkdwn(escape(line), SECTION) for line in small[:CONTEXT]]}


def _button(number: int, press: Press) -> Block:
    found: Block = {
        "type": "button",
        "action_id": f"press:{number}",
        "text": _plain(press.label, LABEL),
        "value": press.value[:VALUE],
    }
    return {**found, "style": "primary"} if press.primary else found


def _link(number: int, label: str, url: str) -> Block:
    return {"type": "button", "action_id": f"link:{number}", "text": _plain(label, LABEL), "url": url}


def _checks(block_id: str, boxes: Sequence[Box]) -> Block:
    options = [_option(box) for box in boxes]
    chosen = [option for option, box in zip(options, boxes, strict=True) if box.ticked]
    element: Block = {"type": "checkboxes", "action_id": "boxes", "options": options}
    if chosen:
        element["initial_options"] = chosen
    return {"type": "actions", "block_id": block_id, "elements": [element]}


def _option(box: Box) -> Block:
    option: Block = {"text": _plain(box.label, OPTION), "value": box.value[:OPTION]}
    return {**option, "description": _plain(box.note, NOTE)} if box.note else option


def _fallback(parts: Sketch) -> str:
    first = [words for _, words in parts.facts[:1]]
    return _cut(escape(" · ".join([parts.title, *parts.head[:1], *first])), FALLBACK)


def _section(words: str) -> Block:
    return _section_raw(escape(words))


def _section_raw(words: str) -> Block:
    return {"type": "section", "text": _mrkdwn(words, SECTION)}


def _mrkdwn(words: str, most: int) -> Block:
    return {"type": "mrkdwn", "text": _cut(words, most), "verbatim": True}


def _plain(words: str, most: int) -> Block:
    return {"type": "plain_text", "text": _cut(words or " ", most), "emoji": False}


def _groups(items: Sequence[Any], most: int) -> Iterable[Sequence[Any]]:
    return (items[start : start + most] for start in range(0, len(items), most))


def _cut(words: str, most: int) -> str:
    return words if len(words) <= most else words[: most - 1] + "…"


def escape(words: str) -> str:
    """Slack reads `&`, `<` and `>`: what a carrier or a buyer wrote must neither ring everybody nor become a link."""
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
