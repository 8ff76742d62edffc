"""Cards that answer nobody: when a chat is told of new after-sales, in how many messages, and what is worth a new one.

New after-sales of a few seconds are told together. A few are cards of their own; many are one list that names all of
them, since a chat that scrolls away tells nothing. After a list the next one waits longer, so that a day of thousands
is some messages an hour, and no after-sale is left out (`docs/decisions/0070`).
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row

from bot.cards.card import Card
from bot.store import telling
from bot.store.cards import outbox
from bot.store.telling import Quiet
from bot.store.told import FRESH, LISTED, ONE, Place

PUSHED = frozenset({ONE, LISTED})
"""Kinds of target that are drawn for whoever reads the chat."""

SINGLES = 3
"""So many at once are cards of their own; more are a list."""

ON_A_LIST = 100
"""So many are named in one message: what every platform's messages hold in words."""

ROUND = 3 * ON_A_LIST
"""So many are dealt out at once."""

REST = timedelta(seconds=20)
RUSH = timedelta(seconds=120)
"""After cards of their own, and after a list, the next wait at least so long."""

CALM = {ONE: timedelta(seconds=2), LISTED: timedelta(seconds=30)}
"""A card that has just changed changes again no sooner, however many of its after-sales do."""

BEIJING = ZoneInfo("Asia/Shanghai")

WORTH = frozenset({"succeeded", "contradicted", "failed", "lost", "damaged", "closed"})
"""States that are worth a message of their own where none can be changed: what they end cannot be done again."""


def kind_of(target: str) -> str:
    """What is in front of the colon."""
    return target.partition(":")[0]


def is_pushed(row: Row[Any]) -> bool:
    """Whether a row of the outbox answers nobody."""
    return row.asker_id is None and kind_of(row.target) in PUSHED


def gathers(row: Row[Any]) -> bool:
    """Whether it is the row that gathers what a chat is to be told."""
    return kind_of(row.target) == FRESH


def deal_out(connection: Connection, row: Row[Any], at: datetime) -> None:
    """What was noted for the chat becomes cards; in its quiet hours it waits for their end."""
    this = outbox.update().where(outbox.c.seq == row.seq)
    peace = quiet_until(telling.quiet_of(connection, row.shop_id, row.channel, row.chat), at)
    if peace is not None:
        connection.execute(this.values(due_at=peace, not_before=peace))
        return
    # Written before it is read: whoever notes one more just now is waited for, or waits for us and makes it due anew.
    connection.execute(this.values(due_at=None, sent_at=at, tries=0))
    place = Place(row.channel, row.chat, row.lang)
    found = telling.waiting(connection, row.shop_id, place, ROUND + 1)
    told, many = found[:ROUND], len(found) > SINGLES
    for begin in range(0, len(told), ON_A_LIST):
        telling.deal(connection, row.shop_id, place, told[begin : begin + ON_A_LIST], at, listed=many)
    later = at + (RUSH if many else REST) if told else None
    connection.execute(this.values(due_at=later if len(found) > ROUND else None, not_before=later))


def quiet_until(quiet: Quiet | None, at: datetime) -> datetime | None:
    """The end of the quiet hours that this moment lies in; None outside of them. They may go over midnight."""
    if quiet is None:
        return None
    here = at.astimezone(BEIJING)
    minute = here.hour * 60 + here.minute
    begin, end = quiet.begin, quiet.end
    inside = begin <= minute < end if begin < end else minute >= begin or minute < end
    if not inside:
        return None
    day = here.date() + timedelta(days=1 if end <= minute else 0)
    return datetime.combine(day, time(end // 60 % 24, end % 60), BEIJING).astimezone(at.tzinfo)


def is_worth_telling(connection: Connection, row: Row[Any], card: Card) -> bool:
    """Whether a changed card is told once more where the first message stays as it is: a state that ends something, new
    to this chat, which has not had the result itself.
    """
    if kind_of(row.target) == LISTED or card.state not in WORTH or card.state == row.state_shown:
        return False
    after_sale_id = row.target.partition(":")[2]
    return not telling.has_result(connection, row.shop_id, row.channel, row.chat, after_sale_id)
