"""What live pages replay (ruling 24): written in the transaction that changes the target."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table

from bot.store.schema import Moment, Serial, metadata

live_events = Table(
    "live_events",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("shop_id", String(64), nullable=False),
    Column("target", String(80), nullable=False),
    Column("version", Integer, nullable=False),
    Column("xid", BigInteger, nullable=False, default=0),
    Column("at", Moment, nullable=False),
    Index(None, "shop_id", "id"),
)
"""`target`: `case:<id>`, `after_sale:<id>`, `message:<conversation>:<seq>`, `batch:<id>`, `permissions`. On PostgreSQL `xid`
is the writer's transaction: no reader passes an id while a smaller one may still commit."""
