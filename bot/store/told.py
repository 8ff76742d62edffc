"""Which chats are told of which after-sale: noted in the transaction in which it enters (`store/telling.py` goes on).

An after-sale is noted for each of the shop's chosen chats; the key makes it one note, however often it comes. A chat
has one row of the outbox that gathers (`fresh:<shop>`): when that is due, what was noted meanwhile is dealt out into
cards. So the outbox holds what is shown, and never a row for each that waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, Connection, Index, String, Table, bindparam, case, func, select, text, update

from bot.store.cards import outbox
from bot.store.chats import told_chats
from bot.store.prepared import Prepared
from bot.store.schema import Moment, metadata
from bot.store.sql import insert_new

told_after_sales = Table(
    "told_after_sales",
    metadata,
    Column("shop_id", String(64), primary_key=True),
    Column("channel", String(32), primary_key=True),
    Column("chat", String(200), primary_key=True),
    Column("after_sale_id", String(64), primary_key=True),
    Column("target", String(80)),
    Column("entered_at", Moment, nullable=False),
    Index(None, "shop_id", "after_sale_id"),
    Index(None, "target"),
    Index(
        "ix_told_after_sales_waiting",
        "shop_id",
        "channel",
        "chat",
        "entered_at",
        sqlite_where=text("target IS NULL"),
    ),
)
"""`target` is the card that shows the after-sale in that chat: `after_sale:<id>` or `listed:<id>`; None while it
waits to be told."""

FRESH, ONE, LISTED = "fresh", "after_sale", "listed"
"""Kinds of target: the row that gathers, a card of its own, a list. None of them answers a person."""

GATHER = timedelta(seconds=3)
"""So long after the first of them others join it: what comes together is told together."""


@dataclass(frozen=True, slots=True)
class Place:
    """A chat that a shop has chosen, and the language spoken there."""

    channel: str
    chat: str
    lang: str = "zh"


def places(connection: Connection, shop_id: str) -> list[Place]:
    """The shop's chosen chats, in one order for everybody, so that nobody waits for somebody who waits for him."""
    return [Place(row.channel, row.chat, row.lang) for row in _PLACES.all(connection, {"shop": shop_id})]


def announce(connection: Connection, shop_id: str, after_sale_id: str, chosen: Sequence[Place], at: datetime) -> None:
    """A new after-sale, to be told in these chats; noted before, nothing changes."""
    noted = False
    for place in chosen:
        key = {"shop_id": shop_id, "channel": place.channel, "chat": place.chat, "after_sale_id": after_sale_id}
        noted |= insert_new(connection, told_after_sales, {**key, "entered_at": at})
    if noted:
        # Written also where it is due already: whoever deals out just now is waited for, or he overlooks this one.
        values = {"fresh": f"{FRESH}:{shop_id}", "shop": shop_id, "soon": at + GATHER}
        _GATHER.run(connection, values)


def cards_due(connection: Connection, shop_id: str, after_sale_id: str, at: datetime) -> None:
    """All cards and lists that show the after-sale are due, each as soon as it may be shown again."""
    _CARDS_DUE.run(connection, {"shop": shop_id, "id": after_sale_id, "at": at})


_AT, _SOON = bindparam("at", type_=Moment), bindparam("soon", type_=Moment)
_HELD = outbox.c.not_before
_PLACES = Prepared(
    select(told_chats.c.channel, told_chats.c.chat, told_chats.c.lang)
    .where(told_chats.c.shop_id == bindparam("shop"))
    .order_by(told_chats.c.channel, told_chats.c.chat)
)
_GATHER = Prepared(
    update(outbox)
    .where(outbox.c.target == bindparam("fresh"), outbox.c.shop_id == bindparam("shop"))
    .values(due_at=func.coalesce(outbox.c.due_at, case((_HELD > _SOON, _HELD), else_=_SOON)))
)
_CARDS_DUE = Prepared(
    update(outbox)
    .where(
        outbox.c.shop_id == bindparam("shop"),
        outbox.c.target.in_(
            select(told_after_sales.c.target).where(
                told_after_sales.c.shop_id == bindparam("shop"), told_after_sales.c.after_sale_id == bindparam("id")
            )
        ),
    )
    .values(due_at=case((_HELD > _AT, _HELD), else_=_AT))
)
