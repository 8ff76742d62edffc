"""The middle pane: the staff's talk with the bot beside an after-sale (ruling 16). Cards are drawn as they are now."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Connection, Row, func, select

from bot.cards.card import Card
from bot.console.drawing import Speech
from bot.console.house import House
from bot.domain.people import Asker
from bot.store.cards import messages
from bot.store.cases import of_after_sale

log = structlog.get_logger(__name__)

MOST_SHOWN = 50
MOST_UNSPOKEN = 10


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
        """What live pages call it; a record that was never spoken of here goes by its own name."""
        return f"message:{self.seq}" if self.seq else self.follows

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
    told = [m for m in shown if m is not None]
    if not before:
        unspoken = await house.database.read(lambda c: _unspoken(c, asker.shop_id, conversation))
        loose = [await record(house, asker, speech, case_id, version) for case_id in unspoken]
        told = sorted([*told, *(m for m in loose if m is not None)], key=lambda m: m.at)
    return Talk(tuple(told), earlier, names)


async def message(house: House, asker: Asker, speech: Speech, seq: int, version: int) -> Shown | None:
    """One message, drawn for this viewer; None when the shop has none of that number, or its card is gone."""
    row = await house.database.read(
        lambda c: c.execute(select(messages).where(messages.c.seq == seq, messages.c.shop_id == asker.shop_id)).first()
    )
    return None if row is None else await _shown(house, asker, speech, row, version)


async def record(house: House, asker: Asker, speech: Speech, case_id: str, version: int) -> Shown | None:
    """The card of a record that nobody asked for in the talk: it came by the API, a batch, or the platform."""
    case = await house.interceptions.get(asker.shop_id, case_id)
    card = await house.desk.card(f"case:{case_id}", asker, speech.lang)
    if case is None or card is None:
        return None
    return Shown(
        0,
        version,
        speech.page("page.name"),
        case.created_at,
        card=card,
        follows=f"case:{case_id}",
        from_bot=True,
        conversation=case.after_sale_id,
    )


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
    try:
        card = await house.desk.card(target, asker, speech.lang)
    except Exception:
        # One card that cannot be drawn must not take the talk with it.
        log.exception("console.card_not_drawn", target=target)
        text = speech.page("error.card")
        return Shown(row.seq, version, author, row.at, text=text, from_bot=from_bot, conversation=row.conversation)
    if card is None:
        return None
    return Shown(
        row.seq, version, author, row.at, card=card, follows=target, from_bot=from_bot, conversation=row.conversation
    )


def _unspoken(connection: Connection, shop_id: str, conversation: str) -> list[str]:
    """Records of this after-sale that no message of its talk shows, the newest few."""
    spoken = select(messages.c.body["target"].as_string()).where(
        messages.c.shop_id == shop_id, messages.c.conversation == conversation, messages.c.kind == "card"
    )
    targets = set(connection.execute(spoken).scalars())
    ids = [case.id for case in of_after_sale(connection, shop_id, conversation)]
    return [case_id for case_id in ids if f"case:{case_id}" not in targets][-MOST_UNSPOKEN:]


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
