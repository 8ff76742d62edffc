"""What a homeserver sends (Matrix specification, application services and client events), as far as it is read."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Id = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class Wire(BaseModel):
    """Fields that a server adds are no news."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)


class Transaction(Wire):
    """Events in order; each is read on its own, so that one that cannot be read holds up no other."""

    events: list[dict[str, Any]]


class InReplyTo(Wire):
    """The message that is answered."""

    event_id: Id


class Relates(Wire):
    """How a message stands to another: an edit, a reaction, an answer."""

    rel_type: str | None = None
    event_id: Id | None = None
    key: str | None = Field(None, max_length=100)
    in_reply_to: InReplyTo | None = Field(None, alias="m.in_reply_to")


class Mentions(Wire):
    """Who is meant."""

    user_ids: list[str] = []


class Content(Wire):
    """Of a message, a reaction, or a membership."""

    msgtype: str | None = None
    body: str = ""
    membership: str | None = None
    relates: Relates | None = Field(None, alias="m.relates_to")
    mentions: Mentions | None = Field(None, alias="m.mentions")


class Event(Wire):
    """One event of a room."""

    type: str
    event_id: Id
    room_id: Id
    sender: Id
    origin_server_ts: int = Field(gt=0, lt=10**14)
    state_key: str | None = None
    content: Content = Content()
