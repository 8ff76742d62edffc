"""Events of a room as messages for the reception. Buttons are a reaction or an answer with its number or its words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.channels.matrix.wire import Event
from bot.channels.naming import is_number, named, tidy
from bot.channels.origin import MessageOrigin
from bot.channels.reception import Message, Sender
from bot.channels.sketch import Press, pressed
from bot.handlers.contract import Chat

YES = frozenset({"✅", "✔", "👍", "☑"})
"""Reactions that mean the card's main button."""

QUOTE = re.compile(r"(?:\A> .*\n)(?:> .*\n)*\n?")


@dataclass(frozen=True, slots=True)
class Pressed:
    """Somebody pressed something on a message of ours: which message, and what was pressed."""

    sender: Sender
    chat: Chat
    message_ref: str
    said: str
    is_reaction: bool


@dataclass(frozen=True, slots=True)
class MatrixInbound:
    """Reads for one installation. `bot` is the bot's own user, `tenant` the homeserver; `servers` are served."""

    name: str
    tenant: str
    bot: str
    servers: frozenset[str]
    lang: str

    def is_invitation(self, event: Event) -> bool:
        """Whether somebody who is served asks the bot into a room."""
        invited = event.type == "m.room.member" and event.content.membership == "invite"
        return invited and event.state_key == self.bot and self.serves(event.sender)

    def serves(self, user: str) -> bool:
        """Whether that user is of a server that is served, and not the bot itself."""
        return user != self.bot and user.startswith("@") and user.partition(":")[2] in self.servers

    def click(self, event: Event) -> Pressed | None:
        """What may be a press: a reaction, or an answer to a message."""
        relates = event.content.relates
        if relates is None:
            return None
        sender, chat = self._sender(event), self._chat(event)
        if event.type == "m.reaction" and relates.rel_type == "m.annotation" and relates.event_id and relates.key:
            return Pressed(sender, chat, relates.event_id, relates.key, is_reaction=True)
        if event.type == "m.room.message" and relates.in_reply_to is not None and relates.rel_type != "m.replace":
            said = QUOTE.sub("", event.content.body)
            return Pressed(sender, chat, relates.in_reply_to.event_id, said, is_reaction=False)
        return None

    def pressed(self, event: Event, click: Pressed, press: Press) -> Message:
        """A press that is on the card."""
        action, values = pressed(press.value)
        return Message(
            sender=click.sender,
            chat=click.chat,
            message_id=event.event_id,
            action=action,
            values=values,
            sent_at=_moment(event),
            origin=MessageOrigin(click.message_ref),
        )

    def typed(self, event: Event) -> Message | None:
        """What somebody typed; None for anything else: edits, notices of other bots, pictures."""
        relates = event.content.relates
        if event.type != "m.room.message" or event.content.msgtype != "m.text":
            return None
        if relates is not None and relates.rel_type == "m.replace":
            return None
        mentions = event.content.mentions
        text = QUOTE.sub("", event.content.body).strip()
        meant = (mentions is not None and self.bot in mentions.user_ids) or self.bot in text
        return Message(
            sender=self._sender(event),
            chat=self._chat(event),
            message_id=event.event_id,
            text=self._command(text),
            sent_at=_moment(event),
            spoken_to=meant,
        )

    def _command(self, text: str) -> str:
        """Clients keep `/` for themselves, so `!` and `//` begin a command as well; the bot's name before it goes."""
        text = text.replace(self.bot, " ").strip()
        local = self.bot[1:].partition(":")[0]
        text = re.sub(rf"\A@?{re.escape(local)}\s*[:：,，]?\s+", "", text)
        return re.sub(r"\A(?:!|！|//|／／)(?=\w)", "/", text)

    def _sender(self, event: Event) -> Sender:
        return Sender(self.name, self.tenant, event.sender)

    def _chat(self, event: Event) -> Chat:
        return Chat(self.name, event.room_id, self.lang)


def meant(click: Pressed, presses: Sequence[Press]) -> Press | None:
    """Which button of a card: by its number, its words, or a tick for the main one."""
    if click.is_reaction and tidy(click.said) in YES:
        return next((press for press in presses if press.primary), None)
    return named(click.said, presses)


def may_be_press(click: Pressed) -> bool:
    """Whether it looks like a press before the card is known: a number or a tick. Words may be anything."""
    return tidy(click.said) in YES or is_number(click.said)


def _moment(event: Event) -> datetime:
    return datetime.fromtimestamp(event.origin_server_ts / 1000, UTC)
