"""The desk: seen before? commit, act, and close with what was shown (ruling 1).

What came in is committed before anybody is told; if this process dies in between, the runner finds the row and deals
with it. Acting twice is harmless: a confirmation is its own click, and the heart opens one case for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection

from bot.cards.card import Card
from bot.domain.people import Asker
from bot.handlers import actions
from bot.handlers.commands import answering
from bot.handlers.contract import Chat, Deliver, Incoming, Reply, everyone
from bot.handlers.grammar import parse
from bot.handlers.rooms import Rooms
from bot.merchants import people, permissions
from bot.store.cards import Received, dealt_with, receive, received, try_later
from bot.store.database import now

log = structlog.get_logger(__name__)

TAKEOVER = timedelta(seconds=10)
"""After so long without an end somebody else deals with a message: whoever took it is gone."""

TOO_OLD = timedelta(minutes=5)
"""A command that the platform delivers later than this is refused visibly, not executed."""


@dataclass(frozen=True, slots=True)
class _Kept:
    row: Received
    asker: Asker


class Router:
    """Meets `handlers.contract.Desk`. `deliver` keeps a reply in its channel's way."""

    def __init__(self, rooms: Rooms, deliver: Mapping[str, Deliver]) -> None:
        self._rooms = rooms
        self._deliver = deliver
        able = answering(rooms)
        self._outgoing, self._commands, self._buttons = able.outgoing, able.commands, able.buttons
        self._question = able.question

    async def card(self, target: str, asker: Asker, lang: str) -> Card | None:
        """The present card of a target, drawn for that viewer; None when the viewer may not see it."""
        return await self._outgoing.card(target, asker, lang)

    async def take(self, incoming: Incoming) -> Reply:
        """Commits what came in, acts, and returns what to show; the same message again shows its present state."""
        kept = await self._rooms.database.write(lambda c: self._keep(c, incoming))
        if not kept.is_new and kept.result is not None:
            return await self._outgoing.reply(kept.result, incoming.asker, incoming.chat.lang, repeated=True)
        return await self._deal_with(incoming, kept)

    async def handle(self, seq: str) -> None:
        """A message that was kept and not dealt with, found by the runner; its sender's permissions of now hold."""
        found = await self._rooms.database.write(lambda c: self._found(c, int(seq)))
        if found is None:
            return
        await self._deal_with(_incoming(found.row.payload, found.asker), found.row)

    async def _deal_with(self, incoming: Incoming, kept: Received) -> Reply:
        reply = await self._act(incoming, kept.received_at)
        targets = [shown.target for shown in reply.shown]
        deliver = self._deliver.get(incoming.chat.channel)

        def close(connection: Connection) -> None:
            at = now(connection)
            if dealt_with(connection, kept.seq, targets, at) and deliver is not None:
                deliver(connection, incoming, reply, at)

        await self._rooms.database.write(close)
        return reply

    async def _act(self, incoming: Incoming, received_at: datetime) -> Reply:
        if incoming.sent_at is not None and received_at - incoming.sent_at > TOO_OLD:
            target = f"too_old:{TOO_OLD.seconds // 60}"
            return await self._outgoing.reply([target], incoming.asker, incoming.chat.lang)
        if incoming.asker.person_id is None and incoming.asker.key_id is None:
            return await self._question(incoming)  # nobody that we know, such as a customer: neither orders nor presses
        if incoming.action is not None:
            pressed = actions.read(incoming.action)
            if pressed is None or pressed[0] not in self._buttons:
                return await self._outgoing.reply(["not_found:"], incoming.asker, incoming.chat.lang)
            return await self._buttons[pressed[0]](incoming, pressed[1])
        parsed = parse(incoming.text or "")
        if parsed is None:
            return await self._question(incoming)
        return await self._commands[parsed.command](incoming, parsed)

    def _keep(self, connection: Connection, incoming: Incoming) -> Received:
        chat, at = incoming.chat, now(connection)
        return receive(connection, chat.channel, incoming.message_id, _payload(incoming), at, TAKEOVER)

    def _found(self, connection: Connection, seq: int) -> _Kept | None:
        row = received(connection, seq)
        if row is None or row.result is not None:
            return None
        try_later(connection, seq, now(connection) + TAKEOVER)
        if row.payload["person"] is None and "shop" in row.payload:  # nobody that we know, such as a customer
            return _Kept(row, everyone(row.payload["shop"]))
        person = people.get(connection, row.payload["person"])
        if person is None or not person.active:
            log.warning("inbox.sender_gone", seq=seq)
            dealt_with(connection, seq, [], now(connection))
            return None
        return _Kept(row, permissions.asker(connection, person))


def _payload(incoming: Incoming) -> dict[str, Any]:
    return {
        "message": incoming.message_id,
        "channel": incoming.chat.channel,
        "chat": incoming.chat.id,
        "lang": incoming.chat.lang,
        "person": incoming.asker.person_id,
        "shop": incoming.asker.shop_id,
        "text": incoming.text,
        "action": incoming.action,
        "values": {name: list(values) for name, values in incoming.values.items()},
        "conversation": incoming.conversation,
        "private": incoming.private,
        "sent_at": None if incoming.sent_at is None else incoming.sent_at.isoformat(),
    }


def _incoming(payload: Mapping[str, Any], asker: Asker) -> Incoming:
    return Incoming(
        message_id=payload["message"],
        chat=Chat(payload["channel"], payload["chat"], payload["lang"]),
        asker=asker,
        text=payload["text"],
        action=payload["action"],
        values={name: tuple(values) for name, values in payload["values"].items()},
        conversation=payload["conversation"],
        private=payload.get("private", True),
        sent_at=None if payload["sent_at"] is None else datetime.fromisoformat(payload["sent_at"]),
    )
