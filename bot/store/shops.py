"""Shops and the agreements that they signed (R1, R2, R3)."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, String, Table

from bot.store.schema import Moment, metadata

shops = Table(
    "shops",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("active", Boolean, nullable=False, default=True),
    Column("cross_border", Boolean, nullable=False, default=False),
    Column("return_to", String(200)),
    Column("created_at", Moment, nullable=False),
)
"""`return_to`: where an intercepted parcel goes, as the shop calls it (shown on cards)."""

agreements = Table(
    "agreements",
    metadata,
    Column("shop_id", String(64), ForeignKey("shops.id"), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("version", String(32), primary_key=True),
    Column("signed_by", String(40), nullable=False),
    Column("signed_by_name", String(100), nullable=False),
    Column("signed_at", Moment, nullable=False),
)
"""`kind`: `service` (快递拦截服务开通协议) or `debit` (扣款授权协议)."""
