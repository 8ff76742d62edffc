"""What Chatwoot's account webhook sends (`chat-chatwoot.md` 3). Only the top level is read: what lies nested is the
last public message instead.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class Wire(BaseModel):
    """Fields that Chatwoot adds are no news."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Named(Wire):
    """Something with a number."""

    id: int


class Talk(Wire):
    """A conversation. `pending`: a bot has it; `open`: a person."""

    id: int
    status: str = ""


class Sender(Wire):
    """Who wrote: `user`, `agent_bot`, `contact`, `automation_rule` …"""

    id: int
    type: str = ""


class Received(Wire):
    """`message_created`, and the events that are left alone."""

    event: str
    id: int | None = None
    content: str | None = None
    message_type: str = ""
    private: bool = False
    content_attributes: dict[str, Any] | None = None
    sender: Sender | None = None
    conversation: Talk | None = None
    account: Named | None = None
    inbox: Named | None = None
    created_at: str | int | float | None = None
