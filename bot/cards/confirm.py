"""Confirmation and choice (U4; mocks 02, 13), and what a confirmation becomes later: stale or folded (mocks 01, 03)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.cards.buttons import Actions, press, row
from bot.cards.card import Card, Choice, Fact
from bot.cards.fee_line import nothing_sent, quote
from bot.cards.forms import beijing, dated, listed, money, when
from bot.cards.parcel import card_parcel
from bot.cards.result import shown_state
from bot.cards.texts import text
from bot.cards.views import AfterSaleView, Draw, ParcelView
from bot.cards.words import short
from bot.domain.after_sale import AfterSale
from bot.domain.interception import Interception
from bot.domain.reason import Reason


def confirmation(
    card_id: str, version: int, after_sale: AfterSale, parcels: Sequence[ParcelView], draw: Draw, actions: Actions
) -> Card:
    """Every parcel with its gauge, goods, fee or reasons; the sum beside the button. Verbs: `confirm`, `dismiss`.

    All refused: another title and no button that could cost money. None picked: the button is locked, in words.
    """
    lang = draw.lang
    open_ones = [p for p in parcels if not p.reasons]
    picked = [p for p in open_ones if p.picked]
    total = sum(p.fee_fen for p in picked)
    confirm = None
    if open_ones:
        why_not = "" if picked else text("confirm.locked", lang)
        confirm = press(actions, "confirm", "confirm.button_confirm", lang, kind="primary", why_not=why_not)
    platform = bool(picked) and all(p.platform for p in picked)
    return Card(
        id=card_id,
        version=version,
        kind="confirm",
        state="eligible" if open_ones else "refused",
        title=text("confirm.title" if open_ones else "confirm.title_refused", lang),
        lang=lang,
        subject=after_sale_line(after_sale, lang),
        at=draw.now,
        aside=_counts(len(open_ones), len(parcels) - len(open_ones), lang),
        facts=(quote(total, lang, platform=platform) if open_ones else nothing_sent(lang, "result.fee.none"),),
        parcels=tuple(card_parcel(p, after_sale, n, draw) for n, p in enumerate(parcels, start=1)),
        next_step=_sum(len(open_ones), len(picked), total, lang),
        buttons=row(confirm, press(actions, "dismiss", "confirm.button_dismiss", lang)),
        next_label=text("label.next", lang),
    )


def choose_after_sale(card_id: str, version: int, number: str, options: Sequence[AfterSaleView], draw: Draw) -> Card:
    """A number that belongs to several after-sales: one press chooses."""
    lang = draw.lang
    return _choice(
        card_id,
        version,
        draw,
        title=text("choice.after_sales", lang, n=len(options)),
        fact=Fact(text("label.number", lang), number),
        next_step=text("choice.next_after_sales", lang),
        choices=tuple(_after_sale_choice(option, lang) for option in options),
    )


def choose_parcel(card_id: str, version: int, after_sale: AfterSale, parcels: Sequence[ParcelView], draw: Draw) -> Card:
    """Several parcels where only one can be named at a time: one press leads to that parcel's confirmation.

    A refused one stays in the list with the numbers of its rules, and cannot be pressed.
    """
    lang = draw.lang
    return _choice(
        card_id,
        version,
        draw,
        title=text("choice.parcels", lang),
        fact=Fact(text("label.number", lang), after_sale.after_sale_id),
        next_step=text("choice.next_parcels", lang),
        choices=tuple(_parcel_choice(parcel, lang) for parcel in parcels),
    )


def after_sale_line(after_sale: AfterSale, lang: str) -> str:
    """`售后单 7312… · 仅退款 · 王**`."""
    kind = text(f"type.{after_sale.type}", lang)
    if after_sale.buyer is None:
        return text("form.after_sale_no_buyer", lang, number=after_sale.after_sale_id, type=kind)
    return text("form.after_sale", lang, number=after_sale.after_sale_id, type=kind, buyer=after_sale.buyer)


def stale(
    card: Card, draw: Draw, actions: Actions, *, reasons: Sequence[Reason] = (), done: Interception | None = None
) -> Card:
    """A confirmation whose facts have changed: then and now, nothing done, one button for a fresh one. Verb: `refresh`.

    `reasons`: why it can no longer be intercepted; `done`: somebody asked meanwhile. Neither: something else changed.
    """
    lang = draw.lang
    parcel = card.parcels[0] if len(card.parcels) == 1 else None
    return Card(
        id=card.id,
        version=card.version + 1,
        kind="stale",
        state="stale",
        title=text("stale.title", lang),
        lang=lang,
        subject="" if parcel else card.subject,
        carrier_name=parcel.carrier_name if parcel else card.carrier_name,
        tracking_number=parcel.tracking_number if parcel else card.tracking_number,
        at=card.at,
        aside=when(card.at, draw.now, lang) if card.at else "",
        facts=(
            nothing_sent(lang, "stale.fee"),
            Fact(text("label.then", lang), text=text("stale.then", lang)),
            Fact(text("label.now", lang), text=_now(reasons, done, draw), rules=_rules(reasons)),
        ),
        next_step=text("stale.next", lang),
        buttons=row(press(actions, "refresh", "stale.button", lang)),
        next_label=text("label.next", lang),
    )


def folded(card: Card, who: str, at: datetime, draw: Draw, *, confirmed: Sequence[tuple[str, int]] = ()) -> Card:
    """A used confirmation, folded to one line: 「确认卡片已用：周琳 10:14:03 确认拦截中通 1 个包裹」.

    `confirmed`: carrier and number of parcels; empty when it was left without asking for anything.
    """
    lang = draw.lang
    shown = when(at, draw.now, lang)
    if confirmed:
        line = text("folded.line", lang, who=who, at=shown, parcels=counted(confirmed, lang))
    else:
        line = text("folded.dismissed", lang, who=who, at=shown)
    return Card(
        id=card.id,
        version=card.version + 1,
        kind="folded",
        state="folded",
        title=text("folded.title", lang),
        lang=lang,
        subject=line,
        at=at,
    )


def counted(parcels: Sequence[tuple[str, int]], lang: str) -> str:
    """`中通 1 个包裹、圆通 2 个包裹`."""
    words = [
        text("result.others.one" if n == 1 else "result.others.many", lang, carrier=name, n=n) for name, n in parcels
    ]
    return listed(words, lang)


def _choice(
    card_id: str, version: int, draw: Draw, *, title: str, fact: Fact, next_step: str, choices: tuple[Choice, ...]
) -> Card:
    return Card(
        id=card_id,
        version=version,
        kind="choice",
        state="info",
        title=title,
        lang=draw.lang,
        at=draw.now,
        facts=(fact,),
        choices=choices,
        next_step=next_step,
        next_label=text("label.next", draw.lang),
    )


def _after_sale_choice(option: AfterSaleView, lang: str) -> Choice:
    found = option.after_sale
    words = text(
        "choice.text_after_sale",
        lang,
        type=text(f"type.{found.type}", lang),
        status=text(f"status.{found.status}", lang),
        n=len(found.parcels),
        refund=money(found.refund_fen, lang),
    )
    return Choice(option.action, text("choice.label_after_sale", lang, last=found.after_sale_id[-4:]), words)


def _parcel_choice(view: ParcelView, lang: str) -> Choice:
    label = text("choice.label_parcel", lang, carrier=view.carrier_name, last=view.parcel.tracking_number[-4:])
    if view.reasons:
        return Choice("", label, text("choice.text_refused", lang, rules=" ".join(_rules(view.reasons[::-1]))))
    fee = money(view.fee_fen, lang)
    return Choice(
        view.action, label, text("choice.text_parcel", lang, stage=text(f"stage.{view.stage}", lang), fee=fee)
    )


def _counts(open_ones: int, refused: int, lang: str) -> str:
    return text("confirm.counts", lang, open=open_ones, refused=refused) if open_ones + refused > 1 else ""


def _sum(open_ones: int, picked: int, total: int, lang: str) -> str:
    if not open_ones:
        return text("confirm.next_refused", lang)
    if not picked:
        return text("confirm.none_picked", lang)
    return text("confirm.sum_one" if picked == 1 else "confirm.sum_many", lang, n=picked, fee=money(total, lang))


def _rules(reasons: Sequence[Reason]) -> tuple[str, ...]:
    return tuple(r.rule for r in reasons if r.rule)


def _now(reasons: Sequence[Reason], done: Interception | None, draw: Draw) -> str:
    lang = draw.lang
    if done is not None:
        return text("stale.now_state", lang, state=text(f"state.{shown_state(done)}", lang))
    if not reasons:
        return text("stale.now_changed", lang)
    told = reasons[-1]
    seen = told.facts.get("seen_at")
    if isinstance(seen, str):
        at = dated(beijing(datetime.fromisoformat(seen)), draw.now, lang, seconds=False)
        return text("stale.now_reason", lang, at=at, reason=short(told.code, lang))
    return text("stale.now_reason_no_time", lang, reason=short(told.code, lang))
