"""For whom a card is drawn once its person has left the shop, or has no account on that platform any more.

Colleagues who read along are still told how it ends: all cards of an interception tell the same state (ruling 2). Such
a card is drawn for whoever reads there, and whoever presses a button is asked who he is. A talk of two is told nothing
more: what happens in the shop is no concern of somebody who has left. Where names of chats do not say which it is, a
colleague who was answered there proves that others read; without that proof nothing is told.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Row

from bot.channels.contract import ChannelFacts
from bot.domain.people import Asker
from bot.handlers.contract import everyone
from bot.store.answered import answered

FindAsker = Callable[[Connection, str, str | None, str], Asker | None]
"""Shop, person and channel → that person as an asker; None for who has left, or has no account there any more."""

FOLLOWED = frozenset({"case", "batch"})
"""Kinds of target whose news concern everybody who reads; the others answer one person's question."""


def viewer(connection: Connection, row: Row[Any], facts: ChannelFacts | None, find_asker: FindAsker) -> Asker | None:
    """Whom a row of the outbox is drawn for at this moment; None: nobody who may see it."""
    if row.asker_id is None:  # pushed, or the answer to a customer
        return everyone(row.shop_id)
    asker = find_asker(connection, row.shop_id, row.asker_id, row.channel)
    if asker is not None:
        return asker
    followed = row.target.partition(":")[0] in FOLLOWED
    return everyone(row.shop_id) if followed and _others_read(connection, row, facts) else None


def _others_read(connection: Connection, row: Row[Any], facts: ChannelFacts | None) -> bool:
    if facts is None:
        return False
    if facts.talks_of_two is not None:
        return not row.chat.startswith(facts.talks_of_two)
    there = answered(connection, row.shop_id, row.channel, row.chat)
    return any(one.active and one.person_id != row.asker_id for one in there)
