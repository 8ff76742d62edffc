"""飞书's events as messages for the reception. Everything here has been verified and decrypted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.channels.feishu.wire import Click, Menu, Received
from bot.channels.origin import MessageOrigin
from bot.channels.reception import Message, Sender
from bot.channels.sketch import pressed
from bot.handlers.contract import Chat

BUTTON = "a"
"""The one field of a button's value."""

PARCEL = "parcel_"
"""Before a parcel's number in the name of its box."""

MICROSECONDS = 10**14


class NotServed(Exception):
    """Rightly signed, and of a company that this installation does not serve: an external group has such people."""


@dataclass(frozen=True, slots=True)
class FeishuInbound:
    """Reads for one installation; `tenant` is the company's `tenant_key`."""

    name: str
    tenant: str
    lang: str
    is_command: Callable[[str], bool]

    def message(self, sent: Received) -> Message | None:
        """A text to the bot; None for pictures, for other bots. Raises `NotServed`."""
        self._served(sent.sender.tenant_key)
        text = typed(sent.message.message_type, sent.message.content)
        at = moment(sent.message.create_time)
        if sent.sender.sender_type != "user" or text is None or at is None:
            return None
        for mention in sorted(sent.message.mentions, key=lambda one: len(one.key), reverse=True):
            text = text.replace(mention.key, " ")  # `@_user_1` begins `@_user_10`
        return Message(
            sender=Sender(self.name, self.tenant, sent.sender.sender_id.open_id),
            chat=Chat(self.name, sent.message.chat_id, self.lang),
            message_id=sent.message.message_id,
            text=text.strip(),
            sent_at=at,
            spoken_to=sent.message.chat_type == "p2p" or bool(sent.message.mentions),
        )

    def click(self, sent: Click, event_id: str, at: datetime | None) -> Message | None:
        """A press of a button; None for what is no button of ours. Raises `NotServed`."""
        self._served(sent.operator.tenant_key)
        value = sent.action.value.get(BUTTON)
        if not isinstance(value, str) or at is None:
            return None
        action, values = pressed(value)
        return Message(
            sender=Sender(self.name, self.tenant, sent.operator.open_id),
            chat=Chat(self.name, sent.context.open_chat_id, self.lang),
            message_id=f"click:{event_id}:{value}",
            action=action,
            values={**_ticked(sent.action.form_value), **values},
            sent_at=at,
            origin=MessageOrigin(sent.context.open_message_id),
        )

    def menu(self, sent: Menu, event_id: str, tenant: str, at: datetime | None) -> Message | None:
        """An entry of the bot's menu whose key is a command, with or without its slash; None for other entries. The
        event names no chat: the answer goes to the talk of the two. Raises `NotServed`.
        """
        self._served(tenant)
        command = f"/{sent.event_key.removeprefix('/')}"
        if at is None or not self.is_command(command):
            return None
        person = sent.operator.operator_id.open_id
        return Message(
            sender=Sender(self.name, self.tenant, person),
            chat=Chat(self.name, person, self.lang),
            message_id=f"menu:{event_id}",
            text=command,
            sent_at=at,
        )

    def _served(self, tenant: str) -> None:
        if tenant != self.tenant:
            raise NotServed


def typed(kind: str, content: str) -> str | None:
    """The words of a text, or of a rich text's paragraphs; None for anything else."""
    try:
        found = json.loads(content)
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    if kind == "text":
        return found["text"] if isinstance(found.get("text"), str) else None
    return "\n".join(_paragraphs(found)) if kind == "post" else None


def moment(stamp: str) -> datetime | None:
    """A time in milliseconds or microseconds since 1970, whichever it must be by its size."""
    if not stamp.isascii() or not stamp.isdecimal() or len(stamp) > 17:
        return None
    number = int(stamp)
    return datetime.fromtimestamp(number / (10**6 if number >= MICROSECONDS else 10**3), UTC)


def _paragraphs(post: dict[str, Any]) -> Iterator[str]:
    lines = post.get("content")
    for line in lines if isinstance(lines, list) else []:
        parts = line if isinstance(line, list) else []
        texts = [part.get("text") for part in parts if isinstance(part, dict) and part.get("tag") in ("text", "a")]
        yield "".join(text for text in texts if isinstance(text, str))


def _ticked(form: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """Boxes as the desk takes them: the parcels where there are boxes for parcels, and each agreement by its name."""
    boxes = {name: value for name, value in form.items() if isinstance(value, bool)}
    values: dict[str, tuple[str, ...]] = {
        name: ("on",) for name, value in boxes.items() if value and name.startswith("agree_")
    }
    parcels = {name.removeprefix(PARCEL): value for name, value in boxes.items() if name.startswith(PARCEL)}
    if parcels:
        values["parcels"] = tuple(number for number, value in parcels.items() if value)
    return values
