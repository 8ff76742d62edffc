"""What every chat platform needs on the way in, once: who is it, does the desk take it, and in time.

A channel has verified its platform's message and says who sent it: channel, tenant, user. Whose account that is was
bound by a code; a name proves nothing, and where a part of the identity is missing nobody is meant
(`chat-overview.md`, rule 8). Duplicates and old messages are the desk's to know.
"""

from __future__ import annotations

import asyncio
import re
import time
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import count

import structlog
from sqlalchemy import ColumnElement, Connection, select

from bot.background import Background
from bot.cards.card import Card
from bot.channels import notices
from bot.channels.contract import NotKept
from bot.channels.origin import MessageOrigin, noted
from bot.channels.sparing import Sparing
from bot.domain.people import Asker
from bot.handlers.contract import Chat, Desk, Incoming, Reply, everyone
from bot.merchants import chat_accounts, people, permissions, shops
from bot.store import chats
from bot.store.cards import inbox, outbox
from bot.store.database import Database, NotStored, now

log = structlog.get_logger(__name__)

ANSWER_WITHIN_S = 1.5
"""From the platform's request to our answer (`chat-overview.md`, rule 1); the shortest platform waits 2 s."""

LOOK_WITHIN_S = 0.4
LONGEST_ID = 190
LONGEST_PART, LONGEST_CHAT, LONGEST_REF = 128, 200, 300
BIND = re.compile(r"[/!]?\s*(?:bind|绑定)\s*:?\s*(\d{8})\b", re.IGNORECASE)
ASK = re.compile(r"[/!]\s*(?:bind|绑定)\s*:?\s*(?!\d{1,10}$)(\S{1,64})", re.IGNORECASE)
"""`/bind LOGIN`: the owner is to approve. A few digits are a code that was mistyped, and no login."""
TRIES = 5
PAUSE_S = 600.0


@dataclass(frozen=True, slots=True)
class Sender:
    """Who wrote or clicked, as the platform names people. An empty part means that it did not say: nobody."""

    channel: str
    tenant: str
    user: str

    @property
    def complete(self) -> bool:
        """Whether anybody is named at all."""
        parts = (self.channel, self.tenant, self.user)
        return all(part and len(part) <= LONGEST_PART for part in parts)


@dataclass(frozen=True, slots=True)
class Message:
    """What came in, verified. `message_id` is the platform's own; for a click what makes it the same click.

    `spoken_to`: the bot was addressed (a command of the platform's, a mention, a talk of two); otherwise people talk
    among themselves, and a stranger's words are none of our business.
    """

    sender: Sender
    chat: Chat
    message_id: str
    text: str | None = None
    action: str | None = None
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sent_at: datetime | None = None
    origin: MessageOrigin = field(default_factory=MessageOrigin)
    spoken_to: bool = True
    private: bool = True


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of it. `reply`: the desk has answered, and the outbox has it. `told`: a card for the sender alone,
    which no outbox has. `late`: kept, the answer follows. None of them: nothing was done, and nothing is said.
    """

    reply: Reply | None = None
    told: Card | None = None
    late: bool = False


@dataclass(frozen=True, slots=True)
class ThereNow:
    """What a message of ours shows: its target, the version that was drawn, and the card as it is now."""

    target: str
    version_shown: int
    card: Card | None
    message_ref: str = ""

    @property
    def is_as_shown(self) -> bool:
        """Whether what people see is what there is: only then does a number or a word mean a button of it."""
        return self.card is not None and self.card.version == self.version_shown


class Reception:
    """Hands what channels bring to the desk. `desk` is asked for when it is needed: it is made after the channels."""

    def __init__(
        self, database: Database, desk: Callable[[], Desk], is_command: Callable[[str], bool], background: Background
    ) -> None:
        self._database = database
        self._desk = desk
        self._background = background
        self._number = count()
        self._told = Sparing(1, PAUSE_S)
        self._tries = Sparing(TRIES, PAUSE_S)
        self.is_command = is_command

    async def take(self, message: Message) -> Taken:
        """Answers within `ANSWER_WITHIN_S`, whatever the desk waits for. Raises `NotKept`: nothing is committed."""
        ends = time.monotonic() + ANSWER_WITHIN_S
        if not message.sender.complete or not _storable(message):
            log.warning("channel.nobody_named", channel=message.chat.channel)
            return Taken()
        code = _matched(BIND, message.text)
        try:
            if code is not None:
                return Taken(told=await self._bind(message, code))
            asker = await self._database.read(lambda c: _asker(c, message.sender))
        except NotStored as problem:
            raise NotKept from problem
        if asker is None:
            login = _matched(ASK, message.text)
            return Taken(told=self._stranger(message) if login is None else await self._ask(message, login))
        return await self._to_desk(_incoming(message, asker), ends)

    async def ask(self, shop_id: str, message: Message) -> Taken:
        """What a customer wrote, who is nobody to us: at most a question to that shop, never a command. Raises
        `NotKept`.
        """
        ends = time.monotonic() + ANSWER_WITHIN_S
        if not _storable(message) or self.is_command(message.text or ""):
            return Taken()
        return await self._to_desk(_incoming(message, everyone(shop_id)), ends)

    async def there_now(self, sender: Sender, chat: Chat, message_ref: str) -> ThereNow | None:
        """What stands in a message of ours, drawn for that sender; None for a stranger or another message."""
        return await self._there(sender, chat, outbox.c.message_ref == message_ref)

    async def last_there(self, sender: Sender, chat: Chat, within: timedelta) -> ThereNow | None:
        """The newest card in that chat that answers this sender, where platforms have no answer to a message."""
        return await self._there(sender, chat, outbox.c.message_ref != "", within)

    async def chat_of(self, channel: str, message_ref: str, key: int | None = None) -> str | None:
        """The chat in which a message of ours stands, where a platform does not say; None for another message. `key`:
        the place's key that the message is named after, for a press that comes before its name is kept.
        """
        named = outbox.c.message_ref == message_ref
        this = named if key is None else named | ((outbox.c.seq == key) & outbox.c.message_ref.is_(None))
        wanted = select(outbox.c.chat).where(outbox.c.channel == channel, this).limit(1)
        try:
            found = await self._database.read(lambda c: c.execute(wanted).first())
        except NotStored as problem:
            raise NotKept from problem
        return None if found is None else str(found.chat)

    async def _there(
        self, sender: Sender, chat: Chat, which: ColumnElement[bool], within: timedelta | None = None
    ) -> ThereNow | None:
        try:
            found = await self._database.read(lambda c: _shown(c, sender, chat, which, within))
        except NotStored as problem:
            raise NotKept from problem
        if found is None:
            return None
        there, asker = found
        return replace(there, card=await self._desk().card(there.target, asker, chat.lang))

    def in_background(self, work: Callable[[], object]) -> None:
        """Runs what need not be waited for, such as telling a stranger; errors are logged."""

        async def once() -> None:
            result = work()
            if asyncio.iscoroutine(result):
                await result

        self._background.run(f"channel:{next(self._number)}", once())

    async def _to_desk(self, incoming: Incoming, ends: float) -> Taken:
        answered: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

        async def work() -> None:
            try:
                reply = await self._desk().take(incoming)
            except Exception as problem:
                if answered.done():
                    raise
                answered.set_exception(problem)
                return
            if not answered.done():
                answered.set_result(reply)

        self._background.run(f"desk:{next(self._number)}", work())
        await asyncio.wait([answered], timeout=max(ends - time.monotonic(), 0.0))
        if answered.done():
            try:
                return Taken(reply=answered.result())
            except NotStored as problem:
                raise NotKept from problem
            except Exception:
                log.exception("channel.desk_failed", channel=incoming.chat.channel)  # kept, the runner tries again
        answered.cancel()
        if await self._is_kept(incoming):
            return Taken(late=True)
        raise NotKept

    async def _is_kept(self, incoming: Incoming) -> bool:
        this = (inbox.c.channel == incoming.chat.channel) & (inbox.c.message_id == incoming.message_id)
        try:
            async with asyncio.timeout(LOOK_WITHIN_S):
                found = await self._database.read(lambda c: c.execute(select(inbox.c.seq).where(this)).first())
        except (TimeoutError, NotStored):
            return False
        return found is not None

    async def _bind(self, message: Message, code: str) -> Card:
        sender, lang = message.sender, message.chat.lang
        if not self._tries.may((sender.channel, sender.tenant, sender.user)):
            return notices.too_often(lang, TRIES)
        whose = await self._database.write(lambda c: _bind(c, sender, code))
        if whose is None:
            return notices.wrong(lang)
        log.info("channel.bound", channel=sender.channel, person=whose[0])
        return notices.bound(lang, whose[1], whose[2])

    async def _ask(self, message: Message, login: str) -> Card:
        sender, lang = message.sender, message.chat.lang
        if not self._tries.may((sender.channel, sender.tenant, sender.user)):
            return notices.too_often(lang, TRIES)
        who = (sender.channel, sender.tenant, sender.user)
        try:
            check = await self._database.write(lambda c: chat_accounts.ask(c, login, *who, now(c)))
        except NotStored as problem:
            raise NotKept from problem
        return notices.asked(lang, check)

    def _stranger(self, message: Message) -> Card | None:
        meant = message.spoken_to or message.action is not None or self.is_command(message.text or "")
        sender = message.sender
        if not meant or not self._told.may((sender.channel, sender.tenant, sender.user)):
            return None
        return notices.unknown(message.chat.lang)


def _storable(message: Message) -> bool:
    """Whether the platform's names have a length that platforms use; what they mean is not ours to cut."""
    ref = message.origin.message_ref or ""
    return 0 < len(message.chat.id) <= LONGEST_CHAT and len(ref) <= LONGEST_REF and bool(message.message_id)


def _matched(form: re.Pattern[str], words: str | None) -> str | None:
    """What `/bind` was typed with, however it was typed."""
    found = form.fullmatch(unicodedata.normalize("NFKC", words or "").strip())
    return found[1] if found else None


def _asker(connection: Connection, sender: Sender) -> Asker | None:
    person_id = chats.person_of(connection, sender.channel, sender.tenant, sender.user)
    person = None if person_id is None else people.get(connection, person_id)
    if person is None or not person.active:
        return None
    return permissions.asker(connection, person)


def _bind(connection: Connection, sender: Sender, code: str) -> tuple[str, str, str] | None:
    """Person, name and shop's name of whoever the code belongs to."""
    person_id = chats.bind(connection, sender.channel, sender.tenant, sender.user, code, now(connection))
    person = None if person_id is None else people.get(connection, person_id)
    if person is None:
        return None
    permissions.announce(connection, person.shop_id, now(connection))
    shop = shops.facts(connection, person.shop_id)
    return person.id, person.name, shop.name if shop is not None else ""


def _shown(
    connection: Connection, sender: Sender, chat: Chat, which: ColumnElement[bool], within: timedelta | None
) -> tuple[ThereNow, Asker] | None:
    """The newest row of that chat and shop that fits; `within`: of those that answer this person or nobody,
    sent so long ago at most.
    """
    asker = _asker(connection, sender)
    if asker is None:
        return None
    here = (outbox.c.channel == chat.channel) & (outbox.c.chat == chat.id) & (outbox.c.shop_id == asker.shop_id)
    wanted = select(outbox.c.target, outbox.c.version_shown, outbox.c.message_ref).where(here, which)
    if within is not None:
        recent = outbox.c.sent_at > now(connection) - within
        for_them = (outbox.c.asker_id == asker.person_id) | outbox.c.asker_id.is_(None)
        wanted = wanted.where(for_them, recent).order_by(outbox.c.sent_at.desc())
    row = connection.execute(wanted.order_by(outbox.c.seq.desc()).limit(1)).first()
    return None if row is None else (ThereNow(row.target, row.version_shown, None, row.message_ref), asker)


def _incoming(message: Message, asker: Asker) -> Incoming:
    own = message.message_id
    if len(own) > LONGEST_ID:
        own = sha256(own.encode()).hexdigest()
    return Incoming(
        message_id=own,
        chat=message.chat,
        asker=asker,
        text=message.text,
        action=message.action,
        values=noted(message.values, message.origin),
        sent_at=message.sent_at,
        private=message.private,
    )
