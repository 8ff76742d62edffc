"""企业微信 as a channel: one address that it calls, or a connection to it. A card is folded when it is pressed, and
never changed afterwards. By the address each message gives one answer, so the answer to a press waits for the result;
by the connection the robot speaks whenever there is something to say.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Annotated, Any, Literal

import structlog
from pydantic import (
    AfterValidator,
    Field,
    HttpUrl,
    SecretStr,
    ValidationError,
    ValidationInfo,
    WebsocketUrl,
    field_validator,
)
from sqlalchemy import Connection

from bot.cards.card import Card
from bot.channels import posting
from bot.channels.budget import UNLIMITED, Budget, Rate
from bot.channels.configuration import ChannelSettings, Secret, Text, address, needed_for
from bot.channels.contract import (
    NOT_OURS,
    REFUSED,
    UNREADABLE,
    Answer,
    Call,
    ChannelFacts,
    Limits,
    NotHere,
    NotPosted,
    Place,
    Posted,
)
from bot.channels.line import Backoff, Line
from bot.channels.reception import Message, Reception
from bot.channels.sealing import Seal
from bot.channels.wecom.client import WecomClient
from bot.channels.wecom.inbound import SINGLE, NotServed, WecomInbound
from bot.channels.wecom.listen import WecomListener
from bot.channels.wecom.render import message as drawn
from bot.channels.wecom.render import notice
from bot.channels.wecom.verify import Crypt, is_aes_key, signature
from bot.channels.wecom.wire import Outer, Received
from bot.handlers.contract import Incoming, Reply
from bot.outbound import Outbound

log = structlog.get_logger(__name__)

HOOKS = (("GET", "/callback"), ("POST", "/callback"))
LONGEST_BODY = 256 * 1024
TALKS_OF_TWO = (SINGLE,)
EMPTY = Answer(content_type="text/plain")
WAITS = frozenset({"pending", "queued"})
"""States whose end is worth the one answer; that they have begun is said on the folded card."""

BEGUN = ("case:", "batch:")
"""Targets of which a folded card has said so."""

Shown = Mapping[str, Any]


def _aes_key(value: SecretStr) -> SecretStr:
    if not is_aes_key(value.get_secret_value()):
        raise ValueError("EncodingAESKey 是 43 个字符 (an EncodingAESKey has 43 characters)")
    return value


class WecomSettings(ChannelSettings):
    """`[wecom]`. Where each value is found stands in `docs/channels/wecom.md`."""

    mode: Literal["callback", "long_connection"] = Field(
        "callback",
        description="callback：企业微信调机器人的公网地址；long_connection：机器人连到企业微信 · who calls whom",
    )
    corp_id: Text = Field(description="管理后台 → 我的企业 → 企业 ID")
    token: Secret | None = Field(None, validate_default=True, description="智能机器人 → API 模式 → Token")
    aes_key: Annotated[SecretStr, AfterValidator(_aes_key)] | None = Field(
        None, validate_default=True, description="智能机器人 → API 模式 → EncodingAESKey"
    )
    aibot_id: str = Field("", validate_default=True, description="机器人 ID（长连接叫 Bot ID）；写了就只认它")
    secret: Secret | None = Field(None, validate_default=True, description="智能机器人 → API 模式 → 长连接 → Secret")
    bot_name: str = Field("", description="机器人在群里的名字；名字里有空格时要写")
    hooks_url: HttpUrl = Field(
        HttpUrl("https://qyapi.weixin.qq.com"), description="回复只发往这里 · the only place answers are sent to"
    )
    line_url: WebsocketUrl = Field(
        WebsocketUrl("wss://openws.work.weixin.qq.com"), description="长连接的地址 · address of the long connection"
    )

    @field_validator("token", "aes_key")
    @classmethod
    def _called(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        return needed_for("callback", value, info)

    @field_validator("secret")
    @classmethod
    def _connected(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        return needed_for("long_connection", value, info)

    @field_validator("aibot_id")
    @classmethod
    def _named(cls, value: str, info: ValidationInfo) -> str:
        needed_for("long_connection", SecretStr(value) if value else None, info)
        return value


class WecomChannel:
    """Meets `contract.Channel`, `contract.Webhook` and `contract.Listening`. It is called where there is a token, and
    connects where `mode` says so.
    """

    longest = LONGEST_BODY

    def __init__(
        self,
        name: str,
        settings: WecomSettings,
        reception: Reception,
        outbound: Outbound,
        pages: str = "",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.facts = _facts(name, connected=settings.mode == "long_connection")
        token, aes_key, secret = map(_plain, (settings.token, settings.aes_key, settings.secret))
        self.hooks: Sequence[tuple[str, str]] = HOOKS if token and aes_key else ()
        self._crypt = Crypt(token, aes_key)
        self._seal = Seal(token + aes_key or secret)
        self._reception = reception
        self._pages = pages
        self._clock = clock
        self._client = WecomClient(outbound)
        self._inbound = WecomInbound(
            name,
            settings.corp_id,
            settings.aibot_id,
            settings.bot_name,
            settings.lang,
            address(settings.hooks_url),
            self._seal,
        )
        self.line: Line | None = None
        self._listener: WecomListener | None = None
        if settings.mode == "long_connection":
            # subscribing again and again is itself refused
            self.line = Line(name, alone=True, backoff=Backoff(2.0, 120.0))
            robot = (settings.aibot_id, secret)
            where = str(settings.line_url)
            self._listener = WecomListener(self.line, outbound, where, robot, self._framed, LONGEST_BODY)

    async def listen(self) -> None:
        """Keeps the long connection."""
        if self._listener is not None:
            await self._listener.listen()

    def deliver(self, connection: Connection, incoming: Incoming, reply: Reply, at: datetime) -> None:
        """By the outbox."""
        posting.deliver(connection, incoming, reply, at)

    async def hear(self, call: Call) -> Answer:
        """Signature over the cipher text first, then opens it, then reads."""
        at = self._clock()
        if call.method == "GET":
            plain = self._open(call, call.query.get("echostr", ""), at)
            return REFUSED if plain is None else Answer(body=plain, content_type="text/plain")
        try:
            plain = self._open(call, Outer.model_validate_json(call.body).encrypt, at)
        except ValidationError:
            return REFUSED
        if plain is None:
            return REFUSED
        try:
            sent = Received.model_validate_json(plain)
            message = self._inbound.message(sent, datetime.fromtimestamp(int(call.query["timestamp"]), UTC))
        except NotServed:
            return NOT_OURS
        except ValidationError:
            return UNREADABLE
        update = None if message is None else await self._take(sent, message)
        return EMPTY if update is None else self._sealed(update)

    async def show(self, place: Place, card: Card) -> Posted:
        """A new message, by the connection where there is one."""
        if self._listener is not None:
            return await self._push(self._listener, place, card)
        return await self._answer(place, card)

    async def _answer(self, place: Place, card: Card) -> Posted:
        """Uses the one answer. News that is not final is not worth it; without an answer left nothing can be said."""
        url = self._address(place)
        if url is None:
            raise NotPosted("企业微信: 这条消息的回复机会已经用完，结果在记录页 (no answer left)", None)
        if card.state in WAITS:
            return Posted("", card.version, place.token, place.token_until, place.uses_left)
        await self._client.respond(url, drawn(card, self._pages, _task_of(place, card)))
        return Posted("", card.version)

    async def _push(self, listener: WecomListener, place: Place, card: Card) -> Posted:
        """Says it once; a process that has no connection uses the answer that came with the message."""
        kept = Posted(place.message_ref or "", card.version, place.token, place.token_until, place.uses_left)
        said = bool(place.message_ref) and card.version == place.version_shown
        if said or (card.state in WAITS and place.target.startswith(BEGUN)):
            return kept
        task = _task_of(place, card)
        message = drawn(card, self._pages, task)
        try:
            await self._speak(listener, place.chat.id, message)
        except NotHere:
            url = self._address(place)
            if url is None:
                raise
            await self._client.respond(url, message)
            return Posted(task, card.version)
        return replace(kept, message_ref=task)

    async def _speak(self, listener: WecomListener, chat: str, message: Shown) -> None:
        await listener.send(chat.removeprefix(SINGLE), message, single=chat.startswith(SINGLE))

    def _address(self, place: Place) -> str | None:
        """The address of the one answer, while it holds."""
        if place.token is None or not place.uses_left:
            return None
        if place.token_until is not None and place.token_until <= self._clock():
            return None
        return self._seal.open(place.token)

    def _open(self, call: Call, sealed: str, at: datetime) -> bytes | None:
        if not self._crypt.is_genuine(call.query, sealed, at.timestamp()):
            return None
        return self._crypt.open(sealed)

    async def _framed(self, body: Shown) -> Shown | None:
        """The same by the connection, which is genuine because we opened it."""
        try:
            sent = Received.model_validate(body)
            message = self._inbound.message(sent, self._clock())
        except NotServed:
            log.warning("channel.refused", channel=self.facts.name, status=NOT_OURS.status)
            return None
        except ValidationError:
            log.warning("channel.refused", channel=self.facts.name, status=UNREADABLE.status)
            return None
        return None if message is None else await self._take(sent, message)

    async def _take(self, sent: Received, message: Message) -> Shown | None:
        """What the pressed card becomes, where one was pressed."""
        taken = await self._reception.take(message)
        if taken.told is not None:
            told = taken.told
            self._reception.in_background(lambda: self._tell(message, told))
            return None
        card = taken.reply.card if taken.reply is not None else None
        pressed = sent.event.template_card_event if sent.event is not None else None
        if card is None or pressed is None:
            return None
        return {"response_type": "update_template_card", "template_card": notice(card, self._pages, pressed.task_id)}

    def _sealed(self, body: object) -> Answer:
        """An answer of ours, encrypted and signed as theirs are."""
        timestamp, nonce = str(int(self._clock().timestamp())), secrets.token_hex(8)
        sealed = self._crypt.seal(json.dumps(body, ensure_ascii=False).encode())
        signed = {
            "encrypt": sealed,
            "msgsignature": signature(self._crypt.token, timestamp, nonce, sealed),
            "timestamp": int(timestamp),
            "nonce": nonce,
        }
        return Answer(body=json.dumps(signed).encode())

    async def _tell(self, message: Message, card: Card) -> None:
        """To whoever is no one of ours: said once, kept nowhere."""
        token = message.origin.token
        url = None if token is None else self._seal.open(token.value)
        told = drawn(card, self._pages, _task(message.message_id))
        try:
            if self._listener is not None:
                await self._speak(self._listener, message.chat.id, told)
            elif url is not None:
                await self._client.respond(url, told)
        except NotPosted:
            return


def _facts(name: str, *, connected: bool) -> ChannelFacts:
    """By the connection a chat takes thirty messages a minute and a thousand an hour, and is spoken to unasked."""
    return ChannelFacts(
        name=name,
        title="企业微信",
        ack_within_s=5.0,
        changes_for=timedelta(0),
        changes=0,
        redelivers=not connected,
        public_url_needed=not connected,
        limits=Limits(buttons=6, bytes=20_480),
        talks_of_two=TALKS_OF_TWO,
        budget=Budget(chat=Rate(15, 60, burst=10)) if connected else UNLIMITED,
        speaks_first=connected,
    )


def _task_of(place: Place, card: Card) -> str:
    """No other message of the robot has it, and the same one sent again has: what came with the message tells one
    database's rows from another's.
    """
    return _task(f"{place.key}:{card.version}:{place.target}:{place.token or ''}")


def _task(words: str) -> str:
    return sha256(words.encode()).hexdigest()[:40]


def _plain(secret: SecretStr | None) -> str:
    return "" if secret is None else secret.get_secret_value()
