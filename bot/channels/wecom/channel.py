"""企业微信 as a channel: one address that it calls. A card is folded when it is pressed, and never changed afterwards;
each message gives one answer, so the answer to a press waits for the result.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Annotated

from pydantic import AfterValidator, Field, HttpUrl, SecretStr, ValidationError
from sqlalchemy import Connection

from bot.cards.card import Card
from bot.channels import posting
from bot.channels.configuration import ChannelSettings, Secret, Text, address
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
from bot.channels.reception import Message, Reception
from bot.channels.sealing import Seal
from bot.channels.wecom.client import WecomClient
from bot.channels.wecom.inbound import NotServed, WecomInbound
from bot.channels.wecom.render import message as drawn
from bot.channels.wecom.render import notice
from bot.channels.wecom.verify import Crypt, is_aes_key, signature
from bot.channels.wecom.wire import Outer, Received
from bot.handlers.contract import Incoming, Reply
from bot.outbound import Outbound

LONGEST_BODY = 256 * 1024
EMPTY = Answer(content_type="text/plain")
WAITS = frozenset({"pending", "queued"})
"""States whose end is worth the one answer; that they have begun is said on the folded card."""


def _aes_key(value: SecretStr) -> SecretStr:
    if not is_aes_key(value.get_secret_value()):
        raise ValueError("EncodingAESKey 是 43 个字符 (an EncodingAESKey has 43 characters)")
    return value


class WecomSettings(ChannelSettings):
    """`[wecom]`. Where each value is found stands in `docs/channels/wecom.md`."""

    corp_id: Text = Field(description="管理后台 → 我的企业 → 企业 ID")
    token: Secret = Field(description="智能机器人 → API 模式 → Token")
    aes_key: Annotated[SecretStr, AfterValidator(_aes_key)] = Field(description="同一页 → EncodingAESKey")
    aibot_id: str = Field("", description="机器人 ID；写了就只认它")
    bot_name: str = Field("", description="机器人在群里的名字；名字里有空格时要写")
    hooks_url: HttpUrl = Field(HttpUrl("https://qyapi.weixin.qq.com"), description="the only place answers are sent to")


class WecomChannel:
    """Meets `contract.Channel` and `contract.Webhook`."""

    hooks: Sequence[tuple[str, str]] = (("GET", "/callback"), ("POST", "/callback"))
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
        self.facts = ChannelFacts(
            name=name,
            title="企业微信",
            ack_within_s=5.0,
            changes_for=timedelta(0),
            changes=0,
            redelivers=True,
            limits=Limits(buttons=6, bytes=20_480),
            speaks_first=False,
        )
        token, aes_key = settings.token.get_secret_value(), settings.aes_key.get_secret_value()
        self._crypt = Crypt(token, aes_key)
        self._seal = Seal(token + aes_key)
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
        return EMPTY if message is None else await self._take(sent, message)

    async def show(self, place: Place, card: Card) -> Posted:
        """Uses the one answer. News that is not final is not worth it; without an answer left nothing can be said."""
        url = self._seal.open(place.token) if place.token is not None and place.uses_left else None
        if url is None or (place.token_until is not None and place.token_until <= self._clock()):
            raise NotPosted("企业微信: 这条消息的回复机会已经用完，结果在记录页 (no answer left)", None)
        if card.state in WAITS:
            return Posted("", card.version, place.token, place.token_until, place.uses_left)
        await self._client.respond(url, drawn(card, self._pages, _task(f"{place.key}:{card.version}")))
        return Posted("", card.version)

    def _open(self, call: Call, sealed: str, at: datetime) -> bytes | None:
        if not self._crypt.is_genuine(call.query, sealed, at.timestamp()):
            return None
        return self._crypt.open(sealed)

    async def _take(self, sent: Received, message: Message) -> Answer:
        taken = await self._reception.take(message)
        if taken.told is not None:
            told = taken.told
            self._reception.in_background(lambda: self._tell(message, told))
            return EMPTY
        card = taken.reply.card if taken.reply is not None else None
        pressed = sent.event.template_card_event if sent.event is not None else None
        if card is None or pressed is None:
            return EMPTY
        update = {"response_type": "update_template_card", "template_card": notice(card, self._pages, pressed.task_id)}
        return self._sealed(update)

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
        if url is None:
            return
        try:
            await self._client.respond(url, drawn(card, self._pages, _task(message.message_id)))
        except NotPosted:
            return


def _task(words: str) -> str:
    return sha256(words.encode()).hexdigest()[:40]
