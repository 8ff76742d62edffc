"""钉钉's messages and presses for the reception. They came by an address that holds a secret, with a header that is
verified, or by a connection that we opened.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.channels.dingtalk.wire import Click, Received
from bot.channels.origin import MessageOrigin, Token
from bot.channels.reception import Message, Sender
from bot.channels.sealing import Seal
from bot.channels.sketch import pressed
from bot.handlers.contract import Chat

SINGLE = "user:"
"""Before the person of a talk of two: there the robot writes to a person, not to a conversation."""

GROUP = "2"

PRESS = "press"
"""The parameter of a template's button that holds what we gave it to send back."""


class NotServed(Exception):
    """Of another company or for another robot."""


@dataclass(frozen=True, slots=True)
class DingtalkInbound:
    """Reads for one robot. `hooks`: the only place that answers go to."""

    name: str
    corp: str
    robot: str
    lang: str
    hooks: str
    seal: Seal

    def message(self, sent: Received) -> Message | None:
        """A text; None for anything else. Raises `NotServed`."""
        if sent.chatbot_corp_id != self.corp or sent.robot_code != self.robot:
            raise NotServed
        if sent.sender_corp_id not in ("", self.corp) or not sent.sender_staff_id:
            raise NotServed
        text = typed(sent)
        if text is None:
            return None
        chat = sent.conversation_id if sent.conversation_type == GROUP else f"{SINGLE}{sent.sender_staff_id}"
        return Message(
            sender=Sender(self.name, self.corp, sent.sender_staff_id),
            chat=Chat(self.name, chat, self.lang),
            message_id=sent.msg_id,
            text=text.strip(),
            sent_at=datetime.fromtimestamp(sent.create_at / 1000, UTC),
            origin=MessageOrigin(None, self._token(sent)),
        )

    def presser(self, sent: Click) -> Sender:
        """Whoever pressed. Raises `NotServed`."""
        if sent.corp_id != self.corp:
            raise NotServed
        return Sender(self.name, self.corp, sent.user_id)

    def click(self, sent: Click, chat: str, own: str, at: datetime) -> Message | None:
        """A press on the card that we showed in that chat; `own` makes it the same press when it comes again. None
        where it says nothing of ours. Raises `NotServed`.
        """
        sender = self.presser(sent)
        value = sent.content.card_private_data.params.get(PRESS)
        if not isinstance(value, str) or not value:
            return None
        action, values = pressed(value)
        return Message(
            sender=sender,
            chat=Chat(self.name, chat, self.lang),
            message_id=own,
            action=action,
            values=values,
            sent_at=at,
            origin=MessageOrigin(sent.out_track_id),
        )

    def _token(self, sent: Received) -> Token | None:
        """The address of the answer, sealed, until 钉钉 says that it ends."""
        url, until = sent.session_webhook, sent.session_webhook_expired_time
        if not url.startswith(f"{self.hooks}/") or len(url) > 500 or until <= 0:
            return None
        return Token(self.seal.close(url), datetime.fromtimestamp(until / 1000, UTC))


def typed(sent: Received) -> str | None:
    """The words of a text or of a rich text."""
    if sent.msgtype == "text":
        return None if sent.text is None else sent.text.content
    if sent.msgtype != "richText" or sent.content is None:
        return None
    parts: Any = sent.content.get("richText")
    texts = [part.get("text") for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    return "".join(text for text in texts if isinstance(text, str))
