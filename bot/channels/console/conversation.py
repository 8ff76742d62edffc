"""The rows of a conversation (table `messages`): what was said, and which targets answer it.

A card is kept as its target alone and drawn from the present state each time it is shown. Each new or changed row is
told to live pages as `message:<seq>`, in the transaction that writes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from bot.domain.people import Asker
from bot.store.cards import messages
from bot.store.events import publish
from bot.store.prepared import Prepared

BOT = "bot"
"""The author of what the bot says; pages write its name in the viewer's language."""


def say(connection: Connection, by: Asker, conversation: str, text: str, at: datetime) -> int:
    """Adds what somebody typed; returns its number."""
    place = {"shop_id": by.shop_id, "conversation": conversation, "at": at}
    author = {"author_id": by.person_id, "author": by.name}
    return _append(connection, {**place, **author, "kind": "text", "body": {"text": text}})


def answer(connection: Connection, shop_id: str, conversation: str, target: str, at: datetime) -> int:
    """Adds a card of the bot's."""
    place = {"shop_id": shop_id, "conversation": conversation, "at": at}
    return _append(connection, {**place, "author_id": None, "author": BOT, "kind": "card", "body": {"target": target}})


def follows(connection: Connection, shop_id: str, conversation: str, target: str) -> bool:
    """Whether a message of this conversation shows that target already."""
    wanted = (
        select(messages.c.seq)
        .where(
            messages.c.shop_id == shop_id,
            messages.c.conversation == conversation,
            messages.c.body["target"].as_string() == target,
        )
        .limit(1)
    )
    return connection.execute(wanted).first() is not None


def turn(connection: Connection, shop_id: str, conversation: str, seq: int, target: str, at: datetime) -> bool:
    """A card gives way to the one that answers its button; False when it is the same, or no such message is here."""
    changed = connection.execute(
        update(messages)
        .where(
            messages.c.shop_id == shop_id,
            messages.c.conversation == conversation,
            messages.c.seq == seq,
            messages.c.kind == "card",
            messages.c.body["target"].as_string() != target,
        )
        .values(body={"target": target}, version=messages.c.version + 1)
        .returning(messages.c.version)
    ).first()
    if changed is None:
        return False
    publish(connection, shop_id, f"message:{seq}", changed.version, at)
    return True


def _append(connection: Connection, row: Mapping[str, Any]) -> int:
    seq = _APPENDED.value(connection, row)
    publish(connection, row["shop_id"], f"message:{seq}", 1, row["at"])
    return int(seq)


_APPENDED = Prepared(
    messages.insert().returning(messages.c.seq),
    ("shop_id", "conversation", "at", "author_id", "author", "kind", "body"),
)
