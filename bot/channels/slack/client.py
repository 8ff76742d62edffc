"""Speaks to Slack. It and `tryout.py` alone know its addresses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from bot.channels.budget import asked_to_wait_s
from bot.channels.contract import NotPosted, Throttled
from bot.channels.line import NotConnected
from bot.channels.slack.wire import SocketAddress
from bot.outbound import NeverLeft, Outbound, Response

AGAIN_S = 2.0
SLOWER_S = 30.0
FOR_GOOD = frozenset(
    {
        "account_inactive",
        "cant_update_message",
        "channel_not_found",
        "edit_window_closed",
        "invalid_auth",
        "invalid_blocks",
        "is_archived",
        "message_not_found",
        "missing_scope",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
        "not_authed",
        "not_in_channel",
        "restricted_action",
        "token_expired",
        "token_revoked",
    }
)
"""Answers that the same request will always get."""

GONE = frozenset({"cant_update_message", "message_not_found", "edit_window_closed"})
"""This message can no longer be changed; a new one can be sent."""

NO_ENTRY = frozenset({"channel_not_found", "is_archived", "not_in_channel", "restricted_action"})
"""The bot may not write there on its own, but may still answer who asked."""


LIMITED = frozenset({"ratelimited", "rate_limited"})


NO_SOCKET = frozenset(
    {
        "account_inactive",
        "app_not_found",
        "invalid_auth",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_authed",
        "socket_mode_not_enabled",
        "token_expired",
        "token_revoked",
    }
)
"""Why there is no connection by Socket Mode until somebody changes a setting."""


class SlackSaid(NotPosted):
    """Slack's own word for why not."""

    def __init__(self, code: str) -> None:
        super().__init__(f"Slack: {code}", None if code in FOR_GOOD else AGAIN_S)
        self.code = code


class _Said(BaseModel):
    ok: bool = False
    error: str = "unknown"
    channel: str = ""
    ts: str = ""


class SlackClient:
    """One workspace. `api`: address of the Web API."""

    def __init__(self, outbound: Outbound, api: str, token: str) -> None:
        self._outbound = outbound
        self.api = api
        self._token = token

    async def post(self, channel: str, message: Mapping[str, Any]) -> str:
        """A new message; returns `channel:ts`. Raises `NotPosted`."""
        said = await self._ask("chat.postMessage", {"channel": channel, "unfurl_links": False, **message})
        return f"{said.channel or channel}:{said.ts}"

    async def whisper(self, channel: str, user: str, message: Mapping[str, Any]) -> None:
        """A message that this person alone sees; it cannot be changed. Raises `NotPosted`."""
        await self._ask("chat.postEphemeral", {"channel": channel, "user": user, **message})

    async def update(self, ref: str, message: Mapping[str, Any]) -> None:
        """Changes a message of ours. Raises `NotPosted`."""
        channel, _, ts = ref.rpartition(":")
        await self._ask("chat.update", {"channel": channel, "ts": ts, **message})

    async def respond(self, url: str, message: Mapping[str, Any], *, replace: bool) -> None:
        """Uses the address that came with a command or click. Raises `NotPosted`."""
        how = {"replace_original": True} if replace else {"response_type": "in_channel", "replace_original": False}
        outcome = await self._outbound.post(
            url, system="slack", operation="response_url", body=_json({**how, **message}), headers=_headers()
        )
        if not isinstance(outcome, Response):
            raise NotPosted(f"Slack: response_url: {outcome.why}", AGAIN_S)
        _heed(outcome)
        if outcome.status != 200:
            raise NotPosted(f"Slack: response_url: {outcome.status}", AGAIN_S if outcome.status >= 500 else None)

    async def open_socket(self, app_token: str) -> str:
        """Where to connect by Socket Mode; good for one connection. Raises `NotConnected`."""
        outcome = await self._outbound.post(
            f"{self.api}/apps.connections.open",
            system="slack",
            operation="apps.connections.open",
            body=b"",
            headers={"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Bearer {app_token}"},
        )
        if not isinstance(outcome, Response):
            raise NotConnected(outcome.why)
        try:
            said = SocketAddress.model_validate_json(outcome.body)
        except ValidationError:
            raise NotConnected(f"HTTP {outcome.status}") from None
        if not said.ok or not said.url:
            raise NotConnected(said.error[:40], refused=said.error in NO_SOCKET)
        return said.url

    async def _ask(self, method: str, body: Mapping[str, Any]) -> _Said:
        outcome = await self._outbound.post(
            f"{self.api}/{method}",
            system="slack",
            operation=method,
            body=_json(body),
            headers=_headers(Authorization=f"Bearer {self._token}"),
        )
        if not isinstance(outcome, Response):
            raise NotPosted(f"Slack: {outcome.why}", 1.0 if isinstance(outcome, NeverLeft) else AGAIN_S)
        _heed(outcome)
        if outcome.status != 200:
            raise NotPosted(f"Slack: HTTP {outcome.status}", AGAIN_S)
        try:
            said = _Said.model_validate_json(outcome.body)
        except ValidationError:
            raise NotPosted("Slack: no answer that can be read", AGAIN_S) from None
        if said.error in LIMITED:
            raise Throttled(f"Slack: {said.error}", asked_to_wait_s(outcome, SLOWER_S))
        if not said.ok:
            raise SlackSaid(said.error[:60])
        return said


def _heed(answer: Response) -> None:
    if answer.status == 429:
        raise Throttled("Slack: HTTP 429", asked_to_wait_s(answer, SLOWER_S))


def _json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


def _headers(**more: str) -> dict[str, str]:
    return {"Content-Type": "application/json; charset=utf-8", **more}
