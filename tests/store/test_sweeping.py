"""What is of use to nobody any more goes, and nothing else does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from bot.store import chats, notices, sweeping
from bot.store.cards import dealt_with, inbox, outbox, receive
from bot.store.chats import binding_codes
from bot.store.database import Database, now
from bot.store.events import live_events, publish
from bot.store.people import people
from bot.store.sweeping import sweep

TOKEN = {"values": {"from.token": ["sealed"]}}


async def _come(
    database: Database, name: str, age: timedelta, payload: Mapping[str, Any], *, done: bool = True
) -> None:
    def enter(connection: Connection) -> None:
        at = now(connection) - age
        kept = receive(connection, "slack", name, payload, at, timedelta(seconds=10))
        if done:
            dealt_with(connection, kept.seq, ["help"], at)

    await database.write(enter)


async def _messages(database: Database) -> dict[str, Any]:
    rows = await database.read(lambda c: c.execute(select(inbox.c.message_id, inbox.c.payload)).all())
    return {row.message_id: row.payload for row in rows}


async def test_messages_and_their_secrets(stored: Database) -> None:
    """A message is known for two days, its answer address for two hours; one that is not dealt with stays whole."""
    await _come(stored, "old", timedelta(hours=49), {"text": "x"})
    await _come(stored, "waits", timedelta(hours=49), TOKEN, done=False)
    await _come(stored, "repeated", timedelta(hours=7), {"text": "x"})
    await _come(stored, "secret", timedelta(hours=3), TOKEN)
    await _come(stored, "fresh", timedelta(minutes=30), TOKEN)
    swept = await sweep(stored)
    assert await _messages(stored) == {"waits": TOKEN, "repeated": {"text": "x"}, "secret": {}, "fresh": TOKEN}
    assert (swept["messages"], swept["secrets"]) == (1, 1)
    assert not any((await sweep(stored)).values())


async def test_many_go_in_small_steps(stored: Database) -> None:
    """However many there are, each transaction takes a few of them."""
    for number in range(sweeping.AT_ONCE + 5):
        await _come(stored, f"m{number}", timedelta(hours=50), {})
    assert (await sweep(stored))["messages"] == sweeping.AT_ONCE + 5
    assert await _messages(stored) == {}


async def test_cards_keep_their_place_and_lose_their_secret(stored: Database) -> None:
    """A token goes when it ends, a card that rests after two months; what is due, or gathers, stays."""

    def enter(connection: Connection) -> datetime:
        at = now(connection)
        row = {"channel": "slack", "chat": "C1", "shop_id": "demo", "tries": 0, "version_shown": 1, "lang": "zh"}
        old, secret = at - timedelta(days=61), {"token": "sealed", "uses_left": 5}
        for target, more in {
            "case:old": {"sent_at": old},
            "case:due": {"sent_at": old, "due_at": at},
            "fresh:demo": {"sent_at": old},
            "case:ended": {"sent_at": at, **secret, "token_until": at - timedelta(seconds=1)},
            "case:holds": {"sent_at": at, **secret, "token_until": at + timedelta(hours=1)},
        }.items():
            connection.execute(outbox.insert(), {**row, "target": target, **more})
        return at

    await stored.write(enter)
    await sweep(stored)
    rows = await stored.read(lambda c: c.execute(select(outbox).order_by(outbox.c.seq)).all())
    assert [(row.target, row.token, row.uses_left) for row in rows] == [
        ("case:due", None, None),
        ("fresh:demo", None, None),
        ("case:ended", None, None),
        ("case:holds", "sealed", 5),
    ]


async def test_news_events_and_codes(stored: Database) -> None:
    """Platforms' news a month, what live pages replay a week, binding codes a day after their end."""

    def enter(connection: Connection) -> None:
        at = now(connection)
        person = {"id": "p1", "shop_id": "demo", "login": "p1", "name": "周琳", "role": "agent", "active": True}
        connection.execute(people.insert(), {**person, "password_hash": "x", "created_at": at})
        for days in (0, 2, 8, 31):
            ago = at - timedelta(days=days)
            notices.keep(connection, "doudian", "demo", f"n{days}", "1", ago)
            publish(connection, "demo", f"case:{days}", 1, ago)
            chats.new_code(connection, "p1", ago)
        for seq in connection.execute(select(inbox.c.seq).order_by(inbox.c.seq)).scalars().all():
            notices.close(connection, seq, "done", at - timedelta(days=(0, 2, 8, 31)[seq - 1]))

    await stored.write(enter)
    await sweep(stored)

    def counts(connection: Connection) -> list[int]:
        tables = (inbox, live_events, binding_codes)
        return [connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables]

    assert await stored.read(counts) == [3, 2, 1]
