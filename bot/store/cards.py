"""Cards and messages: the outbox, card actions, the inbox, and the staff's conversations."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint, text

from bot.store.schema import Moment, Serial, metadata

inbox = Table(
    "inbox",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("channel", String(32), nullable=False),
    Column("message_id", String(200), nullable=False),
    Column("payload", JSON, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("next_at", Moment),
    Column("tries", Integer, nullable=False, default=0),
    Column("done_at", Moment),
    Column("result", JSON),
    UniqueConstraint("channel", "message_id"),
    Index(
        "ix_inbox_due",
        "next_at",
        sqlite_where=text("next_at IS NOT NULL"),
        postgresql_where=text("next_at IS NOT NULL"),
    ),
)
"""What was typed or clicked, committed before it is acknowledged (ruling 1); `result` is what was shown for it, so that
the same message again shows the same thing in its present state."""

outbox = Table(
    "outbox",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("channel", String(32), nullable=False),
    Column("chat", String(200), nullable=False),
    Column("shop_id", String(64), nullable=False),
    Column("target", String(80), nullable=False),
    Column("lang", String(8), nullable=False, default="zh"),
    Column("message_ref", String(300)),
    Column("version_shown", Integer, nullable=False, default=0),
    Column("due_at", Moment),
    Column("token", Text),
    Column("token_until", Moment),
    Column("uses_left", Integer),
    Column("tries", Integer, nullable=False, default=0),
    Column("sent_at", Moment),
    Column("problem", String(300)),
    Index(
        "ix_outbox_due", "due_at", sqlite_where=text("due_at IS NOT NULL"), postgresql_where=text("due_at IS NOT NULL")
    ),
    Index(None, "target"),
)
"""One row per card and chat (ruling 2). `target` is `case:<id>`, `batch:<id>` or `after_sale:<shop>:<id>`."""

card_actions = Table(
    "card_actions",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("shop_id", String(64), ForeignKey("shops.id"), nullable=False),
    Column("verb", String(24), nullable=False),
    Column("subject", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("used_at", Moment),
    Column("used_by", String(100)),
    Column("result", JSON),
    Index(None, "shop_id", "created_at"),
)
"""What a button's opaque id stands for, and what its first press did: pressed again, the same result is shown."""

messages = Table(
    "messages",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("shop_id", String(64), nullable=False),
    Column("conversation", String(64), nullable=False),
    Column("at", Moment, nullable=False),
    Column("author_id", String(40)),
    Column("author", String(100), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("body", JSON, nullable=False),
    Column("version", Integer, nullable=False, default=1),
    Index(None, "shop_id", "conversation", "seq"),
)
"""The staff-only talk of one after-sale (ruling 16). `kind`: `text` (`{"text"}`), `card` (`{"target", "kind", …}`: drawn
from the present state each time it is shown), `note` (a line of the system)."""
