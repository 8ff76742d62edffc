"""A platform's news, kept in the inbox beside what people type: once each, and due until somebody has dealt with it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from bot.store.cards import NOTICES, inbox
from bot.store.due import DueRows
from bot.store.sql import insert_new

NOTICES_DUE = DueRows(inbox.c.seq, inbox.c.next_at, (inbox.c.channel.startswith(NOTICES, autoescape=True),))
"""News that nobody has dealt with."""


@dataclass(frozen=True, slots=True)
class News:
    """An after-sale of a shop that has changed. `tries` is how often it was read in vain."""

    seq: int
    platform: str
    shop_id: str
    after_sale_id: str
    tries: int


def keep(
    connection: Connection, platform: str, shop_id: str, message_id: str, after_sale_id: str, at: datetime
) -> bool:
    """Keeps one piece of news, due at once; False when that message of that platform was kept before."""
    message = hashlib.blake2b(message_id.encode("utf-8", "replace"), digest_size=20).hexdigest()
    row = {
        "channel": f"{NOTICES}{platform}",
        "message_id": f"{shop_id}:{message}",
        "payload": {"shop": shop_id, "after_sale": after_sale_id},
        "received_at": at,
        "next_at": at,
        "tries": 0,
    }
    return insert_new(connection, inbox, row)


def open_news(connection: Connection, seq: int) -> News | None:
    """The news of that number; None when it was dealt with."""
    row = connection.execute(select(inbox).where(inbox.c.seq == seq, inbox.c.done_at.is_(None))).first()
    if row is None:
        return None
    platform = row.channel.removeprefix(NOTICES)
    return News(row.seq, platform, row.payload["shop"], row.payload["after_sale"], row.tries)


def again(connection: Connection, seq: int, at: datetime, wait: timedelta) -> None:
    """Not dealt with yet: due again after that time, whatever becomes of this process."""
    connection.execute(inbox.update().where(inbox.c.seq == seq).values(next_at=at + wait, tries=inbox.c.tries + 1))


def close(connection: Connection, seq: int, result: str, at: datetime) -> None:
    """Dealt with, and how."""
    done = {"done_at": at, "next_at": None, "result": [result]}
    connection.execute(inbox.update().where(inbox.c.seq == seq, inbox.c.done_at.is_(None)).values(**done))
