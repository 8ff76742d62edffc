"""What is of use to nobody any more goes: a table that only grows makes every look slower, and a secret that has ended
is still worth reading for whoever gets a copy of the file.

Records, fees, after-sales, questions and who pressed what stay: they are what happened. A few rows at a time, so that
nobody's click waits (ruling 9).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Column, ColumnElement, Connection, Delete, String, Update, cast, delete, select, update

from bot.store.cards import NOTICES, inbox, outbox
from bot.store.chats import binding_codes
from bot.store.database import Database, now
from bot.store.events import live_events

log = structlog.get_logger(__name__)

EVERY_S, FIRST_S = 3600.0, 60.0
AT_ONCE = 100

MESSAGES_FOR = timedelta(hours=48)
"""Platforms repeat for seven hours at most (`chat-overview.md`, rule 4)."""

SECRETS_FOR = timedelta(hours=2)
"""No platform's answer address lasts longer; then the message that brought it is emptied."""

NEWS_FOR = timedelta(days=30)
EVENTS_FOR = timedelta(days=7)
CODES_FOR = timedelta(days=1)

CARDS_FOR = timedelta(days=60)
"""A case is watched for fifteen days, and no platform lets buttons live for longer than thirty."""


@dataclass(frozen=True, slots=True)
class _Old:
    """Rows of one table, by key, and what is done with them."""

    name: str
    key: Column[Any]
    which: ColumnElement[bool]
    what: Delete | Update


async def sweep(database: Database) -> dict[str, int]:
    """Everything that has become old by now; how many rows of each kind."""
    at = await database.read(now)
    swept: dict[str, int] = {}
    for old in _old(at):
        while True:
            gone = await database.write(lambda c, old=old: _some(c, old))  # type: ignore[misc]
            swept[old.name] = swept.get(old.name, 0) + gone
            if gone < AT_ONCE:
                break
    return swept


async def keep_swept(database: Database) -> None:
    """Every hour, until cancelled."""
    wait = FIRST_S
    while True:
        await asyncio.sleep(wait)
        wait = EVERY_S
        try:
            swept = await sweep(database)
        except Exception:
            log.exception("store.not_swept")
        else:
            log.info("store.swept", **{name: count for name, count in swept.items() if count})


def _some(connection: Connection, old: _Old) -> int:
    keys = connection.execute(select(old.key).where(old.which).limit(AT_ONCE)).scalars().all()
    if keys:
        connection.execute(old.what.where(old.key.in_(keys), old.which))
    return len(keys)


def _old(at: datetime) -> Iterator[_Old]:
    news = inbox.c.channel.startswith(NOTICES, autoescape=True)
    done = inbox.c.next_at.is_(None)
    message = done & ~news & (inbox.c.done_at < at - MESSAGES_FOR)
    secret = done & ~news & (inbox.c.done_at < at - SECRETS_FOR) & cast(inbox.c.payload, String).contains("from.token")
    told = outbox.c.due_at.is_(None) & (outbox.c.sent_at < at - CARDS_FOR) & ~outbox.c.target.startswith("fresh:")
    yield _Old("messages", inbox.c.seq, message, delete(inbox))
    yield _Old("news", inbox.c.seq, done & news & (inbox.c.done_at < at - NEWS_FOR), delete(inbox))
    yield _Old("secrets", inbox.c.seq, secret, update(inbox).values(payload={}))
    ended = {"token": None, "token_until": None, "uses_left": None}
    yield _Old("tokens", outbox.c.seq, outbox.c.token_until <= at, update(outbox).values(**ended))
    yield _Old("cards", outbox.c.seq, told, delete(outbox))
    yield _Old("events", live_events.c.id, live_events.c.at < at - EVENTS_FOR, delete(live_events))
    codes = binding_codes.c.expires_at < at - CODES_FOR
    yield _Old("codes", binding_codes.c.code_hash, codes, delete(binding_codes))
