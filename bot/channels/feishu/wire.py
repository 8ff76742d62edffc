"""What 飞书 sends (`chat-feishu.md` 3 and 4), as far as it is read. Field names are 飞书's."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Id = Annotated[str, StringConstraints(min_length=1, max_length=120)]


class Wire(BaseModel):
    """Fields that 飞书 adds are no news."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Outer(Wire):
    """What stands around everything else."""

    encrypt: Annotated[str, StringConstraints(min_length=1)]


class Challenge(Wire):
    """The check of the address when it is saved."""

    type: str = ""
    challenge: Annotated[str, StringConstraints(max_length=500)] = ""
    token: str = ""


class Header(Wire):
    """Of every event. `create_time` is in milliseconds for messages and in microseconds for clicks."""

    event_id: Id
    token: str = ""
    event_type: Id
    tenant_key: Id
    app_id: Id
    create_time: str = ""


class Envelope(Wire):
    """An event of version 2."""

    header: Header
    event: dict[str, Any]


class UserIds(Wire):
    """Only `open_id` is always there."""

    open_id: Id


class Person(Wire):
    """Who wrote."""

    sender_id: UserIds
    sender_type: str
    tenant_key: Id


class Mention(Wire):
    """Somebody who was mentioned; `key` stands in the text."""

    key: Id


class Text(Wire):
    """A message, its content as JSON."""

    message_id: Id
    create_time: str
    chat_id: Id
    chat_type: str
    message_type: str
    content: str
    mentions: list[Mention] = []


class Received(Wire):
    """`im.message.receive_v1`."""

    sender: Person
    message: Text


class Operator(Wire):
    """Who clicked."""

    open_id: Id
    tenant_key: Id


class Action(Wire):
    """What was pressed: `value` is what we put there, `form_value` the boxes around it."""

    tag: str = ""
    value: dict[str, Any] = {}
    form_value: dict[str, Any] = {}


class Context(Wire):
    """The message with the card."""

    open_message_id: Id
    open_chat_id: Id


class Click(Wire):
    """`card.action.trigger`."""

    operator: Operator
    action: Action
    context: Context


class MenuOperator(Wire):
    """Who chose; the name is another permission, and not asked for."""

    operator_id: UserIds


class Menu(Wire):
    """`application.bot.menu_v6`: an entry of the bot's menu, `event_key` as the developer's console has it."""

    operator: MenuOperator
    event_key: Annotated[str, StringConstraints(min_length=1, max_length=60)]


class LineConfig(Wire):
    """What 飞书 asks of a long connection, in seconds. Numbers that make no sense are as if they were not there, and
    nobody can make us wait for hours.
    """

    ping: int = Field(120, alias="PingInterval")
    interval: int = Field(120, alias="ReconnectInterval")
    nonce: int = Field(30, alias="ReconnectNonce")

    @property
    def ping_s(self) -> float:
        """Between two pings."""
        return float(min(max(self.ping, 1), 300))

    @property
    def nonce_s(self) -> float:
        """The first new connection comes within this time, by lot."""
        return float(min(max(self.nonce, 1), 60))

    @property
    def interval_s(self) -> float:
        """The longest wait between two tries."""
        return float(min(max(self.interval, 1), 300))


class LineAddress(Wire):
    """Where to connect. The address holds a ticket."""

    url: Annotated[str, StringConstraints(min_length=1, max_length=4000)] = Field(alias="URL")
    config: LineConfig | None = Field(None, alias="ClientConfig")
