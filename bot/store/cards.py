"""Cards and messages: the outbox, card actions, the inbox, and the staff's conversations."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    select,
    text,
)

from bot.store.due import DueRows
from bot.store.events import publish
from bot.store.prepared import Prepared
from bot.store.schema import Moment, Serial, metadata
from bot.store.sql import insert_returned

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
    Column("asker_id", String(40)),
    Column("not_before", Moment),
    Column("turn_at", Moment),
    Column("state_shown", String(24)),
    Index("ix_outbox_due", "due_at", sqlite_where=text("due_at IS NOT NULL")),
    Index(None, "target"),
    Index("ix_outbox_place", "channel", "chat", "message_ref"),
)
"""One row per card and chat (ruling 2). `target` is `case:<id>`, `confirm:<id>`, `batch:<id>` …; `asker_id` is the
person whom the card answers: it is drawn with that person's permissions; None for what answers nobody
(`store/told.py`). It is not shown before `not_before`; `turn_at` is the turn that it waits for (`store/turns.py`);
`state_shown` the state that people saw last, where a message cannot be changed."""

NOTICES = "push:"
"""Channels whose name begins so are no chats: platforms push their news there (`store/notices.py`)."""

INBOX_DUE = DueRows(inbox.c.seq, inbox.c.next_at, (~inbox.c.channel.startswith(NOTICES, autoescape=True),))
"""Messages of people that were kept and not dealt with."""

OUTBOX_DUE = DueRows(outbox.c.seq, outbox.c.due_at)
"""Cards that are owed."""

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
"""The staff-only talk of one after-sale (ruling 16). `kind`: `text` (`{"text"}`), `card` (`{"target", "kind", …}`:
drawn from the present state each time it is shown), `note` (a line of the system)."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A confirmation that was shown: what it offers, and what its first press did."""

    id: str
    shop_id: str
    verb: str
    subject: Mapping[str, Any]
    created_at: datetime
    used_at: datetime | None
    used_by: str | None
    result: list[str]


def offer(connection: Connection, shop_id: str, verb: str, subject: Mapping[str, Any], at: datetime) -> Offer:
    """Keeps what a button stands for; its id is opaque and cannot be guessed."""
    action_id = secrets.token_hex(12)
    row = {"id": action_id, "shop_id": shop_id, "verb": verb, "subject": dict(subject), "created_at": at}
    _OFFER.run(connection, row)
    return Offer(action_id, shop_id, verb, subject, at, None, None, [])


def offered(connection: Connection, shop_id: str, action_id: str) -> Offer | None:
    """The shop's offer of that id; another shop's does not exist."""
    row = _OFFERED.first(connection, {"id": action_id, "shop": shop_id})
    if row is None:
        return None
    return Offer(
        row.id, row.shop_id, row.verb, row.subject, row.created_at, row.used_at, row.used_by, list(row.result or [])
    )


def use(connection: Connection, action_id: str, by: str, result: Sequence[str], at: datetime) -> bool:
    """Notes the first press and what it did; False when somebody was first. Live pages fold the card."""
    used = _USED.first(connection, {"this": action_id, "by": by, "result": list(result), "at": at})
    if used is not None:
        publish(connection, used.shop_id, f"confirm:{action_id}", 2, at)
    return used is not None


@dataclass(frozen=True, slots=True)
class Received:
    """A message as the inbox has it; `result` is None until it was dealt with."""

    seq: int
    payload: Mapping[str, Any]
    received_at: datetime
    result: list[str] | None
    is_new: bool


def receive(
    connection: Connection,
    channel: str,
    message_id: str,
    payload: Mapping[str, Any],
    at: datetime,
    takeover: timedelta,
) -> Received:
    """Keeps a message before it is acknowledged; the same id again finds what was kept.

    After `takeover` the runner deals with it, if nobody has.
    """
    row = {
        "channel": channel,
        "message_id": message_id,
        "payload": dict(payload),
        "received_at": at,
        "next_at": at + takeover,
        "tries": 0,
    }
    kept = insert_returned(connection, inbox, row)
    if kept is not None:
        return _received(kept, is_new=True)
    this = (inbox.c.channel == channel) & (inbox.c.message_id == message_id)
    return _received(connection.execute(select(inbox).where(this)).one(), is_new=False)


def received(connection: Connection, seq: int) -> Received | None:
    """The message of that number."""
    kept = connection.execute(select(inbox).where(inbox.c.seq == seq)).first()
    return None if kept is None else _received(kept, is_new=False)


def _received(kept: Row[Any], *, is_new: bool) -> Received:
    return Received(kept.seq, kept.payload, kept.received_at, kept.result, is_new)


def dealt_with(connection: Connection, seq: int, result: Sequence[str], at: datetime) -> bool:
    """Closes a message with what was shown for it; False when somebody else has."""
    return _DEALT_WITH.run(connection, {"this": seq, "at": at, "shown": list(result)}) == 1


def try_later(connection: Connection, seq: int, at: datetime) -> None:
    """A message could not be dealt with: again at that time."""
    connection.execute(inbox.update().where(inbox.c.seq == seq).values(next_at=at, tries=inbox.c.tries + 1))


_OFFER = Prepared(card_actions.insert(), ("id", "shop_id", "verb", "subject", "created_at"))
_OFFERED = Prepared(
    select(card_actions).where(card_actions.c.id == bindparam("id"), card_actions.c.shop_id == bindparam("shop"))
)
_USED = Prepared(
    card_actions.update()
    .where(card_actions.c.id == bindparam("this"), card_actions.c.used_at.is_(None))
    .values(used_at=bindparam("at"), used_by=bindparam("by"), result=bindparam("result"))
    .returning(card_actions.c.shop_id)
)
_DEALT_WITH = Prepared(
    inbox.update()
    .where(inbox.c.seq == bindparam("this"), inbox.c.done_at.is_(None))
    .values(done_at=bindparam("at"), next_at=None, result=bindparam("shown"))
)
