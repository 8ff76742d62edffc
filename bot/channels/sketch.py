"""A card as plain parts in their order, for platforms that show text and buttons; each platform lays them out its way.

What does not fit is dropped in the order of console README 8: gauge, goods in detail, reasons down to rule numbers and
a link. Fee, the reason's rule and the next step are never dropped.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar

from bot.cards.card import Button, Card, CardParcel, CardReason, Fact, Goods
from bot.cards.texts import text
from bot.domain.money import yuan

T = TypeVar("T")

SIGN_PAGE = "/sign-up"
PICKED = "|"
"""Between a button's action and the one parcel that it is about, where there are no check boxes."""


BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]+")
"""Line breaks and signs that turn the direction of writing."""


class Detail(IntEnum):
    """How much is said of each parcel."""

    ALL = 0
    NO_GAUGE = 1
    NO_GOODS = 2
    RULES = 3
    FEW = 4


FEW_PARCELS = 4


@dataclass(frozen=True, slots=True)
class Means:
    """What the platform's cards can do: check boxes, and links into our pages (`pages`: their address, or nothing)."""

    picks: bool = False
    pages: str = ""
    long_labels: bool = True


@dataclass(frozen=True, slots=True)
class Press:
    """A button: what it sends back, and its words. `number` names it where people answer with one: a button that cannot
    be pressed keeps its own, so that a number means the same thing to everybody and after every change of a parcel; 0:
    its place among the others.
    """

    value: str
    label: str
    primary: bool = False
    number: int = 0


@dataclass(frozen=True, slots=True)
class Box:
    """A check box: its value, its words, whether it is ticked, and what stands beside it."""

    value: str
    label: str
    ticked: bool = False
    note: str = ""
    link: str = ""
    link_label: str = ""


@dataclass(frozen=True, slots=True)
class ParcelSketch:
    """A parcel: what it is, what is to be said of it, and whether it is refused. `title`, `name` and `short` say the
    least that there is to say: which parcel, and its fee or the numbers of its rules.
    """

    head: str
    lines: tuple[str, ...]
    foreign: tuple[str, ...] = ()
    refused: bool = False
    title: str = ""
    name: str = ""
    short: str = ""


@dataclass(frozen=True, slots=True)
class Sketch:
    """The parts. `facts`, `contradiction`, `choices`: label and words."""

    title: str
    head: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    contradiction: tuple[tuple[str, str], ...]
    contradiction_label: str
    lines: tuple[tuple[str, str], ...]
    parcels: tuple[ParcelSketch, ...]
    boxes: tuple[Box, ...]
    ticks: tuple[Box, ...]
    choices: tuple[tuple[str, str], ...]
    next_label: str
    next_step: str
    presses: tuple[Press, ...]
    locked: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    copies: tuple[tuple[str, str], ...]
    foot: str
    state: str
    lang: str
    colon: str


def sketch(card: Card, means: Means, detail: Detail = Detail.ALL) -> Sketch:
    """The card's parts for what this platform can do."""
    shown = card.parcels if detail < Detail.FEW else card.parcels[:FEW_PARCELS]
    presses, locked, links = _buttons(card, means)
    boxes = _boxes(card, shown) if means.picks else ()
    more = len(card.parcels) - len(shown)
    if more:
        locked = (*locked, text("channel.more_parcels", card.lang, n=more))
    return Sketch(
        title=card.title,
        head=tuple(
            filter(None, map(flat, (f"{card.carrier_name} {card.tracking_number}".strip(), card.subject, card.aside)))
        ),
        # A sum beside boxes would be wrong after the first tick: each parcel's own fee stands with it.
        facts=() if boxes else tuple((fact.label, said(fact)) for fact in card.facts),
        contradiction=tuple((fact.label, said(fact)) for fact in card.contradiction),
        contradiction_label=card.contradiction_label,
        lines=tuple((fact.label, said(fact)) for fact in card.lines),
        parcels=tuple(_parcel(parcel, card.lang, detail, alone=len(shown) == 1) for parcel in shown),
        boxes=boxes,
        ticks=_ticks(card, means) if means.picks else (),
        choices=tuple((flat(choice.label), flat(choice.text)) for choice in card.choices),
        next_label=card.next_label or text("label.next", card.lang),
        next_step=text("channel.pick_next", card.lang) if boxes else card.next_step,
        presses=presses,
        locked=locked,
        links=links,
        copies=tuple((button.label, button.value) for button in card.buttons if button.kind == "copy"),
        foot=card.foot,
        state=card.state,
        lang=card.lang,
        colon=": " if card.lang == "en" else "：",
    )


def fitting(card: Card, means: Means, lay_out: Callable[[Sketch], T], fits: Callable[[T], bool]) -> T:
    """The fullest drawing that fits; the leanest where none does."""
    drawn = lay_out(sketch(card, means))
    for detail in list(Detail)[1:]:
        if fits(drawn):
            break
        drawn = lay_out(sketch(card, means, detail))
    return drawn


def said(fact: Fact) -> str:
    """What stands behind the label."""
    return flat(" ".join(part for part in (fact.strong, fact.text, *fact.rules) if part))


def flat(words: str) -> str:
    """On one line, in one direction: goods, buyers and carriers have names, and none of them writes lines of a card."""
    return BREAKS.sub(" ", words)


def pressed(value: str) -> tuple[str, dict[str, tuple[str, ...]]]:
    """Action and values of a button that came back: some are about one parcel."""
    action, separator, parcel = value.partition(PICKED)
    return action, {"parcels": (parcel,)} if separator else {}


def _buttons(card: Card, means: Means) -> tuple[tuple[Press, ...], tuple[str, ...], tuple[tuple[str, str], ...]]:
    acting = [choice for choice in card.choices if choice.action]
    presses = [Press(choice.action, choice.label, number=number) for number, choice in enumerate(acting, start=1)]
    number = len(presses)
    locked: list[str] = []
    links: list[tuple[str, str]] = []
    for button in card.buttons:
        if button.kind == "link":
            links.append((button.label, button.value))
        elif button.kind != "copy":
            if button.kind == "primary" and card.ticks and not means.picks:
                links.append((text("channel.on_page", card.lang), SIGN_PAGE))
            why = _why_not(button, card, means)
            each = button.kind == "primary" and not means.picks and len(card.parcels) > 1
            if each and len(_open(card)) > 1:
                presses += _one_each(card, button, means, number)
            elif why:
                locked.append(text("channel.locked", card.lang, label=button.label, why=why))
            number += 1 + (len(card.parcels) if each else 0)
            if not why:
                presses.append(Press(button.action, button.label, button.kind == "primary", number))
    reachable = [(label, means.pages + path) for label, path in links] if means.pages else []
    return tuple(presses), tuple(locked), tuple(reachable)


def _why_not(button: Button, card: Card, means: Means) -> str:
    """Why it cannot be pressed here. Where boxes are sent along with the button they may still lift its lock."""
    if card.ticks and button.kind == "primary":
        return "" if means.picks else text("channel.on_page_why", card.lang)
    return "" if means.picks and _open(card) else button.why_not


def _open(card: Card) -> list[CardParcel]:
    return [parcel for parcel in card.parcels if parcel.pickable]


def _one_each(card: Card, confirm: Button, means: Means, before: int) -> list[Press]:
    """Without check boxes each parcel that can go is a button of its own: it asks for this one alone. Its number is its
    place among all parcels, behind the numbers `before`.
    """
    key = "channel.only_parcel_fee" if means.long_labels else "channel.only_parcel"
    found = _open(card)
    return [
        Press(
            f"{confirm.action}{PICKED}{parcel.tracking_number}",
            text(
                key,
                card.lang,
                carrier=parcel.carrier_name,
                last=_ending(parcel, found),
                fee=_money(parcel.fee_fen, card.lang),
            ),
            number=before + place,
        )
        for place, parcel in enumerate(card.parcels, start=1)
        if parcel.pickable
    ]


def _ending(parcel: CardParcel, among: list[CardParcel]) -> str:
    """The last four of its number, or as many as tell it from the carrier's other parcels on the card."""
    others = [one.tracking_number for one in among if one is not parcel and one.carrier == parcel.carrier]
    number = parcel.tracking_number
    length = 4
    while length < len(number) and any(other.endswith(number[-length:]) for other in others):
        length += 1
    return number[-length:]


def _boxes(card: Card, shown: tuple[CardParcel, ...]) -> tuple[Box, ...]:
    """One for each parcel that can go, with its fee where that is said nowhere else; a single one that is picked
    already needs no box.
    """
    if len(_open(card)) < 2 and all(parcel.picked for parcel in _open(card)):
        return ()
    return tuple(
        Box(
            parcel.tracking_number,
            f"{parcel.carrier_name} {parcel.tracking_number}",
            parcel.picked,
            "" if parcel in shown or parcel.fee is None else said(parcel.fee),
        )
        for parcel in _open(card)
    )


def _ticks(card: Card, means: Means) -> tuple[Box, ...]:
    return tuple(
        Box(
            tick.name,
            tick.label,
            tick.ticked,
            tick.note,
            means.pages + tick.link if means.pages and tick.link else "",
            tick.link_label,
        )
        for tick in card.ticks
    )


def _parcel(parcel: CardParcel, lang: str, detail: Detail, *, alone: bool) -> ParcelSketch:
    colon = ": " if lang == "en" else "："
    head = " · ".join(filter(None, (parcel.title, f"{parcel.carrier_name} {parcel.tracking_number}", parcel.tag)))
    lines: list[str] = []
    if detail < Detail.NO_GAUGE:
        lines.append(flat(" · ".join(filter(None, (parcel.gauge.stage_word, parcel.gauge.line)))))
    if detail < Detail.NO_GOODS:
        lines += [_goods(goods, lang) for goods in parcel.goods]
        if parcel.value is not None:
            lines.append(f"{parcel.value.label}{colon}{said(parcel.value)}")
    if parcel.fee is not None and not (alone and not parcel.pickable):
        lines.append(f"{parcel.fee.label}{colon}{said(parcel.fee)}")
    lines += _reasons(parcel.reasons, detail)
    foreign: tuple[str, ...] = ()
    if parcel.other_goods:
        order = text("label.order", lang)
        others = [f"{order} {goods.order_id} · {_goods(goods, lang)}" for goods in parcel.other_goods]
        kept = others if detail < Detail.NO_GOODS else []
        foreign = tuple(filter(None, (parcel.foreign, *kept, parcel.foreign_note)))
    short = said(parcel.fee) if parcel.fee is not None and parcel.pickable else " ".join(_numbers(parcel.reasons))
    return ParcelSketch(
        head=head,
        lines=tuple(filter(None, lines)),
        foreign=foreign,
        refused=not parcel.pickable,
        title=parcel.title,
        name=f"{parcel.carrier_name} {parcel.tracking_number}",
        short=short,
    )


def _reasons(reasons: tuple[CardReason, ...], detail: Detail) -> list[str]:
    if detail >= Detail.RULES and reasons:
        return [" ".join(_numbers(reasons))]
    told = []
    for reason in reasons:
        told.append(flat(" ".join(filter(None, (reason.rule, reason.text)))))
        if reason.fix:
            told.append(f"→ {reason.fix}")
    return told


def _numbers(reasons: tuple[CardReason, ...]) -> list[str]:
    return [reason.rule or reason.text for reason in reasons]


def _goods(goods: Goods, lang: str) -> str:
    return f"{flat(goods.name)} ×{goods.quantity} {_money(goods.amount_fen, lang)}"


def _money(fen: int, lang: str) -> str:
    return text("form.money", lang, amount=yuan(fen))
