"""企业微信's messages for the reception. Everything here has been verified and decrypted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.channels.origin import MessageOrigin, Token
from bot.channels.reception import Message, Sender
from bot.channels.sealing import Seal
from bot.channels.sketch import pressed
from bot.channels.wecom.wire import Received
from bot.handlers.contract import Chat

RESPONSE_HOLDS = timedelta(minutes=58)
"""企业微信 says an hour; some is left for the call itself."""

SINGLE = "single:"
"""Before the person of a talk of two, which has no name of its own."""

MENTION = re.compile(r"\A\s*@[^\s@/!]{1,30}(?=[\s/!]|\Z)")


class NotServed(Exception):
    """Rightly signed, and of another company's person or another robot."""


@dataclass(frozen=True, slots=True)
class WecomInbound:
    """Reads for one robot. `corp`: our own company; `robot`: its id, empty where any is taken; `called`: its name in
    groups; `hooks`: the only place that answers go to.
    """

    name: str
    corp: str
    robot: str
    called: str
    lang: str
    hooks: str
    seal: Seal

    def message(self, sent: Received, at: datetime) -> Message | None:
        """A text or a press; None for anything else. Raises `NotServed`."""
        if sent.sender.corpid not in (None, "", self.corp) or (self.robot and sent.aibotid != self.robot):
            raise NotServed
        chat = sent.chatid if sent.chattype == "group" else f"{SINGLE}{sent.sender.userid}"
        common = {
            "sender": Sender(self.name, self.corp, sent.sender.userid),
            "chat": Chat(self.name, chat, self.lang),
            "sent_at": min(at, datetime.fromtimestamp(sent.create_time, UTC)) if sent.create_time else at,
            "origin": MessageOrigin(None, self._token(sent.response_url, at)),
        }
        if sent.msgtype == "text" and sent.text is not None:
            text = self._typed(sent.text.content, group=sent.chattype == "group")
            return Message(message_id=sent.msgid, text=text, **common)  # type: ignore[arg-type]
        card = sent.event.template_card_event if sent.event is not None else None
        if sent.msgtype == "event" and card is not None:
            action, values = pressed(card.event_key)
            own = f"{sent.msgid}:{card.event_key}"
            return Message(message_id=own, action=action, values=values, **common)  # type: ignore[arg-type]
        return None

    def _typed(self, text: str, *, group: bool) -> str:
        """In a group the robot's name stands before it, and a name may have blanks."""
        text = text.strip()
        if not group:
            return text
        if self.called and text.startswith(f"@{self.called}"):
            return text[len(self.called) + 1 :].strip()
        return MENTION.sub("", text).strip()

    def _token(self, url: str, at: datetime) -> Token | None:
        """The address of the answer, sealed; good for one message."""
        if not url.startswith(f"{self.hooks}/") or len(url) > 1000:
            return None
        return Token(self.seal.close(url), at + RESPONSE_HOLDS, 1)
