"""钉钉 as a channel: addresses that it calls, or a connection to it; interactive cards that are changed in place, and
text where there is no template for them or 钉钉 does not show them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Literal
from zoneinfo import ZoneInfo

import structlog
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
from bot.channels.dingtalk.client import CardRefused, DingtalkClient, Presses, SessionOver
from bot.channels.dingtalk.inbound import SINGLE, DingtalkInbound, NotServed
from bot.channels.dingtalk.listen import BAD, OK, UNKNOWN, DingtalkListener
from bot.channels.dingtalk.render import NOTE, Variables, markdown, presses, variables
from bot.channels.dingtalk.verify import is_genuine, is_genuine_press, is_secret, secret_of_presses
from bot.channels.dingtalk.wire import CLICKS, MESSAGES, Click, Frame, Received
from bot.channels.line import Line
from bot.channels.naming_last import by_words
from bot.channels.reception import Message, Reception, Taken
from bot.channels.sealing import Seal
from bot.handlers.contract import Chat, Incoming, Reply
from bot.outbound import Outbound

log = structlog.get_logger(__name__)

LONGEST_BODY = 256 * 1024
TALKS_OF_TWO = (SINGLE,)
DONE = Answer(body=b"{}")
ROBOT, CARD = "/robot/", "/card/"
IS_CARD = "ibc-"
"""So a card of ours is named; what is only text has another name."""

ANSWERS_FOR = timedelta(minutes=10)
"""So long a bare number answers the newest card that answered this person."""

BEIJING = ZoneInfo("Asia/Shanghai")


class DingtalkSettings(ChannelSettings):
    """`[dingtalk]`. Where each value is found stands in `docs/channels/dingtalk.md`."""

    mode: Literal["http", "stream"] = Field(
        "http", description="http：钉钉调机器人的公网地址；stream：机器人连到钉钉 · who calls whom"
    )
    corp_id: Text = Field(description="开发者后台首页 → CorpId")
    robot_code: Text = Field(description="应用 → 机器人 → RobotCode")
    app_key: Text = Field(description="应用 → 凭证与基础信息 → Client ID（AppKey）")
    app_secret: Secret = Field(description="应用 → 凭证与基础信息 → Client Secret（AppSecret）")
    path_secret: SecretStr | None = Field(
        None, min_length=16, validate_default=True, description="自己定的随机字符串，写在地址里"
    )
    card_template: str = Field("", description="卡片平台 → 模板 → 模板 ID；不写就发文字")
    address: HttpUrl | None = Field(
        None, description="按键送到机器人的公网地址，不写就用 BOT_PUBLIC_URL · for presses on cards"
    )
    api_url: HttpUrl = Field(HttpUrl("https://api.dingtalk.com"), description="API 的地址 · its address")
    hooks_url: HttpUrl = Field(
        HttpUrl("https://oapi.dingtalk.com"), description="回复只发往这里 · the only place answers are sent to"
    )

    @field_validator("path_secret")
    @classmethod
    def _called(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        return needed_for("http", value, info)


class DingtalkChannel:
    """Meets `contract.Channel`, `contract.Webhook` and `contract.Listening`. It is called where there is a secret for
    its address, and connects where `mode` says so.
    """

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
        self._secret = settings.app_secret.get_secret_value()
        self._path = "" if settings.path_secret is None else settings.path_secret.get_secret_value()
        self.hooks: Sequence[tuple[str, str]] = (
            (("POST", "/robot/{secret}"), ("POST", "/card/{secret}")) if self._path else ()
        )
        self.line = Line(name) if settings.mode == "stream" else None
        self._presses = self._pressed_at(name, settings, pages)
        self._template = settings.card_template if self._presses is not None else ""
        self.facts = _facts(name, cards=bool(self._template), public_url_needed=settings.mode == "http")
        self._reception = reception
        self._outbound = outbound
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

    async def listen(self) -> None:
        """Keeps the connection by Stream mode."""
        if self.line is not None:
            await DingtalkListener(self.line, self._client, self._outbound, self._framed, LONGEST_BODY).listen()

    async def hear(self, call: Call) -> Answer:
        """The address's secret and the header first, then reads."""
        now_ms = self._clock().timestamp() * 1000
        try:
            if call.path.startswith(CARD):
                secret = self._presses.secret if self._presses is not None else ""
                if not is_secret(self._path, call.path.removeprefix(CARD)):
                    return REFUSED
                if not is_genuine_press(secret, call.headers, now_ms):
                    return REFUSED
                stamp = call.headers["x-ddpaas-signature-timestamp"]
                response = await self._click(Click.model_validate_json(call.body), stamp, int(stamp))
                return Answer(body=json.dumps(response, ensure_ascii=False).encode())
            if not is_secret(self._path, call.path.removeprefix(ROBOT)):
                return REFUSED
            if not is_genuine(self._secret, call.headers, now_ms):
                return REFUSED
            await self._message(Received.model_validate_json(call.body))
        except NotServed:
            return NOT_OURS
        except ValidationError:
            return UNREADABLE
        return DONE

    async def show(self, place: Place, card: Card) -> Posted:
        """As an interactive card, which is changed in place; as text where that is not to be had."""
        drawn = variables(card, self._pages) if self._template else None
        if drawn is not None:
            posted = await self._as_card(place, card, drawn)
            if posted is not None:
                return posted
        return await self._as_text(place, card)

    async def _as_card(self, place: Place, card: Card, drawn: Variables) -> Posted | None:
        """The card changed, or a new one; None where 钉钉 does not want it. A name of ours makes one card of what is
        sent twice: where a sending may have got through, changing it comes first.
        """
        own = _card_id(place)
        there = place.message_ref if place.message_ref and place.message_ref.startswith(IS_CARD) else None
        for known in filter(None, (there, own if place.repeated else None)):
            try:
                await self._client.change_card(known, drawn)
            except CardRefused as problem:
                log.info("dingtalk.card_gone", channel=self.facts.name, problem=str(problem))
            else:
                return self._posted(place, known, card)
        if self._presses is None:
            return None
        try:
            await self._client.show_card(own, self._template, place.chat.id, drawn, self._presses)
        except CardRefused as problem:
            log.warning("dingtalk.card_refused", channel=self.facts.name, problem=str(problem))
            return None
        return self._posted(place, own, card)

    async def _as_text(self, place: Place, card: Card) -> Posted:
        """By the address that came with the message while it holds, then on the robot's own account. What is there
        already is not said again.
        """
        if place.message_ref and card.version == place.version_shown:
            return self._posted(place, place.message_ref, card)
        url = self._address(place)
        said = url is not None and await self._respond(url, card)
        if not said:
            await self._client.send(place.chat.id, card.title, markdown(card, self._pages))
        token, until = (place.token, place.token_until) if said else (None, None)
        return Posted(f"{place.key}.{card.version}", card.version, token, until, place.uses_left)

    def _posted(self, place: Place, ref: str, card: Card) -> Posted:
        return Posted(ref, card.version, place.token, place.token_until, place.uses_left)

    def _pressed_at(self, name: str, settings: DingtalkSettings, pages: str) -> Presses | None:
        """Where presses come; None where they have no way to come, so that buttons would do nothing."""
        if settings.mode == "stream":
            return Presses()
        base = pages if settings.address is None else address(settings.address)
        if not base or not self._path:
            if settings.card_template:
                log.warning("dingtalk.no_address", channel=name)
            return None
        where = f"{base}/channels/{name}{CARD}{self._path}"
        return Presses(where, secret_of_presses(self._secret, where))

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

    async def _framed(self, frame: Frame) -> tuple[int, Any]:
        """The same by Stream, which is genuine because we opened the connection."""
        try:
            if frame.headers.topic == MESSAGES:
                await self._message(Received.model_validate_json(frame.data))
                return OK, {}
            if frame.headers.topic == CLICKS:
                click, own = Click.model_validate_json(frame.data), frame.headers.message_id
                return OK, await self._click(click, own, frame.headers.time)
        except (NotServed, ValidationError):
            return BAD, {}
        return UNKNOWN, {}

    async def _message(self, sent: Received) -> None:
        message = self._inbound.message(sent)
        if message is None:
            return
        if not message.text and sent.error_code:
            log.error("dingtalk.quota", channel=self.facts.name, code=str(sent.error_code))
            return
        meant = await by_words(self._reception, message, lambda card: presses(card, self._pages), ANSWERS_FOR)
        taken = await self._reception.take(meant)
        if taken.told is not None:
            told = taken.told
            self._reception.in_background(lambda: self._tell(message, told))

    async def _click(self, sent: Click, own: str, at_ms: int) -> Any:
        """What is answered changes one line of the card, which says when what was pressed; the card itself follows by
        the outbox. Where the card is shown we know ourselves.
        """
        sender = self._inbound.presser(sent)
        chat = await self._reception.chat_of(self.facts.name, sent.out_track_id, _key_of(sent.out_track_id))
        if chat is None:
            raise NotServed
        at = datetime.fromtimestamp(at_ms / 1000, UTC) if at_ms else self._clock()
        same = f"{sent.out_track_id}:{sent.content.card_private_data.params}:{sent.user_id}:{own}"
        message = self._inbound.click(sent, chat, same, at)
        if message is None:
            log.error("dingtalk.template", channel=self.facts.name, problem="a button without the parameter press")
            return {}
        taken = await self._reception.take(message)
        if taken.told is not None:
            told, alone = taken.told, Chat(self.facts.name, f"{SINGLE}{sender.user}", message.chat.lang)
            self._reception.in_background(lambda: self._tell_at(alone, None, told))
            return {}
        return {} if taken == Taken() else self._noted(taken, message.chat.lang)

    def _noted(self, taken: Taken, lang: str) -> Any:
        card = taken.reply.card if taken.reply is not None else None
        words = text("channel.taken", lang) if card is None else card.title
        note = f"{self._clock().astimezone(BEIJING):%H:%M} {words}"
        return {
            "cardUpdateOptions": {"updateCardDataByKey": True, "updatePrivateDataByKey": True},
            "cardData": {"cardParamMap": {NOTE: note}},
            "userPrivateData": {"cardParamMap": {}},
        }

    async def _tell(self, message: Message, card: Card) -> None:
        """To whoever is no one of ours: said once, kept nowhere."""
        token = message.origin.token
        await self._tell_at(message.chat, None if token is None else self._seal.open(token.value), card)

    async def _tell_at(self, chat: Chat, url: str | None, card: Card) -> None:
        try:
            if url is not None and await self._respond(url, card):
                return
            await self._client.send(chat.id, card.title, markdown(card, self._pages))
        except NotPosted:
            return


def _facts(name: str, *, cards: bool, public_url_needed: bool) -> ChannelFacts:
    """Twenty messages a minute, and then ten minutes of nothing: burst and pace together stay below. For changes of
    cards no limit is known; what a company calls at once is twenty.
    """
    return ChannelFacts(
        name=name,
        title="钉钉",
        ack_within_s=2.0 if cards else 3.0,
        changes_for=None if cards else timedelta(0),
        changes=None if cards else 0,
        public_url_needed=public_url_needed,
        limits=Limits(buttons=20, bytes=15_000),
        talks_of_two=TALKS_OF_TWO,
        budget=Budget(chat=Rate(12, 60, burst=8), edits=Rate(10, burst=20) if cards else None),
    )


def _card_id(place: Place) -> str:
    """At most 64 characters, and the same for the same sending: the row, where it is shown, and what it takes over
    from. What came with the message tells one database's rows from another's.
    """
    words = "|".join((place.key, place.chat.id, place.target, place.message_ref or "", place.token or ""))
    return f"{IS_CARD}{place.key}-{sha256(words.encode()).hexdigest()[:40]}"


def _key_of(card_id: str) -> int | None:
    """The row that a card was named after."""
    parts = card_id.split("-")
    known = len(parts) == 3 and parts[1].isascii() and parts[1].isdecimal() and len(parts[1]) <= 15
    return int(parts[1]) if known else None
