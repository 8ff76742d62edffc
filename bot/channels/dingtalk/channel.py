"""钉钉 as a channel: one address that it calls, and each news of a card is a new message."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import structlog
from pydantic import Field, HttpUrl, SecretStr, ValidationError
from sqlalchemy import Connection

from bot.cards.card import Card
from bot.channels import posting
from bot.channels.budget import Budget, Rate
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
from bot.channels.dingtalk.client import DingtalkClient, SessionOver
from bot.channels.dingtalk.inbound import DingtalkInbound, NotServed
from bot.channels.dingtalk.render import markdown, presses
from bot.channels.dingtalk.verify import is_genuine, is_secret
from bot.channels.dingtalk.wire import Received
from bot.channels.naming_last import by_words
from bot.channels.reception import Message, Reception
from bot.channels.sealing import Seal
from bot.handlers.contract import Incoming, Reply
from bot.outbound import Outbound

log = structlog.get_logger(__name__)

LONGEST_BODY = 256 * 1024
DONE = Answer(body=b"{}")
ROBOT = "/robot/"
ANSWERS_FOR = timedelta(minutes=10)
"""So long a bare number answers the newest card that answered this person."""


class DingtalkSettings(ChannelSettings):
    """`[dingtalk]`. Where each value is found stands in `docs/channels/dingtalk.md`."""

    corp_id: Text = Field(description="开发者后台首页 → CorpId")
    robot_code: Text = Field(description="应用 → 机器人 → RobotCode")
    app_key: Text = Field(description="应用 → 凭证与基础信息 → Client ID（AppKey）")
    app_secret: Secret = Field(description="同一页 → Client Secret（AppSecret）")
    path_secret: SecretStr = Field(min_length=16, description="自己定的随机字符串，写在地址里")
    api_url: HttpUrl = Field(HttpUrl("https://api.dingtalk.com"), description="address of the API")
    hooks_url: HttpUrl = Field(HttpUrl("https://oapi.dingtalk.com"), description="the only place answers are sent to")


class DingtalkChannel:
    """Meets `contract.Channel` and `contract.Webhook`."""

    hooks: Sequence[tuple[str, str]] = (("POST", "/robot/{secret}"),)
    longest = LONGEST_BODY

    def __init__(
        self,
        name: str,
        settings: DingtalkSettings,
        reception: Reception,
        outbound: Outbound,
        pages: str = "",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.facts = ChannelFacts(
            name=name,
            title="钉钉",
            ack_within_s=3.0,
            changes_for=timedelta(0),
            changes=0,
            limits=Limits(buttons=20, bytes=15_000),
            # Twenty a minute, and then ten minutes of nothing: burst and pace together stay below.
            budget=Budget(chat=Rate(12, 60, burst=8)),
        )
        self._secret = settings.app_secret.get_secret_value()
        self._path = settings.path_secret.get_secret_value()
        self._reception = reception
        self._pages = pages
        self._clock = clock
        self._seal = Seal(self._secret)
        self._inbound = DingtalkInbound(
            name, settings.corp_id, settings.robot_code, settings.lang, address(settings.hooks_url), self._seal
        )
        self._client = DingtalkClient(
            outbound, address(settings.api_url), (settings.app_key, self._secret), settings.robot_code
        )

    def deliver(self, connection: Connection, incoming: Incoming, reply: Reply, at: datetime) -> None:
        """By the outbox."""
        posting.deliver(connection, incoming, reply, at)

    async def hear(self, call: Call) -> Answer:
        """The address's secret and the header first, then reads."""
        if not is_secret(self._path, call.path.removeprefix(ROBOT)):
            return REFUSED
        if not is_genuine(self._secret, call.headers, self._clock().timestamp() * 1000):
            return REFUSED
        try:
            sent = Received.model_validate_json(call.body)
            message = self._inbound.message(sent)
        except NotServed:
            return NOT_OURS
        except ValidationError:
            return UNREADABLE
        if message is None:
            return DONE
        if not message.text and sent.error_code:
            log.error("dingtalk.quota", channel=self.facts.name, code=str(sent.error_code))
            return DONE
        await self._take(message)
        return DONE

    async def show(self, place: Place, card: Card) -> Posted:
        """By the address that came with the message while it holds, then on the robot's own account. What is there
        already is not said again.
        """
        if place.message_ref and card.version == place.version_shown:
            return Posted(place.message_ref, card.version, place.token, place.token_until, place.uses_left)
        url = self._address(place)
        said = url is not None and await self._respond(url, card)
        if not said:
            await self._client.send(place.chat.id, card.title, markdown(card, self._pages))
        token, until = (place.token, place.token_until) if said else (None, None)
        return Posted(f"{place.key}.{card.version}", card.version, token, until, place.uses_left)

    def _address(self, place: Place) -> str | None:
        if place.token is None or place.token_until is None or place.token_until <= self._clock():
            return None
        return self._seal.open(place.token)

    async def _respond(self, url: str, card: Card) -> bool:
        try:
            await self._client.respond(url, card.title, markdown(card, self._pages))
        except SessionOver:
            return False
        return True

    async def _take(self, message: Message) -> None:
        meant = await by_words(self._reception, message, lambda card: presses(card, self._pages), ANSWERS_FOR)
        taken = await self._reception.take(meant)
        if taken.told is not None:
            told = taken.told
            self._reception.in_background(lambda: self._tell(message, told))

    async def _tell(self, message: Message, card: Card) -> None:
        """To whoever is no one of ours: said once, kept nowhere."""
        token = message.origin.token
        url = None if token is None else self._seal.open(token.value)
        try:
            if url is not None and await self._respond(url, card):
                return
            await self._client.send(message.chat.id, card.title, markdown(card, self._pages))
        except NotPosted:
            return
