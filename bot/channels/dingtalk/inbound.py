"""钉钉's messages for the reception. The header is verified; the body is as trustworthy as the address is secret."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.channels.dingtalk.wire import Received
from bot.channels.origin import MessageOrigin, Token
from bot.channels.reception import Message, Sender
from bot.channels.sealing import Seal
from bot.handlers.contract import Chat

SINGLE = "user:"
"""Before the person of a talk of two: there the robot writes to a person, not to a conversation."""

GROUP = "2"


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
