"""The outbox: what is due is drawn from the present state and shown by its channel (ruling 2; `chat-overview.md`).

A row is one card in one chat. Showing again is harmless, a card older than what is shown is not shown, and what a
platform does not take is tried again or told to the operator, never dropped silently.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, Row, select

from bot.channels.contract import Channel, NotPosted, Place, Posted
from bot.domain.people import Asker
from bot.handlers.contract import Chat, Desk, Incoming, Reply
from bot.store.cards import outbox
from bot.store.database import Database, now

log = structlog.get_logger(__name__)

AFTER_ANSWER = timedelta(seconds=0.3)
"""A card follows only when the platform's own request has been answered: some undo it otherwise (Feishu)."""

CLAIMED = timedelta(seconds=20)
MOST_TRIES = 12

FindAsker = Callable[[Connection, str, str | None], Asker | None]
"""Shop and person → that person as an asker; None when there is no such person any more."""


@dataclass(frozen=True, slots=True)
class Token:
    """What a platform gave with a message so that its answer may be changed: until when, and how often."""

    value: str
    until: datetime
    uses: int | None = None


def keep(
    connection: Connection,
    incoming: Incoming,
    reply: Reply,
    at: datetime,
    *,
    message_ref: str | None = None,
    token: Token | None = None,
) -> None:
    """How every channel but the console keeps a reply: one row for each card, due as soon as we have answered.

    The first card takes the place of the message whose button was pressed (`message_ref`), the others are new.
    """
    for index, shown in enumerate(reply.shown):
        mine = index == 0
        connection.execute(
            outbox.insert(),
            {
                "channel": incoming.chat.channel,
                "chat": incoming.chat.id,
                "shop_id": incoming.asker.shop_id,
                "target": shown.target,
                "lang": incoming.chat.lang,
                "message_ref": message_ref if mine else None,
                "version_shown": 0,
                "due_at": at + AFTER_ANSWER,
                "token": token.value if token is not None and mine else None,
                "token_until": token.until if token is not None and mine else None,
                "uses_left": token.uses if token is not None and mine else None,
                "tries": 0,
                "asker_id": incoming.asker.person_id,
            },
        )


class Posting:
    """Moves one row of the outbox on; handed to the runner."""

    def __init__(self, database: Database, desk: Desk, channels: Mapping[str, Channel], find_asker: FindAsker) -> None:
        self._database = database
        self._desk = desk
        self._channels = channels
        self._find_asker = find_asker

    async def __call__(self, seq: str) -> None:
        """Shows what the row's target is now."""
        row, asker = await self._database.write(lambda c: self._take(c, int(seq)))
        if row is None:
            return
        channel = self._channels.get(row.channel)
        card = None if asker is None else await self._desk.card(row.target, asker, row.lang)
        if channel is None or card is None:
            await self._database.write(lambda c: _done(c, row.seq, "nothing to show"))
            return
        place = Place(
            Chat(row.channel, row.chat, row.lang),
            row.shop_id,
            row.target,
            row.message_ref,
            row.token,
            row.token_until,
            row.uses_left,
            row.version_shown,
        )
        if card.version < row.version_shown:
            await self._database.write(lambda c: _done(c, row.seq, None))
            return
        try:
            posted = await channel.show(place, card)
        except NotPosted as refused:
            problem = refused
            await self._database.write(lambda c: _not_posted(c, row, problem))
            return
        await self._database.write(lambda c: _posted(c, row, posted))

    def _take(self, connection: Connection, seq: int) -> tuple[Row[Any] | None, Asker | None]:
        row = connection.execute(select(outbox).where(outbox.c.seq == seq, outbox.c.due_at.is_not(None))).first()
        if row is None:
            return None, None
        # Due again should this process die before the platform has answered; a change meanwhile makes it due as well.
        connection.execute(outbox.update().where(outbox.c.seq == seq).values(due_at=now(connection) + CLAIMED))
        return row, self._find_asker(connection, row.shop_id, row.asker_id)


def _posted(connection: Connection, row: Row[Any], posted: Posted) -> None:
    at = now(connection)
    values = {
        "message_ref": posted.message_ref,
        "version_shown": posted.version_shown,
        "token": posted.token,
        "token_until": posted.token_until,
        "uses_left": posted.uses_left,
        "sent_at": at,
        "tries": 0,
        "problem": None,
    }
    connection.execute(outbox.update().where(outbox.c.seq == row.seq).values(**values))
    _rest(connection, row.seq, at)


def _not_posted(connection: Connection, row: Row[Any], problem: NotPosted) -> None:
    at = now(connection)
    last = problem.again_in_s is None or row.tries + 1 >= MOST_TRIES
    log.warning("outbox.not_posted", row=row.seq, channel=row.channel, problem=problem.problem, last=last)
    again = None if last else at + timedelta(seconds=(problem.again_in_s or 1.0) * 2 ** min(row.tries, 6))
    values = {"tries": row.tries + 1, "problem": problem.problem[:300], "due_at": again}
    connection.execute(outbox.update().where(outbox.c.seq == row.seq).values(**values))


def _done(connection: Connection, seq: int, problem: str | None) -> None:
    connection.execute(outbox.update().where(outbox.c.seq == seq).values(problem=problem))
    _rest(connection, seq, now(connection))


def _rest(connection: Connection, seq: int, at: datetime) -> None:
    """Nothing is owed any more, unless the target has changed since the row was taken: then it was made due anew."""
    claimed = (outbox.c.seq == seq) & (outbox.c.due_at > at)
    connection.execute(outbox.update().where(claimed).values(due_at=None))
