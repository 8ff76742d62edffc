"""Matrix as a channel: the homeserver tells what happens in the bot's rooms; cards are messages that are edited."""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import structlog
from pydantic import Field, HttpUrl, StringConstraints, ValidationError
from sqlalchemy import Connection

from bot.cards.card import Card
from bot.channels import posting
from bot.channels.budget import Budget, Rate
from bot.channels.configuration import ChannelSettings, Secret, Text, address
from bot.channels.contract import UNREADABLE, Answer, Call, ChannelFacts, Limits, NotKept, NotPosted, Place, Posted
from bot.channels.matrix.client import MatrixClient
from bot.channels.matrix.inbound import MatrixInbound, Pressed, may_be_press, meant
from bot.channels.matrix.render import content, edit, presses
from bot.channels.matrix.verify import is_homeserver
from bot.channels.matrix.wire import Event, Transaction
from bot.channels.reception import Message, Reception, ThereNow
from bot.handlers.contract import Chat, Incoming, Reply
from bot.outbound import Outbound

log = structlog.get_logger(__name__)

LONGEST_BODY = 8 * 1024 * 1024
"""A transaction has at most a hundred events of 65,536 bytes."""

DONE = Answer(body=b"{}")
MISSING = Answer(401, b'{"errcode":"M_MISSING_TOKEN"}')
WRONG = Answer(403, b'{"errcode":"M_FORBIDDEN"}')
UNKNOWN = Answer(404, b'{"errcode":"M_NOT_FOUND"}')
REMEMBERED = 1000
JOINS = 5
OVERTAKEN_S = 0.4


class MatrixSettings(ChannelSettings):
    """`[matrix]`. Where each value is found stands in `docs/channels/matrix.md`."""

    homeserver_url: HttpUrl = Field(description="homeserver 的客户端接口 · where its client API answers")
    server_name: Text = Field(description="用户名冒号后面的那一段 · the homeserver's name")
    user: Annotated[str, StringConstraints(pattern=r"^@[^:\s]+:\S+$")] = Field(
        description="机器人自己，@intercept:服务器名 · the bot"
    )
    as_token: Secret = Field(description="登记文件里的 as_token，机器人凭它证明自己 · we prove ourselves by it")
    hs_token: Secret = Field(
        description="登记文件里的 hs_token，homeserver 凭它证明自己 · the homeserver proves itself by it"
    )
    servers: tuple[str, ...] = Field((), description="还服务哪些服务器上的人 · further servers whose people are served")


class MatrixChannel:
    """Meets `contract.Channel` and `contract.Webhook`."""

    hooks: Sequence[tuple[str, str]] = (
        ("PUT", "/_matrix/app/v1/transactions/{txn}"),
        ("POST", "/_matrix/app/v1/ping"),
        ("GET", "/_matrix/app/v1/users/{user}"),
        ("GET", "/_matrix/app/v1/rooms/{alias}"),
    )
    longest = LONGEST_BODY

    def __init__(
        self, name: str, settings: MatrixSettings, reception: Reception, outbound: Outbound, pages: str = ""
    ) -> None:
        self.facts = ChannelFacts(
            name=name,
            title="Matrix",
            redelivers=True,
            public_url_needed=False,
            limits=Limits(buttons=20, bytes=65_536),
            budget=Budget(chat=Rate(5, burst=20)),  # the registration frees the bot from the server's own limits
        )
        self._token = settings.hs_token.get_secret_value()
        self._reception = reception
        self._pages = pages
        self._done: OrderedDict[str, None] = OrderedDict()
        self._client = MatrixClient(
            outbound, address(settings.homeserver_url), settings.as_token.get_secret_value(), settings.user
        )
        servers = frozenset({settings.server_name, *settings.servers})
        self._inbound = MatrixInbound(name, settings.server_name, settings.user, servers, settings.lang)

    def deliver(self, connection: Connection, incoming: Incoming, reply: Reply, at: datetime) -> None:
        """By the outbox."""
        posting.deliver(connection, incoming, reply, at)

    async def hear(self, call: Call) -> Answer:
        """A transaction is answered when every event of it is dealt with or kept; the same one again is no news."""
        ours = is_homeserver(self._token, call.headers)
        if ours is not True:
            return MISSING if ours is None else WRONG
        kind, _, transaction = call.path.removeprefix("/_matrix/app/v1/").partition("/")
        if kind == "ping":
            return DONE
        if kind != "transactions":
            return UNKNOWN
        if transaction in self._done:
            return DONE
        try:
            events = Transaction.model_validate_json(call.body).events
        except ValidationError:
            return UNREADABLE
        for event in events:
            await self._event(event)
        self._done[transaction] = None
        while len(self._done) > REMEMBERED:
            self._done.popitem(last=False)
        return DONE

    async def show(self, place: Place, card: Card) -> Posted:
        """Sends the card, or edits what is there. A first sending that may have got through is edited as well: the
        server returned the event of then, whose words may be older.
        """
        new = content(card, self._pages)
        room, ref = place.chat.id, place.message_ref
        if not ref:
            ref = await self._client.send(room, f"new:{place.key}:{place.target}", new)
            if not place.repeated:
                return Posted(ref, card.version)
        words = json.dumps(new, ensure_ascii=False, sort_keys=True)
        await self._client.send(room, f"edit:{place.key}:{ref}:{card.version}:{words}", edit(ref, new))
        return Posted(ref, card.version)

    async def _event(self, raw: dict[str, object]) -> None:
        """One event. What cannot be read is left out: it would come again for ever and hold up all others."""
        try:
            event = Event.model_validate(raw)
        except ValidationError:
            log.warning("matrix.unreadable", channel=self.facts.name)
            return
        try:
            await self._take(event)
        except NotKept:
            raise
        except Exception:
            log.exception("matrix.event_failed", channel=self.facts.name)

    async def _take(self, event: Event) -> None:
        if self._inbound.is_invitation(event):
            self._reception.in_background(lambda: self._join(event.room_id))
            return
        message = await self._message(event) if self._inbound.serves(event.sender) else None
        if message is None:
            return
        taken = await self._reception.take(message)
        if taken.told is not None:
            told = taken.told
            self._reception.in_background(lambda: self._tell(message.chat, message.message_id, told))

    async def _message(self, event: Event) -> Message | None:
        """A press where the words or the reaction name a button of the card as it is now, else what was typed."""
        click = self._inbound.click(event)
        if click is not None:
            there = await self._there(click)
            if there is not None and there.card is not None and there.is_as_shown:
                press = meant(click, presses(there.card, self._pages))
                if press is not None:
                    return self._inbound.pressed(event, click, press)
        return self._inbound.typed(event)

    async def _there(self, click: Pressed) -> ThereNow | None:
        """The card that was pressed. A press may overtake the server's answer to our own sending: looked at twice."""
        there = await self._reception.there_now(click.sender, click.chat, click.message_ref)
        if there is None and may_be_press(click):
            await asyncio.sleep(OVERTAKEN_S)
            there = await self._reception.there_now(click.sender, click.chat, click.message_ref)
        return there

    async def _join(self, room: str) -> None:
        for attempt in range(JOINS):
            try:
                await self._client.join(room)
            except NotPosted as problem:
                if problem.again_in_s is None:
                    log.warning("matrix.not_joined", channel=self.facts.name, problem=problem.problem)
                    return
                await asyncio.sleep(problem.again_in_s * 2**attempt)
            else:
                return

    async def _tell(self, chat: Chat, message_id: str, card: Card) -> None:
        """To whoever is no one of ours: said once, kept nowhere."""
        try:
            await self._client.send(chat.id, f"told:{message_id}", content(card, self._pages))
        except NotPosted:
            return
