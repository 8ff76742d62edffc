"""飞书 as a channel: two addresses that it calls, or a connection to it, and cards that are changed in place for
fourteen days.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Literal

from pydantic import Field, HttpUrl, SecretStr, ValidationError, ValidationInfo, field_validator
from sqlalchemy import Connection

from bot.cards.card import Card
from bot.cards.texts import text
from bot.channels import posting
from bot.channels.budget import Budget, Rate
from bot.channels.configuration import ChannelSettings, Secret, Text, address, needed_for
from bot.channels.contract import (
    NOT_OURS,
    REFUSED,
    UNREADABLE,
    Answer,
    Call,
    ChannelFacts,
    Limits,
    NotPosted,
    Place,
    Posted,
)
from bot.channels.feishu.client import GONE, FeishuClient, FeishuSaid
from bot.channels.feishu.inbound import FeishuInbound, NotServed, moment
from bot.channels.feishu.listen import FeishuListener
from bot.channels.feishu.render import card_json
from bot.channels.feishu.verify import decrypt, is_genuine, is_signed, is_token
from bot.channels.feishu.wire import Challenge, Click, Envelope, Menu, Outer, Received
from bot.channels.line import Line
from bot.channels.reception import Message, Reception, Taken
from bot.handlers.contract import Chat, Incoming, Reply
from bot.outbound import Outbound

LONGEST_BODY = 512 * 1024
HOOKS = (("POST", "/events"), ("POST", "/cards"))
CLICK = "card.action.trigger"
TAKEN = Answer(body=b"{}")
CHANGES_FOR = timedelta(days=14)


class FeishuSettings(ChannelSettings):
    """`[feishu]`. Where each value is found stands in `docs/channels/feishu.md`."""

    mode: Literal["http", "long_connection"] = Field(
        "http", description="http：飞书调机器人的公网地址；long_connection：机器人连到飞书 · who calls whom"
    )
    app_id: Text = Field(description="开发者后台 → 凭证与基础信息 → App ID")
    app_secret: Secret = Field(description="开发者后台 → 凭证与基础信息 → App Secret")
    encrypt_key: Secret | None = Field(
        None, validate_default=True, description="开发者后台 → 事件与回调 → 加密策略 → Encrypt Key"
    )
    verification_token: Secret | None = Field(
        None, validate_default=True, description="开发者后台 → 事件与回调 → 加密策略 → Verification Token"
    )
    tenant_key: Text = Field(description="企业的 tenant_key：开发者后台 → API 调试台 → 获取企业信息")
    api_url: HttpUrl = Field(
        HttpUrl("https://open.feishu.cn"), description="Lark 写 https://open.larksuite.com · address of the API"
    )

    @field_validator("encrypt_key", "verification_token")
    @classmethod
    def _signed(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        return needed_for("http", value, info)


class FeishuChannel:
    """Meets `contract.Channel`, `contract.Webhook` and `contract.Listening`. It is called where there is an Encrypt
    Key, and connects where `mode` says so: while the setting is changed in 飞书's console, both doors are open.
    """

    longest = LONGEST_BODY

    def __init__(
        self,
        name: str,
        settings: FeishuSettings,
        reception: Reception,
        outbound: Outbound,
        pages: str = "",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.facts = ChannelFacts(
            name=name,
            title="飞书",
            ack_within_s=3.0,
            changes_for=CHANGES_FOR,
            redelivers=True,
            picks=True,
            public_url_needed=settings.mode == "http",
            limits=Limits(facts=10, buttons=20, bytes=30_000),
            # 5 a second in a group, all its bots together; 1,000 a minute and 50 a second for each of send and change.
            budget=Budget(chat=Rate(5, burst=5), channel=Rate(1000, 60, burst=50), edits=Rate(1000, 60, burst=50)),
        )
        self._key = _plain(settings.encrypt_key)
        self._token = _plain(settings.verification_token)
        self.hooks: Sequence[tuple[str, str]] = HOOKS if self._key and self._token else ()
        self._app = settings.app_id
        self._lang = settings.lang
        self._reception = reception
        self._pages = pages
        self._clock = clock
        self._inbound = FeishuInbound(name, settings.tenant_key, settings.lang, reception.is_command)
        self._client = FeishuClient(
            outbound, address(settings.api_url), settings.app_id, settings.app_secret.get_secret_value()
        )
        self.line = Line(name) if settings.mode == "long_connection" else None
        self._outbound = outbound

    async def listen(self) -> None:
        """Keeps the long connection."""
        if self.line is not None:
            await FeishuListener(self.line, self._client, self._outbound, self._framed, LONGEST_BODY).listen()

    def deliver(self, connection: Connection, incoming: Incoming, reply: Reply, at: datetime) -> None:
        """By the outbox."""
        posting.deliver(connection, incoming, reply, at)

    async def hear(self, call: Call) -> Answer:
        """Signature over the raw body first, then decrypts, then reads. Unsigned only the check of the address is."""
        signed = is_signed(call.headers)
        if signed and not is_genuine(self._key, call.headers, call.body, self._clock().timestamp()):
            return REFUSED
        try:
            plain = decrypt(self._key, Outer.model_validate_json(call.body).encrypt)
        except ValidationError:
            return REFUSED
        if plain is None:
            return REFUSED
        try:
            challenge = Challenge.model_validate_json(plain)
            if challenge.type == "url_verification":
                return self._challenged(challenge)
            sent = Envelope.model_validate_json(plain)
            return await self._event(sent) if signed and is_token(self._token, sent.header.token) else REFUSED
        except NotServed:
            return NOT_OURS
        except ValidationError:
            return UNREADABLE if signed else REFUSED  # else whoever signs nothing learns what a cipher text opens to

    async def show(self, place: Place, card: Card) -> Posted:
        """Changes the card; taken back or too old to be changed, a new one takes over."""
        drawn = card_json(card, self._pages)
        if place.message_ref:
            try:
                await self._client.change(place.message_ref, drawn)
            except FeishuSaid as said:
                if said.code not in GONE:
                    raise
            else:
                return Posted(place.message_ref, card.version)
        ref = await self._client.send(place.chat.id, _key(f"{place.key}:{place.target}:{place.message_ref}"), drawn)
        if place.repeated:
            await self._client.change(ref, drawn)
        return Posted(ref, card.version)

    def _challenged(self, challenge: Challenge) -> Answer:
        if not is_token(self._token, challenge.token):
            return REFUSED
        return _json({"challenge": challenge.challenge})

    async def _framed(self, plain: bytes) -> Answer:
        """An event by the long connection, which is genuine because we opened that. Only a click is answered in words:
        a body for anything else is none of the protocol.
        """
        try:
            sent = Envelope.model_validate_json(plain)
            answer = await self._event(sent)
        except NotServed:
            return NOT_OURS
        except ValidationError:
            return UNREADABLE
        return answer if sent.header.event_type == CLICK else replace(answer, body=b"")

    async def _event(self, sent: Envelope) -> Answer:
        if sent.header.app_id != self._app:
            raise NotServed
        kind, event_id, at = sent.header.event_type, sent.header.event_id, moment(sent.header.create_time)
        if kind == CLICK:
            return await self._click(self._inbound.click(Click.model_validate(sent.event), event_id, at))
        if kind == "im.message.receive_v1":
            return await self._message(self._inbound.message(Received.model_validate(sent.event)))
        if kind == "application.bot.menu_v6":
            chosen = Menu.model_validate(sent.event)
            return await self._message(self._inbound.menu(chosen, event_id, sent.header.tenant_key, at))
        return TAKEN

    async def _message(self, message: Message | None) -> Answer:
        taken = Taken() if message is None else await self._reception.take(message)
        if message is not None and taken.told is not None:
            told = taken.told
            self._reception.in_background(lambda: self._tell(message.chat, message.message_id, told))
        return TAKEN

    async def _click(self, message: Message | None) -> Answer:
        """A line at the edge of the window says what became of it; the card itself follows by the outbox, which is the
        only one that changes it.
        """
        if message is None:
            return TAKEN
        taken = await self._reception.take(message)
        return TAKEN if taken == Taken() else _json({"toast": self._toast(taken)})

    def _toast(self, taken: Taken) -> dict[str, str]:
        if taken.told is not None:
            return {"type": "warning", "content": f"{taken.told.title}。{taken.told.next_step}"}
        card = taken.reply.card if taken.reply is not None else None
        if card is None:
            return {"type": "info", "content": text("channel.taken", self._lang)}
        first = card.foot if taken.reply is not None and taken.reply.repeated else ""
        return {"type": "info", "content": " · ".join(filter(None, (card.title, first)))}

    async def _tell(self, chat: Chat, message_id: str, card: Card) -> None:
        """To whoever is no one of ours: said once, kept nowhere."""
        try:
            await self._client.send(chat.id, _key(f"told:{message_id}"), card_json(card, self._pages))
        except NotPosted:
            return


def _json(body: object) -> Answer:
    return Answer(body=json.dumps(body, ensure_ascii=False).encode())


def _key(words: str) -> str:
    return sha256(words.encode()).hexdigest()[:40]


def _plain(secret: SecretStr | None) -> str:
    return "" if secret is None else secret.get_secret_value()
