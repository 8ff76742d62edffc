"""Documents → domain."""

from __future__ import annotations

from bot.domain.after_sale import AfterSale, AfterSaleStatus, AfterSaleType
from bot.domain.parcel import Item, Parcel, TraceEvent
from bot.shops.embedded.wire import AfterSaleDocument, EventDocument, ItemDocument, ParcelDocument


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
        reason=document.reason,
        buyer=document.buyer,
        parcels=tuple(map(_parcel, document.parcels)),
    )


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
