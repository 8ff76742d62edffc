"""Documents → domain. A buyer's whole name and telephone number are kept nowhere, whatever a shop sends."""

from __future__ import annotations

import re

from bot.domain.after_sale import AfterSale, AfterSaleStatus, AfterSaleType
from bot.domain.parcel import Item, Parcel, TraceEvent
from bot.shops.embedded.wire import AfterSaleDocument, EventDocument, ItemDocument, ParcelDocument

_MOBILE = re.compile(r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2}(?!\d)")
_MASKED = re.compile(r"(?=.*\*)(?!.*\d{5}).*", re.DOTALL)


def after_sale_of(document: AfterSaleDocument) -> AfterSale:
    """The after-sale that the document tells."""
    return AfterSale(
        after_sale_id=document.after_sale_id,
        order_id=document.order_id,
        type=AfterSaleType(document.type),
        status=AfterSaleStatus(document.status),
        in_arbitration=document.in_arbitration,
        applied_at=document.applied_at,
        deadline=document.deadline,
        refund_fen=document.refund_fen,
        reason=None if document.reason is None else _MOBILE.sub("***", document.reason),
        buyer=masked(document.buyer),
        parcels=tuple(map(_parcel, document.parcels)),
    )


def masked(buyer: str | None) -> str | None:
    """A buyer as pages and cards may name him: `林**`; what the shop has masked already stays as it is."""
    if not buyer or _MASKED.fullmatch(buyer):
        return buyer
    return f"{buyer.strip()[:1]}**"


def event_of(document: EventDocument) -> TraceEvent:
    """The trace event; what a carrier's code means only that carrier's own adapter knows, so the text decides."""
    return TraceEvent(at=document.at, text=document.text, place=document.place or None, code=document.code)


def _parcel(document: ParcelDocument) -> Parcel:
    return Parcel(
        tracking_number=document.tracking_number,
        carrier=document.carrier,
        shipped_at=document.shipped_at,
        value_fen=document.value_fen,
        items=tuple(map(_item, document.items)),
        trace=tuple(map(event_of, document.trace)),
    )


def _item(document: ItemDocument) -> Item:
    return Item(
        name=document.name,
        category=document.category,
        quantity=document.quantity,
        price_fen=document.price_fen,
        spec=document.spec or None,
        order_id=document.order_id,
    )
