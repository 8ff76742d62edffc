"""A parcel on a card: gauge, goods, fee, and every reason why not (U4; mock 02)."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cards.card import CardParcel, CardReason, Fact, Goods
from bot.cards.fee_line import nothing_sent, quote
from bot.cards.forms import money
from bot.cards.gauge import gauge
from bot.cards.texts import text
from bot.cards.views import Draw, ParcelView, own_and_foreign
from bot.cards.words import reason
from bot.domain.after_sale import AfterSale
from bot.domain.parcel import Item
from bot.domain.reason import Reason


def card_parcel(view: ParcelView, after_sale: AfterSale | None, number: int, draw: Draw) -> CardParcel:
    """The parcel with all its words. Without `after_sale` all goods count as the order's own."""
    lang, parcel = draw.lang, view.parcel
    pickable = not view.reasons
    own: Sequence[int] = range(len(parcel.items))
    foreign: Sequence[int] = ()
    if after_sale is not None:
        own, foreign = own_and_foreign(after_sale, parcel)
    value = "label.value_with_others" if foreign else "label.value"
    return CardParcel(
        tracking_number=parcel.tracking_number,
        carrier=parcel.carrier,
        carrier_name=view.carrier_name,
        pickable=pickable,
        picked=pickable and view.picked,
        fee_fen=view.fee_fen,
        value_fen=parcel.value,
        gauge=gauge(view, draw),
        goods=tuple(_goods(parcel.items[i], foreign=False) for i in own),
        other_goods=tuple(_goods(parcel.items[i], foreign=True) for i in foreign),
        reasons=reasons_of(view, draw),
        title=text("confirm.parcel", lang, n=number),
        tag=_tag(view.reasons, lang),
        fee=quote(view.fee_fen, lang, platform=view.platform) if pickable else nothing_sent(lang, "result.fee.none"),
        value=Fact(text(value, lang), text=money(parcel.value, lang)),
        foreign=text("confirm.foreign", lang) if foreign else "",
        foreign_note=text("confirm.foreign_note", lang) if foreign else "",
        action=view.action if pickable else "",
    )


def reasons_of(view: ParcelView, draw: Draw) -> tuple[CardReason, ...]:
    """Every reason in words; the asker's and the parcel's own (R11 … R8) before the shop's."""
    return tuple(reason(r, draw.lang, carrier=view.carrier_name, now=draw.now) for r in view.reasons[::-1])


def _tag(reasons: tuple[Reason, ...], lang: str) -> str:
    if not reasons:
        return text("confirm.tag_open", lang)
    return text("confirm.tag_refused_one" if len(reasons) == 1 else "confirm.tag_refused", lang, n=len(reasons))


def _goods(item: Item, *, foreign: bool) -> Goods:
    name = f"{item.name} {item.spec}" if item.spec else item.name
    return Goods(name, item.quantity, item.quantity * item.price_fen, item.order_id if foreign else None)
