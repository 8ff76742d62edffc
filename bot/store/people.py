"""People, what the owner granted them, their sessions, and API keys. Secrets are stored hashed only."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from bot.store.schema import Moment, Serial, metadata

people = Table(
    "people",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("shop_id", String(64), ForeignKey("shops.id"), nullable=False),
    Column("login", String(64), nullable=False),
    Column("name", String(100), nullable=False),
    Column("role", String(16), nullable=False),
    Column("password_hash", String(200), nullable=False),
    Column("active", Boolean, nullable=False, default=True),
    Column("created_at", Moment, nullable=False),
    Column("last_seen_at", Moment),
    UniqueConstraint("login"),
    Index(None, "shop_id"),
)

grants = Table(
    "grants",
    metadata,
    Column("person_id", String(40), ForeignKey("people.id"), primary_key=True),
    Column("permission", String(32), primary_key=True),
    Column("granted_by", String(40), nullable=False),
    Column("granted_at", Moment, nullable=False),
)

grant_changes = Table(
    "grant_changes",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("shop_id", String(64), ForeignKey("shops.id"), nullable=False),
    Column("person_id", String(40), ForeignKey("people.id"), nullable=False),
    Column("permission", String(32), nullable=False),
    Column("change", String(16), nullable=False),
    Column("by_name", String(100), nullable=False),
    Column("at", Moment, nullable=False),
    Index(None, "shop_id", "seq"),
)
"""Who changed what: `change` is `asked`, `granted`, `revoked` or `declined`. An open ask is the newest row `asked`. The
person itself `left` or `returned`: then `permission` is empty. `by_name` is empty for the operator."""

sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("person_id", String(40), ForeignKey("people.id"), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Index(None, "person_id"),
)

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("login", String(64), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("locked_until", Moment),
    Column("last_at", Moment, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("shop_id", String(64), ForeignKey("shops.id"), nullable=False),
    Column("name", String(100), nullable=False),
    Column("key_hash", LargeBinary(32), nullable=False),
    Column("scopes", String(200), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    UniqueConstraint("key_hash"),
    Index(None, "shop_id"),
)
"""`key_hash`: SHA-256 of a random 256-bit key; `scopes`: blank-separated."""
