"""Notes as messages for the reception. A note that is a button's number or its words presses it."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.channels.chatwoot.wire import Received
from bot.channels.reception import Message, Sender
from bot.handlers.contract import Chat

OURS = "intercept_bot"
"""Stands in what we write, so that we never hear ourselves."""


SUGGESTED, PUBLIC = "suggest", "public"
"""Stand behind the conversation's number in the name of a chat: answers to a customer go there."""


class NotServed(Exception):
    """Rightly signed, and of another account."""


@dataclass(frozen=True, slots=True)
class ChatwootInbound:
    """Reads for one account. `own`: the id of whoever the access token belongs to."""

    name: str
    account: int
    own: int
    lang: str

    def note(self, sent: Received, at: datetime) -> Message | None:
        """What an agent typed, private or not; None for customers, bots, rules, and what we wrote. Raises
        `NotServed`.
        """
        if sent.account is None or sent.account.id != self.account:
            raise NotServed
        if sent.event != "message_created" or sent.message_type != "outgoing" or not sent.content:
            return None
        if sent.sender is None or sent.sender.type != "user" or sent.sender.id == self.own:
            return None
        ours: Mapping[str, object] = sent.content_attributes or {}
        if OURS in ours or sent.conversation is None or sent.id is None:
            return None
        return Message(
            sender=Sender(self.name, str(self.account), str(sent.sender.id)),
            chat=Chat(self.name, str(sent.conversation.id), self.lang),
            message_id=f"{self.account}:{sent.id}",
            text=sent.content.strip(),
            sent_at=min(at, _written(sent.created_at) or at),
            spoken_to=False,
            private=sent.private,
        )

    def question(self, sent: Received, at: datetime, public: Container[int]) -> Message | None:
        """What a customer wrote; None for everything else. The answer is for the customer to read, so the desk is told
        that others read there; where it goes stands in the chat's name.
        """
        if sent.event != "message_created" or sent.message_type != "incoming" or sent.private or not sent.content:
            return None
        if sent.sender is None or sent.sender.type != "contact" or sent.conversation is None or sent.id is None:
            return None
        free = sent.inbox is not None and sent.inbox.id in public and sent.conversation.status == "pending"
        return Message(
            sender=Sender(self.name, str(self.account), f"contact:{sent.sender.id}"),
            chat=Chat(self.name, f"{sent.conversation.id}/{PUBLIC if free else SUGGESTED}", self.lang),
            message_id=f"{self.account}:{sent.id}",
            text=sent.content.strip(),
            sent_at=min(at, _written(sent.created_at) or at),
            private=False,
        )


def _written(created: str | float | None) -> datetime | None:
    """When the note was written: a delivery that had to queue has a fresh stamp, and the note is as old as it is."""
    try:
        if isinstance(created, int | float):
            return datetime.fromtimestamp(created, UTC)
        moment = datetime.fromisoformat(created or "")
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment.tzinfo is not None else None
