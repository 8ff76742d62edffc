"""Slack's requests as messages for the reception (`chat-slack.md` 2–4). Everything here has been verified."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

from bot.channels.origin import MessageOrigin, Token
from bot.channels.reception import Message, Sender
from bot.channels.sealing import Seal
from bot.channels.sketch import pressed
from bot.channels.slack.wire import Envelope, Event, Interaction, Slash
from bot.handlers.contract import Chat

RESPONSE_HOLDS = timedelta(minutes=29)
"""Slack says 30; a minute is left for the call itself."""

RESPONSE_USES = 5
MENTION = re.compile(r"<[@!][A-Z0-9a-z^]{1,40}(?:\|[^>]{0,80})?>")
LINK = re.compile(r"<(?:tel:|https?://)[^|>]{0,300}\|([^>]{0,100})>")
TICKS = "tick:"


class NotServed(Exception):
    """Rightly signed, and of a workspace or a person that this installation does not serve."""


@dataclass(frozen=True, slots=True)
class SlackInbound:
    """Reads for one installation: `team` is the workspace (or the organisation), `hooks` where answers may be sent."""

    name: str
    team: str
    lang: str
    hooks: str
    seal: Seal
    is_command: Callable[[str], bool]

    def slash(self, sent: Slash, at: datetime) -> Message:
        """A slash command. Raises `NotServed`."""
        tenant = sent.enterprise_id if sent.is_enterprise_install and sent.enterprise_id else sent.team_id
        self._served(tenant, None)
        typed = f"{sent.command} {sent.text}"
        return Message(
            sender=Sender(self.name, tenant, sent.user_id),
            chat=Chat(self.name, sent.channel_id, self.lang),
            message_id=f"slash:{sent.trigger_id}",
            text=plain(typed if self.is_command(typed) or sent.command == "/bind" else sent.text),
            sent_at=at,
            origin=MessageOrigin(None, self._token(sent.response_url, at)),
        )

    def click(self, sent: Interaction, at: datetime) -> Message | None:
        """A pressed button; None for a box that was ticked, which is nothing yet. Raises `NotServed`."""
        tenant = sent.team.id if sent.team is not None else sent.enterprise.id if sent.enterprise is not None else ""
        self._served(tenant, sent.user.team_id)
        action = next((one for one in sent.actions if one.type == "button" and one.value), None)
        channel = sent.container.channel_id or (sent.channel.id if sent.channel is not None else "")
        if action is None or not channel:
            return None
        verb, values = pressed(action.value or "")
        ref = f"{channel}:{sent.container.message_ts}" if sent.container.message_ts else None
        return Message(
            sender=Sender(self.name, tenant, sent.user.id),
            chat=Chat(self.name, channel, self.lang),
            message_id=f"click:{sent.container.message_ts}:{action.value}:{sent.user.id}:{action.action_ts}",
            action=verb,
            values={**_ticked(sent), **values},
            sent_at=at,
            origin=MessageOrigin(ref, self._token(sent.response_url, at)),
        )

    def event(self, sent: Envelope) -> Message | None:
        """A mention, or a message in a talk of two; None for everything else, our own messages among it."""
        self._served(sent.team_id, None)
        if sent.event is None or sent.event.get("type") not in ("app_mention", "message"):
            return None
        event = Event.model_validate(sent.event)
        talk_of_two = event.type == "message" and event.channel_type == "im"
        if event.subtype is not None or event.bot_id is not None or not (talk_of_two or event.type == "app_mention"):
            return None
        self._served(sent.team_id, event.user_team or event.team)
        sent_at = _moment(event.ts)
        if sent_at is None or not sent.event_id:
            return None
        return Message(
            sender=Sender(self.name, sent.team_id, event.user),
            chat=Chat(self.name, event.channel, self.lang),
            message_id=f"event:{sent.event_id}",
            text=plain(event.text),
            sent_at=sent_at,
        )

    def _served(self, tenant: str, person_of: str | None) -> None:
        if tenant != self.team or (person_of and person_of != tenant):
            raise NotServed

    def _token(self, url: str, at: datetime) -> Token | None:
        """The address of the answer, sealed; none that leads anywhere but to Slack."""
        if not url.startswith(f"{self.hooks}/") or len(url) > 500:
            return None
        return Token(self.seal.close(url), at + RESPONSE_HOLDS, RESPONSE_USES)


def plain(text: str) -> str:
    """What was typed: without mentions, with Slack's three escapes undone."""
    shown = LINK.sub(r"\1", MENTION.sub(" ", text))
    return shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()


def form(body: bytes) -> Mapping[str, str]:
    """The fields of a form, the first of each; none where it is no form."""
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=60)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items()}


def _ticked(sent: Interaction) -> dict[str, tuple[str, ...]]:
    """Boxes as the desk takes them: the parcels, and each agreement by its name."""
    values: dict[str, tuple[str, ...]] = {}
    blocks = sent.state.values if sent.state is not None else {}
    for block, elements in blocks.items():
        for element in elements.values():
            chosen = tuple(option.value for option in element.selected_options)
            if block.startswith("parcels"):
                values["parcels"] = (*values.get("parcels", ()), *chosen)
            elif block.startswith(TICKS):
                values |= {name: ("on",) for name in chosen if name.startswith("agree_")}
    return values


def _moment(ts: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(ts), UTC)
    except (ValueError, OverflowError, OSError):
        return None
