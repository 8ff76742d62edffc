"""The one card for 钉钉: as the variables of an interactive card's template, and as Markdown where there is no template
or the card does not go through. Numbers before the buttons are what people answer with there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bot.cards.card import Card
from bot.cards.texts import text
from bot.channels.sketch import Means, ParcelSketch, Press, Sketch, fitting, sketch

MOST_BYTES = 12_000
"""The robot's own sending takes 15,000 bytes, escaped once more as JSON within JSON."""

ROWS, BUTTONS = 10, 8
"""What the template has (`docs/channels/dingtalk.md`)."""

MOST_VALUE = 1000
"""钉钉 takes 1 KB for each variable."""

NOTE = "note"
"""The variable that says what became of a press; every change of the card empties it."""

Variables = Mapping[str, str]


def markdown(card: Card, pages: str) -> str:
    """The whole card as Markdown."""
    return fitting(card, means(pages), _words, lambda words: len(words.encode()) <= MOST_BYTES)


def presses(card: Card, pages: str) -> tuple[Press, ...]:
    """The card's buttons in the order of their numbers."""
    return sketch(card, means(pages)).presses


def means(pages: str) -> Means:
    """No check boxes; each parcel is a button."""
    return Means(picks=False, pages=pages)


def variables(card: Card, pages: str) -> Variables | None:
    """Every variable of the template, as text, the unused ones empty; None for a card that does not fit into it."""
    drawn = fitting(card, means(pages), _variables, _fits)
    return drawn if _fits(drawn) else None


def _variables(parts: Sketch) -> Variables:
    """One row for each fact and each parcel; where there are more than rows, several share one."""
    more = [f"({press.number}) {tame(press.label)}" for press in parts.presses[BUTTONS:]]
    asked = [*more, tame(text("channel.press_at", parts.lang))] if more else []
    rows = _packed([line for line in (*_body(parts), *_aside(parts), *asked) if line])
    drawn = {
        "title": parts.title,
        "status": parts.state,
        "head": tame(" · ".join(parts.head)),
        "next": _next(parts),
        "foot": tame(parts.foot),
        NOTE: "",
    }
    for number in range(1, ROWS + 1):
        drawn[f"row{number}"] = rows[number - 1] if number <= len(rows) else ""
    for number in range(1, BUTTONS + 1):
        press = parts.presses[number - 1] if number <= len(parts.presses) else Press("", "")
        drawn[f"button{number}"], drawn[f"press{number}"] = press.label, press.value
    if len(rows) > ROWS:
        drawn[f"row{ROWS}"] = "\n\n".join(rows[ROWS - 1 :])
    return drawn


def _fits(drawn: Variables) -> bool:
    return all(len(value.encode()) <= MOST_VALUE for value in drawn.values())


def _packed(lines: Sequence[str]) -> list[str]:
    """One line a row where they suffice, else as many as fit into each."""
    if len(lines) <= ROWS:
        return list(lines)
    rows: list[str] = []
    for line in lines:
        together = f"{rows[-1]}\n\n{line}" if rows else line
        if rows and len(together.encode()) <= MOST_VALUE:
            rows[-1] = together
        else:
            rows.append(line)
    return rows


def _words(parts: Sketch) -> str:
    return "\n\n".join(line for line in _lines(parts) if line)


def _lines(parts: Sketch) -> Iterator[str]:
    yield f"#### {tame(parts.title)}"
    yield tame(" · ".join(parts.head))
    yield from _body(parts)
    yield _next(parts)
    for press in parts.presses:
        yield f"({press.number}) {tame(press.label)}"
    yield from _aside(parts)
    yield tame(text("channel.press_at", parts.lang)) if parts.presses else ""
    yield tame(parts.foot)


def _body(parts: Sketch) -> Iterator[str]:
    yield tame(parts.contradiction_label)
    for label, words in (*parts.contradiction, *parts.facts, *parts.lines):
        yield f"**{tame(label)}**{parts.colon}{tame(words)}" if label else tame(words)
    for parcel in parts.parcels:
        yield _parcel(parcel)
    for label, words in (*parts.choices, *parts.copies):
        yield f"{tame(label)}{parts.colon}{tame(words)}" if words else ""


def _aside(parts: Sketch) -> Iterator[str]:
    for label, url in parts.links:
        yield f"[{tame(label)}]({url})"
    yield from map(tame, parts.locked)


def _next(parts: Sketch) -> str:
    return f"**{tame(parts.next_label)}**{parts.colon}{tame(parts.next_step)}" if parts.next_step else ""


def _parcel(parcel: ParcelSketch) -> str:
    lines = [f"- {tame(line)}" for line in (*parcel.lines, *parcel.foreign)]
    return "\n".join([f"**{tame(parcel.head)}**", "", *lines])


def tame(words: str) -> str:
    """What a buyer or a carrier wrote becomes neither a link nor a tag; 钉钉 has no way to escape, so likenesses do."""
    for sign, likeness in (("<", "＜"), (">", "＞"), ("](", "］（"), ("*", "＊"), ("`", "｀")):
        words = words.replace(sign, likeness)
    return words
