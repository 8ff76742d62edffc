"""What Slack sends (`chat-slack.md` 2–4), as far as it is read. Field names are Slack's."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

Id = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class Wire(BaseModel):
    """Fields that Slack adds are no news."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Slash(Wire):
    """A slash command, from its form."""

    team_id: Id
    channel_id: Id
    user_id: Id
    command: Id
    text: str = ""
    trigger_id: Id
    api_app_id: str = ""
    enterprise_id: str = ""
    is_enterprise_install: bool = False
    response_url: str = ""


class Named(Wire):
    """Something with an id."""

    id: Id


class User(Wire):
    """Who clicked; `team_id` is the workspace that the person belongs to."""

    id: Id
    team_id: str | None = None


class Container(Wire):
    """Where the button is."""

    message_ts: str = ""
    channel_id: str = ""
    is_ephemeral: bool = False


class Action(Wire):
    """One pressed element."""

    type: str
    action_id: Id
    block_id: str = ""
    value: str | None = None
    action_ts: str = ""


class Option(Wire):
    """One ticked box."""

    value: str


class Element(Wire):
    """The state of one element of the message."""

    type: str
    selected_options: list[Option] = []


class MessageState(Wire):
    """What is ticked in the message: by block, then by element."""

    values: dict[str, dict[str, Element]] = {}


class Interaction(Wire):
    """A click (`block_actions`), from the form's `payload`."""

    type: str
    user: User
    team: Named | None = None
    enterprise: Named | None = None
    channel: Named | None = None
    container: Container = Container()
    api_app_id: str = ""
    trigger_id: str = ""
    response_url: str = ""
    actions: list[Action] = []
    state: MessageState | None = None


class Event(Wire):
    """A message: `app_mention`, or `message` in a talk of two."""

    type: str
    subtype: str | None = None
    bot_id: str | None = None
    user: str = ""
    team: str | None = None
    user_team: str | None = None
    text: str = ""
    channel: str = ""
    channel_type: str | None = None
    ts: str = ""


class Envelope(Wire):
    """What the Events API sends."""

    type: str
    challenge: str = ""
    team_id: str = ""
    enterprise_id: str | None = None
    api_app_id: str = ""
    event_id: str = ""
    event: dict[str, Any] | None = None


class SocketEnvelope(Wire):
    """What comes by Socket Mode: `hello`, `disconnect` with its reason, or something that is to be acknowledged."""

    type: str
    envelope_id: Annotated[str, StringConstraints(max_length=200)] = ""
    payload: dict[str, Any] = {}
    accepts_response_payload: bool = False
    reason: str = ""


class SocketAddress(Wire):
    """Where to connect. The address holds a ticket."""

    ok: bool = False
    error: str = "unknown"
    url: Annotated[str, StringConstraints(max_length=4000)] = ""
