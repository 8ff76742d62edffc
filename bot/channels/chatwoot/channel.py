"""Chatwoot as a channel: the account's webhook tells of notes, and each news of a card is a new note."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from pydantic import Field, HttpUrl, ValidationError
from sqlalchemy import Connection
from yarl import URL

from bot.cards.card import Card
from bot.cards.texts import text
from bot.channels import posting
from bot.channels.budget import Budget, Rate
from bot.channels.chatwoot.client import ChatwootClient
from bot.channels.chatwoot.inbound import PUBLIC, SUGGESTED, ChatwootInbound, NotServed
from bot.channels.chatwoot.render import note, presses, reply, suggestion, tame
from bot.channels.chatwoot.verify import is_genuine
from bot.channels.chatwoot.wire import Received
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
from bot.channels.naming_last import by_words
from bot.channels.reception import Message, Reception
from bot.handlers.contract import Chat, Incoming, Reply
from bot.outbound import Outbound

LONGEST_BODY = 1024 * 1024
TALKS_OF_TWO = ()
"""A conversation's notes are read by every agent of the account."""
DONE = Answer(body=b"{}")
ANSWERS_FOR = timedelta(minutes=10)
"""So long a bare number answers the newest card that answered this agent."""


class ChatwootSettings(ChannelSettings):
    """`[chatwoot]`. Where each value is found stands in `docs/channels/chatwoot.md`."""

    url: HttpUrl = Field(description="Chatwoot 的地址 · address of the installation")
    account_id: int = Field(gt=0, description="网址 /app/accounts/1/… 里的编号 · number of the account")
    secret: Secret = Field(description="Settings → Integrations → Webhooks → 这个 webhook 的 secret")
    access_token: Secret = Field(
        description="写备注用的 token：Settings → Agent bots → Access Token，或用户的 Profile → Access Token"
    )
    browser_url: HttpUrl | None = Field(
        None, description="客服浏览器里的地址，和 url 不一样时才写 · where agents open it"
    )
    shop: Text | None = Field(
        None, description="买家的问题按哪个店的规则回答；不写就不看买家的消息 · shop whose customers write"
    )
    public_inboxes: frozenset[int] = Field(
        frozenset(), description="直接回复买家的收件箱编号 · inboxes where customers are answered at once"
    )
    own_id: int = Field(ge=0, description="那个用户的编号；agent bot 写 0 · id of that user")


class ChatwootChannel:
    """Meets `contract.Channel` and `contract.Webhook`."""

    hooks: Sequence[tuple[str, str]] = (("POST", "/webhook"),)
    longest = LONGEST_BODY

    def __init__(
        self,
        name: str,
        settings: ChatwootSettings,
        reception: Reception,
        outbound: Outbound,
        pages: str = "",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.facts = ChannelFacts(
            name=name,
            title="Chatwoot",
            ack_within_s=5.0,
            changes_for=timedelta(0),
            changes=0,
            public_url_needed=False,
            limits=Limits(buttons=20, bytes=150_000),
            talks_of_two=TALKS_OF_TWO,
            budget=Budget(channel=Rate(3000, 60, burst=100)),  # 3,000 requests a minute and address
            speaks_first=False,  # each conversation is a customer's: nothing of the whole shop is said there
        )
        self.frame_origin = str(URL(str(settings.browser_url or settings.url)).origin())
        self._secret = settings.secret.get_secret_value()
        self._shop, self._public = settings.shop, settings.public_inboxes
        self._reception = reception
        self._pages = pages
        self._clock = clock
        self._inbound = ChatwootInbound(name, settings.account_id, settings.own_id, settings.lang)
        self._client = ChatwootClient(
            outbound, address(settings.url), settings.account_id, settings.access_token.get_secret_value()
        )

    def deliver(self, connection: Connection, incoming: Incoming, reply: Reply, at: datetime) -> None:
        """By the outbox."""
        posting.deliver(connection, incoming, reply, at)

    async def hear(self, call: Call) -> Answer:
        """Verifies first, reads then."""
        at = self._clock()
        if not is_genuine(self._secret, call.headers, call.body, at.timestamp()):
            return REFUSED
        sent_at = datetime.fromtimestamp(int(call.headers["x-chatwoot-timestamp"]), UTC)
        try:
            received = Received.model_validate_json(call.body)
            message = self._inbound.note(received, sent_at)
        except NotServed:
            return NOT_OURS
        except ValidationError:
            return UNREADABLE
        if message is not None:
            await self._take(message)
        elif self._shop is not None:
            asked = self._inbound.question(received, sent_at, self._public)
            if asked is not None:
                await self._reception.ask(self._shop, asked)
        return DONE

    async def show(self, place: Place, card: Card) -> Posted:
        """A new note for each news; what is there already is not said again."""
        if place.message_ref and card.version == place.version_shown:
            return Posted(place.message_ref, card.version)
        conversation, _, where = place.chat.id.partition("/")
        to_customer = where == PUBLIC and card.kind == "answer"
        if to_customer:
            words = reply(card)
        else:
            words = suggestion(card, self._pages) if where in {PUBLIC, SUGGESTED} else note(card, self._pages)
        made = await self._client.note(conversation, words, private=not to_customer)
        return Posted(str(made), card.version)

    async def _take(self, message: Message) -> None:
        """A command that the customer has read already is not carried out, and the agent hears so."""
        if not message.private:
            if self._reception.is_command(message.text or ""):
                words = tame(text("channel.public", message.chat.lang))
                self._reception.in_background(lambda: self._say(message.chat, words))
            return
        taken = await self._reception.take(
            await by_words(self._reception, message, lambda card: presses(card, self._pages), ANSWERS_FOR)
        )
        if taken.told is not None:
            words = note(taken.told, self._pages)
            self._reception.in_background(lambda: self._say(message.chat, words))

    async def _say(self, chat: Chat, words: str) -> None:
        """Said once, kept nowhere."""
        try:
            await self._client.note(chat.id, words)
        except NotPosted:
            return
