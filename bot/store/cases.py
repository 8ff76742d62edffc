"""Interceptions: the case row that is the engine, and its append-only history (`engine.md`, ruling 8)."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    text,
)

from bot.store.schema import Moment, Serial, metadata

BLOCKS = "state IN ('pending', 'unknown', 'succeeded')"

cases = Table(
    "cases",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("id", String(40), nullable=False, unique=True),
    Column("shop_id", String(64), ForeignKey("shops.id"), nullable=False),
    Column("after_sale_id", String(64), nullable=False),
    Column("tracking_number", String(64), nullable=False),
    Column("carrier", String(32), nullable=False),
    Column("route", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("phase", String(16), nullable=False),
    Column("ver", Integer, nullable=False, default=1),
    Column("call_no", Integer, nullable=False, default=0),
    Column("called_at", Moment),
    Column("doubted_at", Moment),
    Column("doubts", Integer, nullable=False, default=0),
    Column("readings", Integer, nullable=False, default=0),
    Column("polls", Integer, nullable=False, default=0),
    Column("next_at", Moment),
    Column("watch_until", Moment),
    Column("looks_since", Moment),
    Column("origin", String(16), nullable=False),
    Column("asked_by", String(100), nullable=False),
    Column("asker_id", String(40), nullable=False),
    Column("click", String(100)),
    Column("quoted_fen", BigInteger, nullable=False),
    Column("fee_fen", BigInteger, nullable=False, default=0),
    Column("settled_by", String(16)),
    Column("carrier_reference", String(100)),
    Column("carrier_code", String(64)),
    Column("carrier_text", Text),
    Column("reasons", JSON, nullable=False),
    Column("way_home", String(16)),
    Column("adopted", Boolean, nullable=False, default=False),
    Column("alarm", String(300)),
    Column("rules_version", String(32), nullable=False),
    Column("checks", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("settled_at", Moment),
    CheckConstraint(
        "(state = 'pending' AND phase IN ('queued', 'calling', 'watching'))"
        " OR (state = 'unknown' AND phase IN ('calling', 'unclear'))"
        " OR (state IN ('refused', 'succeeded', 'failed', 'cancelled') AND phase = 'ended')",
        name="state_phase",
    ),
    CheckConstraint("fee_fen = 0 OR state = 'succeeded'", name="fee_only_on_success"),
    Index("uq_cases_blocking", "carrier", "tracking_number", unique=True, sqlite_where=text(BLOCKS), postgresql_where=text(BLOCKS)),
    Index("uq_cases_click", "click", "tracking_number", unique=True, sqlite_where=text("click IS NOT NULL"), postgresql_where=text("click IS NOT NULL")),
    Index("ix_cases_due", "next_at", sqlite_where=text("next_at IS NOT NULL"), postgresql_where=text("next_at IS NOT NULL")),
    Index(None, "shop_id", "created_at"),
    Index(None, "shop_id", "after_sale_id"),
    Index(None, "shop_id", "tracking_number"),
)
"""`doubts` counts calls that ended without an answer: above 0 an earlier call may have made an order, and the case never
goes back to *queued*. `readings` counts, on read routes, the readings since the latest mark that show nothing.
`looks_since` is when the present row of waiting steps began. `click` names the card action or command that asked."""

case_events = Table(
    "case_events",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("case_id", String(40), nullable=False),
    Column("at", Moment, nullable=False),
    Column("kind", String(24), nullable=False),
    Column("by", String(100)),
    Column("facts", JSON, nullable=False),
    Index(None, "case_id", "seq"),
)
"""The record's timeline. Kinds: `asked`, `refused`, `sent`, `answered`, `doubt`, `reading`, `never_left`, `settled`, `fee`,
`trace`, `way_home`, `cancel_asked`, `cards`, `note`."""

idempotency = Table(
    "idempotency",
    metadata,
    Column("shop_id", String(64), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("body_digest", String(64), nullable=False),
    Column("case_ids", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
)
"""Kept as long as the records (contract, `Idempotency-Key`)."""
