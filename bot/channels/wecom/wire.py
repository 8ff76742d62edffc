"""What a 智能机器人 hears (`chat-wecom.md` 3), as far as it is read."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Id = Annotated[str, StringConstraints(min_length=1, max_length=128)]


class Wire(BaseModel):
    """Fields that are added are no news."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)


class Outer(Wire):
    """What stands around everything else."""

    encrypt: Annotated[str, StringConstraints(min_length=1)]


class From(Wire):
    """Who wrote; `corpid` only for somebody of another company."""

    userid: Id
    corpid: str | None = None


class Words(Wire):
    """A text."""

    content: str = ""


class CardEvent(Wire):
    """A press of a card's button."""

    event_key: Annotated[str, StringConstraints(min_length=1, max_length=1024)]
    task_id: Annotated[str, StringConstraints(max_length=128)] = ""


class Event(Wire):
    """Something that happened."""

    eventtype: str
    template_card_event: CardEvent | None = None


class Received(Wire):
    """A message or an event."""

    msgid: Id
    msgtype: str
    aibotid: str = ""
    chatid: Annotated[str, StringConstraints(max_length=150)] = ""
    chattype: str = "single"
    sender: From = Field(alias="from")
    response_url: str = ""
    create_time: Annotated[int, Field(ge=0, lt=10**11)] | None = None
    text: Words | None = None
    event: Event | None = None


class FrameHeaders(Wire):
    """What an answer to the frame names."""

    req_id: Annotated[str, StringConstraints(max_length=256)] = ""


class Frame(Wire):
    """One frame of a long connection: something that happened (`cmd`), or the receipt of what we sent (`errcode`)."""

    cmd: str = ""
    headers: FrameHeaders = FrameHeaders()
    body: dict[str, Any] | None = None
    errcode: int | None = None
