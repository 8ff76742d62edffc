"""Who was answered in a chat: what the outbox tells of the people who use it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from bot.store.cards import outbox
from bot.store.people import people


@dataclass(frozen=True, slots=True)
class Answered:
    """Somebody of the shop whom a card in that chat answers. `active`: has not left."""

    person_id: str
    active: bool


def answered(connection: Connection, shop_id: str, channel: str, chat: str) -> list[Answered]:
    """Whoever of the shop's people was answered there, as far back as cards are kept, the latest first."""
    there = (outbox.c.channel == channel) & (outbox.c.chat == chat) & (outbox.c.shop_id == shop_id)
    wanted = (
        select(outbox.c.asker_id, people.c.active)
        .join(people, people.c.id == outbox.c.asker_id)
        .where(there)
        .group_by(outbox.c.asker_id, people.c.active)
        .order_by(func.max(outbox.c.seq).desc())
    )
    return [Answered(row.asker_id, row.active) for row in connection.execute(wanted)]
