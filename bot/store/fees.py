"""The ledger of fees: one charge per interception, corrections beside it (F2, F3)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, String, Table, Text, text

from bot.store.schema import Moment, Serial, metadata

fees = Table(
    "fees",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("id", String(48), nullable=False, unique=True),
    Column("shop_id", String(64), ForeignKey("shops.id"), nullable=False),
    Column("interception_id", String(40), ForeignKey("cases.id"), nullable=False),
    Column("tracking_number", String(64), nullable=False),
    Column("carrier", String(32), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
    Column("settled_by", String(16), nullable=False),
    Column("note", Text),
    Column("by", String(100)),
    Column("at", Moment, nullable=False),
    Index(
        "uq_fees_charge",
        "interception_id",
        unique=True,
        sqlite_where=text("kind = 'charge'"),
    ),
    Index(None, "shop_id", "at"),
)
