"""After-sales, their parcels and the traces, as they entered (contract, "An after-sale")."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from bot.store.schema import Moment, Serial, metadata

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
    Index(None, "shop_id", "order_id"),
    Index(None, "shop_id", "status", "deadline"),
)
"""`version` rises with each change, so that live pages never go back."""

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
