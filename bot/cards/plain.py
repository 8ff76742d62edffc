"""A card as plain text: for exports, for chats that only know text, and for tests."""

from __future__ import annotations

from collections.abc import Iterator

from bot.cards.card import Button, Card, CardParcel, Fact, Goods, Tick
from bot.cards.forms import money
from bot.cards.texts import text


def text_of(card: Card) -> str:
    """The whole card in lines, in its order: result, parcel, fee, reason, next step, then what can be pressed."""
    return "\n".join(line for line in _lines(card) if line)


def _lines(card: Card) -> Iterator[str]:
    colon = ": " if card.lang == "en" else "："
    yield f"【{card.title}】{card.aside}" if card.lang == "zh" else f"[{card.title}] {card.aside}".rstrip()
    yield f"{card.carrier_name} {card.tracking_number}".strip()
    yield card.subject
    for fact in card.facts:
        yield _fact(fact, colon)
    for fact in card.contradiction:
        yield _fact(fact, colon)
    for parcel in card.parcels:
        yield from _parcel(parcel, card.lang, colon)
    for line in card.lines:
        yield f"- {_fact(line, colon)}"
    for choice in card.choices:
        yield f"- {choice.label} · {choice.text}"
    for tick in card.ticks:
        yield _tick(tick)
    if card.next_step:
        yield f"{card.next_label or text('label.next', card.lang)}{colon}{card.next_step}"
    yield " ".join(_button(button) for button in card.buttons)
    yield card.foot


def _fact(fact: Fact, colon: str) -> str:
    value = " ".join(part for part in (fact.strong, fact.text, *fact.rules) if part)
    return f"{fact.label}{colon}{value}" if fact.label else value


def _parcel(parcel: CardParcel, lang: str, colon: str) -> Iterator[str]:
    yield f"{parcel.title} · {parcel.carrier_name} {parcel.tracking_number} · {parcel.tag}"
    yield f"  {parcel.gauge.stage_word} · {parcel.gauge.line}"
    for goods in parcel.goods:
        yield f"  {_goods(goods, lang)}"
    if parcel.value is not None:
        yield f"  {_fact(parcel.value, colon)}"
    if parcel.other_goods:
        yield f"  {parcel.foreign}"
        for goods in parcel.other_goods:
            yield f"  {text('label.order', lang)} {goods.order_id} {_goods(goods, lang)}"
        yield f"  {parcel.foreign_note}"
    if parcel.fee is not None:
        yield f"  {_fact(parcel.fee, colon)}"
    for reason in parcel.reasons:
        yield f"  {' '.join(part for part in (reason.rule, reason.text) if part)}"
        if reason.fix:
            yield f"    {reason.fix}"


def _goods(goods: Goods, lang: str) -> str:
    return f"{goods.name} ×{goods.quantity} {money(goods.amount_fen, lang)}"


def _tick(tick: Tick) -> str:
    return f"[{'x' if tick.ticked else ' '}] {tick.label} · {tick.note}"


def _button(button: Button) -> str:
    return f"〔{button.label}〕" if not button.why_not else f"〔{button.label}〕({button.why_not})"
