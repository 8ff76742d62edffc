"""Slack as a channel: three addresses that it calls, or a connection to it; cards are messages that are changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import Field, HttpUrl, SecretStr, ValidationError, ValidationInfo, field_validator
from sqlalchemy import Connection

from bot.cards.card import Card
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
from bot.channels.line import Line
from bot.channels.reception import Message, Reception
from bot.channels.sealing import Seal
from bot.channels.slack.client import GONE, NO_ENTRY, SlackClient, SlackSaid
from bot.channels.slack.inbound import NotServed, SlackInbound, form
from bot.channels.slack.listen import SlackListener
from bot.channels.slack.render import message as drawn
from bot.channels.slack.verify import is_genuine
from bot.channels.slack.wire import Envelope, Interaction, Slash
from bot.handlers.contract import Incoming, Reply
from bot.outbound import Outbound

HOOKS = (("POST", "/commands"), ("GET", "/commands"), ("POST", "/interactive"), ("POST", "/events"))
LONGEST_BODY = 256 * 1024
TALKS_OF_TWO = ("D",)
NO_RETRY = {"X-Slack-No-Retry": "1"}
EMPTY = Answer(content_type="text/plain")


class SlackSettings(ChannelSettings):
    """`[slack]`. Where each value is found stands in `docs/channels/slack.md`."""

    mode: Literal["http", "socket_mode"] = Field(
        "http", description="http：Slack 调机器人的公网地址；socket_mode：机器人连到 Slack · who calls whom"
    )
    signing_secret: Secret | None = Field(
        None, validate_default=True, description="App → Basic Information → App Credentials → Signing Secret"
    )
    app_token: Secret | None = Field(
        None,
        validate_default=True,
        description="App → Basic Information → App-Level Tokens（权限 connections:write），xapp-…",
    )
    bot_token: Secret = Field(description="App → OAuth & Permissions → Bot User OAuth Token，xoxb-…")
    team_id: Text = Field(description="工作区编号 T…，整个组织安装的写 E… · the workspace")
    api_url: HttpUrl = Field(HttpUrl("https://slack.com/api"), description="Web API 的地址 · its address")
    hooks_url: HttpUrl = Field(
        HttpUrl("https://hooks.slack.com"), description="回信只发往这里 · the only place answers are sent to"
    )

    @field_validator("signing_secret")
    @classmethod
    def _signed(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        return needed_for("http", value, info)

    @field_validator("app_token")
    @classmethod
    def _connected(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        return needed_for("socket_mode", value, info)


class SlackChannel:
    """Meets `contract.Channel`, `contract.Webhook` and `contract.Listening`. It is called where there is a signing
    secret, and connects where `mode` says so.
    """

    longest = LONGEST_BODY

    def __init__(
        self,
        name: str,
        settings: SlackSettings,
        reception: Reception,
        outbound: Outbound,
        pages: str = "",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.facts = ChannelFacts(
            name=name,
            title="Slack",
            ack_within_s=3.0,
            picks=True,
            public_url_needed=settings.mode == "http",
            limits=Limits(facts=10, buttons=25, label=75),
            talks_of_two=TALKS_OF_TWO,
            # One message a second and channel, and 50 changes a minute (tier 3). Short bursts are let pass, and what is
            # too many Slack says with the time to wait.
            budget=Budget(chat=Rate(1, burst=20), edits=Rate(50, 60, burst=200)),
        )
        self._secret = _plain(settings.signing_secret)
        self._app_token = _plain(settings.app_token)
        self.hooks: Sequence[tuple[str, str]] = HOOKS if self._secret else ()
        self.line = Line(name) if settings.mode == "socket_mode" else None
        self._outbound = outbound
        self._reception = reception
        self._pages = pages
        self._clock = clock
        self._seal = Seal(self._secret or self._app_token)
        self._client = SlackClient(outbound, address(settings.api_url), settings.bot_token.get_secret_value())
        hooks = address(settings.hooks_url)
        self._inbound = SlackInbound(name, settings.team_id, settings.lang, hooks, self._seal, reception.is_command)

    async def listen(self) -> None:
        """Keeps the connection by Socket Mode."""
        if self.line is not None:
            listener = SlackListener(self.line, self._client, self._outbound, self._enveloped, LONGEST_BODY)
            await listener.listen(self._app_token)

    def deliver(self, connection: Connection, incoming: Incoming, reply: Reply, at: datetime) -> None:
        """By the outbox."""
        posting.deliver(connection, incoming, reply, at)

    async def hear(self, call: Call) -> Answer:
        """Verifies first, reads then. Slack's probe of the certificate is unsigned and gets an empty answer."""
        if call.query.get("ssl_check") == "1" or form(call.body).get("ssl_check") == "1":
            return EMPTY
        at = self._clock()
        if not is_genuine(self._secret, call.headers, call.body, at.timestamp()):
            return REFUSED
        try:
            if call.path == "/commands":
                return await self._slash(Slash.model_validate(form(call.body)), at)
            if call.path == "/interactive":
                return await self._click(Interaction.model_validate_json(form(call.body).get("payload", "")), at)
            return await self._event(Envelope.model_validate_json(call.body))
        except NotServed:
            return replace(NOT_OURS, headers=NO_RETRY)
        except ValidationError:
            return replace(UNREADABLE, headers=NO_RETRY)

    async def show(self, place: Place, card: Card) -> Posted:
        """Changes the message; where Slack no longer does that, or the bot may not write there, the next best way."""
        message = drawn(card, self._pages)
        if place.message_ref:
            posted = await self._change(place, place.message_ref, card, message)
            if posted is not None:
                return posted
        try:
            ref = await self._client.post(place.chat.id, message)
        except SlackSaid as said:
            url = self._address(place)
            if said.code not in NO_ENTRY or url is None:
                raise
            await self._client.respond(url, message, replace=False)
            return self._posted(_used(place), card, "")
        return self._posted(place, card, ref)

    async def _change(self, place: Place, ref: str, card: Card, message: Mapping[str, Any]) -> Posted | None:
        """The message changed in place; None where a new one has to take over."""
        try:
            await self._client.update(ref, message)
        except SlackSaid as said:
            url = self._address(place)
            if url is not None and said.code in GONE | NO_ENTRY:
                await self._client.respond(url, message, replace=True)
                return self._posted(_used(place), card, ref)
            if said.code not in GONE:
                raise
            return None
        return self._posted(place, card, ref)

    def _address(self, place: Place) -> str | None:
        """The address of the answer while it holds."""
        if place.token is None or place.uses_left == 0:
            return None
        if place.token_until is not None and place.token_until <= self._clock():
            return None
        return self._seal.open(place.token)

    def _posted(self, place: Place, card: Card, ref: str) -> Posted:
        keeps = self._address(place) is not None
        return Posted(
            ref,
            card.version,
            place.token if keeps else None,
            place.token_until if keeps else None,
            place.uses_left if keeps else None,
        )

    async def _enveloped(self, kind: str, payload: Mapping[str, Any]) -> Answer:
        """The same by Socket Mode, which is genuine because we opened the connection."""
        at = self._clock()
        try:
            if kind == "slash_commands":
                return await self._slash(Slash.model_validate(payload), at)
            if kind == "interactive":
                return await self._click(Interaction.model_validate(payload), at)
            return await self._event(Envelope.model_validate(payload)) if kind == "events_api" else EMPTY
        except NotServed:
            return NOT_OURS
        except ValidationError:
            return UNREADABLE

    async def _slash(self, sent: Slash, at: datetime) -> Answer:
        taken = await self._reception.take(self._inbound.slash(sent, at))
        if taken.told is None:
            return EMPTY
        told = {"response_type": "ephemeral", **drawn(taken.told, self._pages)}
        return Answer(body=json.dumps(told, ensure_ascii=False).encode())

    async def _click(self, sent: Interaction, at: datetime) -> Answer:
        return await self._take(self._inbound.click(sent, at) if sent.type == "block_actions" else None)

    async def _event(self, sent: Envelope) -> Answer:
        if sent.type == "url_verification":
            return Answer(body=json.dumps({"challenge": sent.challenge[:200]}).encode())
        return await self._take(self._inbound.event(sent) if sent.type == "event_callback" else None)

    async def _take(self, message: Message | None) -> Answer:
        if message is None:
            return EMPTY
        taken = await self._reception.take(message)
        if taken.told is not None:
            told = taken.told
            self._reception.in_background(lambda: self._tell(message, told))
        return EMPTY

    async def _tell(self, message: Message, card: Card) -> None:
        """To whoever is no one of ours, and to nobody else: said once, kept nowhere."""
        try:
            await self._client.whisper(message.chat.id, message.sender.user, drawn(card, self._pages))
        except NotPosted:
            return


def _used(place: Place) -> Place:
    """The place with its token used once more."""
    return place if place.uses_left is None else replace(place, uses_left=place.uses_left - 1)


def _plain(secret: SecretStr | None) -> str:
    return "" if secret is None else secret.get_secret_value()
