"""The middle pane: the staff's talk with the bot beside an after-sale (ruling 16). Cards are drawn as they are now."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from bot.cards.card import Card
from bot.console.drawing import Speech
from bot.console.house import House
from bot.domain.people import Asker
from bot.store.cards import messages

MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Shown:
    """One message as it is drawn. `card` follows `follows`; `version` is the live event up to which it is true."""

    seq: int
    version: int
    author: str
    at: datetime
    text: str = ""
    card: Card | None = None
    follows: str = ""
    from_bot: bool = False
    conversation: str = ""

    @property
    def target(self) -> str:
        """What live pages call it."""
        return f"message:{self.seq}"

    @property
    def is_command(self) -> bool:
        """Typed as a command: drawn in the type of commands."""
        return self.text.startswith(("/", "／")) and "\n" not in self.text.strip()


@dataclass(frozen=True, slots=True)
class Talk:
    """The newest messages of a conversation, and how many stand before them."""

    messages: tuple[Shown, ...]
    earlier: int
    people: tuple[str, ...]


async def talk(house: House, asker: Asker, speech: Speech, conversation: str, version: int, before: int = 0) -> Talk:
    """The conversation of an after-sale of the asker's shop; `before`: only messages older than that one."""
    rows, earlier, names = await house.database.read(lambda c: _read(c, asker.shop_id, conversation, before))
    shown = await asyncio.gather(*(_shown(house, asker, speech, row, version) for row in rows))
    return Talk(tuple(m for m in shown if m is not None), earlier, names)


async def message(house: House, asker: Asker, speech: Speech, seq: int, version: int) -> Shown | None:
    """One message, drawn for this viewer; None when the shop has none of that number, or its card is gone."""
    row = await house.database.read(
        lambda c: c.execute(select(messages).where(messages.c.seq == seq, messages.c.shop_id == asker.shop_id)).first()
    )
    return None if row is None else await _shown(house, asker, speech, row, version)


def followed(connection: Connection, shop_id: str, conversation: str, target: str) -> bool:
    """Whether a message of the conversation shows that target."""
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


async def _shown(house: House, asker: Asker, speech: Speech, row: Row[Any], version: int) -> Shown | None:
    from_bot = row.author_id is None
    author = speech.page("page.name") if from_bot else row.author
    if row.kind != "card":
        return Shown(row.seq, version, author, row.at, text=row.body.get("text", ""), conversation=row.conversation)
    target = row.body["target"]
    card = await house.desk.card(target, asker, speech.lang)
    if card is None:
        return None
    return Shown(
        row.seq, version, author, row.at, card=card, follows=target, from_bot=from_bot, conversation=row.conversation
    )


def _read(
    connection: Connection, shop_id: str, conversation: str, before: int
) -> tuple[Sequence[Row[Any]], int, tuple[str, ...]]:
    mine = [messages.c.shop_id == shop_id, messages.c.conversation == conversation]
    if before:
        mine.append(messages.c.seq < before)
    newest = connection.execute(select(messages).where(*mine).order_by(messages.c.seq.desc()).limit(MOST_SHOWN)).all()
    total = connection.execute(select(func.count()).select_from(messages).where(*mine)).scalar_one()
    names = connection.execute(
        select(messages.c.author).where(*mine, messages.c.author_id.is_not(None)).distinct().limit(4)
    ).scalars()
    return newest[::-1], total - len(newest), tuple(names)
