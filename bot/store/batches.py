"""Many parcels at once (ruling 20): what was pasted, and what became of each."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint, text

from bot.store.due import DueRows
from bot.store.schema import Moment, Serial, metadata

batches = Table(
    "batches",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("id", String(40), nullable=False, unique=True),
    Column("shop_id", String(64), ForeignKey("shops.id"), nullable=False),
    Column("by_id", String(40), nullable=False),
    Column("by_name", String(100), nullable=False),
    Column("state", String(16), nullable=False),
    Column("conversation", String(64)),
    Column("created_at", Moment, nullable=False),
    Column("confirmed_at", Moment),
    Column("ver", Integer, nullable=False, default=1),
    Column("next_at", Moment),
    Index(None, "shop_id", "created_at"),
    Index(
        "ix_batches_due",
        "next_at",
        sqlite_where=text("next_at IS NOT NULL"),
    ),
)
"""`state`: `drafted` (checked, not yet confirmed), `running`, `paused`, `done`. `next_at` stands while it runs."""

BATCHES_DUE = DueRows(batches.c.id, batches.c.next_at)
"""Batches with cases still to open."""

batch_rows = Table(
    "batch_rows",
    metadata,
    Column("batch_id", String(40), ForeignKey("batches.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("typed", String(64), nullable=False),
    Column("after_sale_id", String(64)),
    Column("tracking_number", String(64)),
    Column("carrier", String(32)),
    Column("fee_fen", BigInteger, nullable=False, default=0),
    Column("outcome", String(24), nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("case_id", String(40)),
    UniqueConstraint("batch_id", "typed", "tracking_number"),
    Index(None, "case_id"),
)
"""`outcome`: `eligible`, `refused`, `not_found` or `several` as checked; `case` once it is an interception."""
