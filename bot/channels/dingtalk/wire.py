"""What 钉钉 sends (`chat-dingtalk.md` 2d, 3, 5), as far as it is read. Field names are 钉钉's."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, Json, StringConstraints
from pydantic.alias_generators import to_camel

MESSAGES, CLICKS = "/v1.0/im/bot/messages/get", "/v1.0/card/instances/callback"
"""What a Stream connection is opened for."""

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


class PrivateData(Wire):
    """Which button, and the parameters that the template gives it."""

    action_ids: tuple[str, ...] = ()
    params: dict[str, Any] = {}


class Pressed(Wire):
    """What stands in a press, once more as JSON within JSON."""

    card_private_data: PrivateData


class Click(Wire):
    """A press on an interactive card. The card is named by us; where it is shown is not said."""

    type: str = "actionCallback"
    out_track_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    corp_id: str
    user_id: Annotated[str, StringConstraints(min_length=1, max_length=120)]
    content: Json[Pressed] = Field(validation_alias=AliasChoices("content", "value"))


class FrameHeaders(Wire):
    """What a frame is about. `time` in milliseconds."""

    topic: str = ""
    message_id: Annotated[str, StringConstraints(max_length=180)] = ""
    time: Annotated[int, Field(ge=0, lt=10**14)] = 0


class Frame(Wire):
    """One frame of a Stream connection; `data` is JSON as text."""

    type: str
    headers: FrameHeaders
    data: str = ""
