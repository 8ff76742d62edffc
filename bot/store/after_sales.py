"""After-sales, their parcels and the traces, as they entered (contract, "An after-sale").

Functions here take a connection and run inside the caller's transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    Text,
    bindparam,
    false,
    select,
)

from bot.domain.after_sale import AfterSale, AfterSaleStatus, AfterSaleType
from bot.domain.parcel import Item, Parcel, Stage, TraceEvent
from bot.store.events import publish
from bot.store.prepared import Prepared
from bot.store.schema import Moment, Serial, metadata, to_micros
from bot.store.sql import insert_new
from bot.store.told import announce, cards_due, places

after_sales = Table(
    "after_sales",
    metadata,
    Column("shop_id", String(64), ForeignKey("shops.id"), primary_key=True),
    Column("after_sale_id", String(64), primary_key=True),
    Column("order_id", String(64), nullable=False),
    Column("type", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("in_arbitration", Boolean, nullable=False),
    Column("applied_at", Moment, nullable=False),
    Column("deadline", Moment),
    Column("refund_fen", BigInteger, nullable=False),
    Column("reason", Text),
    Column("buyer", String(200)),
    Column("version", Integer, nullable=False, default=1),
    Column("entered_at", Moment, nullable=False),
    Column("told", Boolean, nullable=False, default=False, server_default=false()),
    Index(None, "shop_id", "order_id"),
    Index(None, "shop_id", "status", "deadline"),
)
"""`version` rises with each change, so that live pages never go back. `told`: chats were told of it when it entered."""

parcels = Table(
    "parcels",
    metadata,
    Column("shop_id", String(64), primary_key=True),
    Column("after_sale_id", String(64), primary_key=True),
    Column("tracking_number", String(64), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("carrier", String(32), nullable=False),
    Column("shipped_at", Moment),
    Column("value_fen", BigInteger),
    Column("items", JSON, nullable=False),
    ForeignKeyConstraint(["shop_id", "after_sale_id"], ["after_sales.shop_id", "after_sales.after_sale_id"]),
    Index(None, "shop_id", "tracking_number"),
)

trace_events = Table(
    "trace_events",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("shop_id", String(64), nullable=False),
    Column("tracking_number", String(64), nullable=False),
    Column("at", Moment, nullable=False),
    Column("text", Text, nullable=False),
    Column("place", String(200)),
    Column("code", String(64)),
    Column("stage", String(32)),
    Column("digest", LargeBinary(16), nullable=False),
    Column("received_at", Moment, nullable=False),
    Index("uq_trace_events_event", "shop_id", "tracking_number", "digest", unique=True),
    Index(None, "shop_id", "tracking_number", "at"),
)
"""Traces are only added, and kept per shop, known parcel or not. `digest` is over time, text, place and code, so that
an event delivered twice is one row. `stage` is what the carrier's code means, where it is known."""


def load(connection: Connection, shop_id: str, after_sale_id: str) -> AfterSale | None:
    """The after-sale with its parcels and their traces, or None."""
    rows = _WHOLE.all(connection, {"shop": shop_id, "id": after_sale_id})
    boxes = [row for row in rows if row.tracking_number is not None]
    return _after_sale(connection, rows[0], boxes) if rows else None


def is_there(connection: Connection, shop_id: str, after_sale_id: str) -> bool:
    """Whether the shop has an after-sale of that id."""
    return _VERSION.first(connection, {"shop": shop_id, "id": after_sale_id}) is not None


def version_of(connection: Connection, shop_id: str, after_sale_id: str) -> int | None:
    """How often it has changed, counted from one; None: the shop has none of that id."""
    version: int | None = _VERSION.value(connection, {"shop": shop_id, "id": after_sale_id})
    return version


def find(connection: Connection, shop_id: str, number: str) -> list[AfterSale]:
    """What a number leads to: the after-sale of that id, else those of that order, else those with that parcel.

    Oldest application first; empty when the shop has none.
    """
    one = load(connection, shop_id, number)
    if one is not None:
        return [one]
    rows = _OF_ORDER.all(connection, {"shop": shop_id, "number": number})
    if not rows:
        rows = _OF_PARCEL.all(connection, {"shop": shop_id, "number": number})
    return [
        _after_sale(connection, row, _PARCELS.all(connection, {"shop": shop_id, "id": row.after_sale_id}))
        for row in rows
    ]


def trace_of(connection: Connection, shop_id: str, tracking_number: str) -> tuple[TraceEvent, ...]:
    """The trace, oldest event first; equal times in the order in which they were received."""
    rows = _TRACE.all(connection, {"shop": shop_id, "number": tracking_number})
    return tuple(_event(row) for row in rows)


def save(connection: Connection, shop_id: str, after_sale: AfterSale, at: datetime) -> bool:
    """Inserts the after-sale or replaces its fields and parcels; True when it is new.

    Traces are only added. A parcel with an interception is not dropped, although the shop no longer names it. The
    shop's chosen chats are told of a new one that has something to decide: an open refund without return.
    """
    fields = {
        "order_id": after_sale.order_id,
        "type": after_sale.type.value,
        "status": after_sale.status.value,
        "in_arbitration": after_sale.in_arbitration,
        "applied_at": after_sale.applied_at,
        "deadline": after_sale.deadline,
        "refund_fen": after_sale.refund_fen,
        "reason": after_sale.reason,
        "buyer": after_sale.buyer,
    }
    key = {"shop_id": shop_id, "after_sale_id": after_sale.after_sale_id}
    decides = after_sale.type is AfterSaleType.REFUND_ONLY and after_sale.status is AfterSaleStatus.OPEN
    chosen = places(connection, shop_id) if decides else []
    row = {**key, **fields, "version": 1, "entered_at": at, "told": bool(chosen)}
    is_new = insert_new(connection, after_sales, row)
    if not is_new:
        this = (after_sales.c.shop_id == shop_id) & (after_sales.c.after_sale_id == after_sale.after_sale_id)
        connection.execute(after_sales.update().where(this).values(**fields, version=after_sales.c.version + 1))
    _save_parcels(connection, shop_id, after_sale, replace=not is_new)
    for parcel in after_sale.parcels:
        if parcel.trace:
            add_trace(connection, shop_id, parcel.tracking_number, parcel.trace, at)
    touch(connection, shop_id, after_sale.after_sale_id, at, bump=False)
    if is_new and chosen:
        announce(connection, shop_id, after_sale.after_sale_id, chosen, at)
    return is_new


def add_trace(
    connection: Connection, shop_id: str, tracking_number: str, events: Iterable[TraceEvent], at: datetime
) -> int:
    """Adds the events that are not there yet, in the order given; returns how many were new."""
    added = 0
    for event in events:
        added += insert_new(
            connection,
            trace_events,
            {
                "shop_id": shop_id,
                "tracking_number": tracking_number,
                "at": event.at,
                "text": event.text,
                "place": event.place,
                "code": event.code,
                "stage": event.stage.value if event.stage else None,
                "digest": _digest(event),
                "received_at": at,
            },
        )
    return added


def touch(connection: Connection, shop_id: str, after_sale_id: str, at: datetime, *, bump: bool = True) -> None:
    """Says that what pages show of the after-sale has changed (its parcels' state, its trace)."""
    version = _changed(_RAISED if bump else _VERSION, connection, shop_id, after_sale_id, at)
    if version is not None:
        publish(connection, shop_id, f"after_sale:{after_sale_id}", version, at)


def raise_version(connection: Connection, shop_id: str, after_sale_id: str, at: datetime) -> int | None:
    """The version that the after-sale has from here on, for whoever publishes it together with more; None: no such."""
    return _changed(_RAISED, connection, shop_id, after_sale_id, at)


def _changed(version: Prepared, connection: Connection, shop_id: str, after_sale_id: str, at: datetime) -> int | None:
    """The version; the cards in chats that were told of the after-sale are due."""
    row = version.first(connection, {"shop": shop_id, "id": after_sale_id})
    if row is None:
        return None
    if row.told:
        cards_due(connection, shop_id, after_sale_id, at)
    return int(row.version)


def after_sale_ids_of(connection: Connection, shop_id: str, tracking_number: str) -> list[str]:
    """The after-sales that name this parcel."""
    rows = _NAMING.all(connection, {"shop": shop_id, "number": tracking_number})
    return [row.after_sale_id for row in rows]


def _save_parcels(connection: Connection, shop_id: str, after_sale: AfterSale, *, replace: bool) -> None:
    if replace:
        kept = {p.tracking_number for p in after_sale.parcels} | _with_interception(connection, shop_id, after_sale)
        connection.execute(
            parcels.delete().where(
                parcels.c.shop_id == shop_id,
                parcels.c.after_sale_id == after_sale.after_sale_id,
                parcels.c.tracking_number.not_in(kept),
            )
        )
    for position, parcel in enumerate(after_sale.parcels):
        key = {
            "shop_id": shop_id,
            "after_sale_id": after_sale.after_sale_id,
            "tracking_number": parcel.tracking_number,
        }
        fields = {
            "position": position,
            "carrier": parcel.carrier,
            "shipped_at": parcel.shipped_at,
            "value_fen": parcel.value_fen,
            "items": [_item_document(item) for item in parcel.items],
        }
        if not insert_new(connection, parcels, {**key, **fields}):
            this = [parcels.c[name] == value for name, value in key.items()]
            connection.execute(parcels.update().where(*this).values(**fields))


def _with_interception(connection: Connection, shop_id: str, after_sale: AfterSale) -> set[str]:
    # The table of cases is named by text alone here: cases.py reads this file's functions, not the other way round.
    cases = metadata.tables["cases"]
    wanted = select(cases.c.tracking_number).where(
        cases.c.shop_id == shop_id, cases.c.after_sale_id == after_sale.after_sale_id, cases.c.state != "refused"
    )
    return set(connection.execute(wanted).scalars())


def _after_sale(connection: Connection, row: Row[Any], boxes: Sequence[Row[Any]]) -> AfterSale:
    return AfterSale(
        after_sale_id=row.after_sale_id,
        order_id=row.order_id,
        type=AfterSaleType(row.type),
        status=AfterSaleStatus(row.status),
        in_arbitration=row.in_arbitration,
        applied_at=row.applied_at,
        deadline=row.deadline,
        refund_fen=row.refund_fen,
        reason=row.reason,
        buyer=row.buyer,
        parcels=tuple(_parcel(box, trace_of(connection, row.shop_id, box.tracking_number)) for box in boxes),
    )


def _parcel(row: Row[Any], trace: Sequence[TraceEvent]) -> Parcel:
    return Parcel(
        tracking_number=row.tracking_number,
        carrier=row.carrier,
        shipped_at=row.shipped_at,
        value_fen=row.value_fen,
        items=tuple(Item(**item) for item in row.items),
        trace=tuple(trace),
    )


def _item_document(item: Item) -> dict[str, Any]:
    return {
        "name": item.name,
        "category": item.category,
        "quantity": item.quantity,
        "price_fen": item.price_fen,
        "spec": item.spec,
        "order_id": item.order_id,
    }


def _event(row: Row[Any]) -> TraceEvent:
    return TraceEvent(
        at=row.at, text=row.text, place=row.place, code=row.code, stage=Stage(row.stage) if row.stage else None
    )


def _digest(event: TraceEvent) -> bytes:
    whole = "\x1f".join((str(to_micros(event.at)), event.text, event.place or "", event.code or ""))
    return hashlib.blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=16).digest()


_SHOP = after_sales.c.shop_id == bindparam("shop")
_ID = after_sales.c.after_sale_id == bindparam("id")
_NUMBER = bindparam("number", type_=String)
_BY_AGE = (after_sales.c.applied_at, after_sales.c.after_sale_id)
_OF_AFTER_SALE = (parcels.c.shop_id == after_sales.c.shop_id) & (parcels.c.after_sale_id == after_sales.c.after_sale_id)
_WHOLE = Prepared(
    select(after_sales, *(column for column in parcels.c if column.name not in after_sales.c))
    .outerjoin(parcels, _OF_AFTER_SALE)
    .where(_SHOP, _ID)
    .order_by(parcels.c.position)
)
_OF_ORDER = Prepared(select(after_sales).where(_SHOP, after_sales.c.order_id == _NUMBER).order_by(*_BY_AGE))
_THIS_PARCEL = (parcels.c.shop_id == bindparam("shop"), parcels.c.tracking_number == _NUMBER)
# `position` is read so that SQLite goes by the number: the primary key alone would cover the rest of these two, and
# SQLite then walks through all parcels of the shop.
_NAMING = Prepared(select(parcels.c.after_sale_id, parcels.c.position).where(*_THIS_PARCEL))
_OF_PARCEL = Prepared(
    select(after_sales, parcels.c.position).join(parcels, _OF_AFTER_SALE).where(*_THIS_PARCEL).order_by(*_BY_AGE)
)
_PARCELS = Prepared(
    select(parcels)
    .where(parcels.c.shop_id == bindparam("shop"), parcels.c.after_sale_id == bindparam("id"))
    .order_by(parcels.c.position)
)
_TRACE = Prepared(
    select(trace_events)
    .where(trace_events.c.shop_id == bindparam("shop"), trace_events.c.tracking_number == _NUMBER)
    .order_by(trace_events.c.at, trace_events.c.seq)
)
_VERSION = Prepared(select(after_sales.c.version, after_sales.c.told).where(_SHOP, _ID))
_RAISED = Prepared(
    after_sales.update()
    .where(_SHOP, _ID)
    .values(version=after_sales.c.version + 1)
    .returning(after_sales.c.version, after_sales.c.told)
)
