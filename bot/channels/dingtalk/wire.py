"""What 钉钉 sends to a robot (`chat-dingtalk.md` 3), as far as it is read. Field names are 钉钉's."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

Id = Annotated[str, StringConstraints(min_length=1, max_length=180)]


class Wire(BaseModel):
    """Fields that 钉钉 adds are no news."""

    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_camel, populate_by_name=True)


class Words(Wire):
    """A text."""

    content: str = ""


class Received(Wire):
    """A message to the robot. `sender_staff_id` is missing for people outside the company: they are nobody."""

    msg_id: Id
    conversation_id: Id
    conversation_type: str
    msgtype: str
    robot_code: str = ""
    chatbot_corp_id: str = ""
    sender_staff_id: Annotated[str, StringConstraints(max_length=120)] = ""
    sender_corp_id: str = ""
    create_at: int = Field(gt=0, lt=10**14)
    session_webhook: str = ""
    session_webhook_expired_time: int = Field(0, ge=0, lt=10**14)
    text: Words | None = None
    content: dict[str, Any] | None = None
    error_code: str | int | None = None
