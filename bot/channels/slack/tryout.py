"""Tries what Slack's pages gave: `auth.test` for the bot's token, a Socket Mode address for the app's."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from bot.channels.configuration import address
from bot.channels.line import NotConnected
from bot.channels.setting_up import Came, Setup, Tried, heard
from bot.channels.slack.channel import SlackSettings
from bot.channels.slack.client import SlackClient
from bot.outbound import Outbound


class _Who(BaseModel):
    ok: bool
    error: str = ""
    team_id: str = ""
    enterprise_id: str | None = None
    is_enterprise_install: bool = False


async def try_out(settings: SlackSettings, outbound: Outbound, _alone: bool) -> Sequence[Tried]:  # noqa: FBT001
    """The signing secret is Slack's proof to us: nothing tries it before Slack calls."""
    found = [await _token(settings, outbound)]
    if settings.mode == "socket_mode" and settings.app_token is not None:
        found.append(await _socket(settings, outbound, settings.app_token.get_secret_value()))
    if settings.signing_secret is not None:
        found.append(Tried(Came.UNTRIED, ("signing_secret",)))
    return found


async def _token(settings: SlackSettings, outbound: Outbound) -> Tried:
    fields, call = ("bot_token",), "auth.test"
    outcome = await outbound.post(
        f"{address(settings.api_url)}/{call}",
        system="slack",
        operation=call,
        body=b"",
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "Authorization": f"Bearer {settings.bot_token.get_secret_value()}",
        },
    )
    who = heard(outcome, fields, call, _Who)
    if isinstance(who, Tried):
        return who
    if not who.ok:
        return Tried(Came.WRONG, fields, call, who.error[:40])
    team = who.enterprise_id if who.is_enterprise_install else who.team_id
    return Tried(Came.OK, fields, call, found={"team_id": team} if team else {})


async def _socket(settings: SlackSettings, outbound: Outbound, token: str) -> Tried:
    fields, call = ("app_token",), "apps.connections.open"
    client = SlackClient(outbound, address(settings.api_url), "")
    try:
        await client.open_socket(token)
    except NotConnected as problem:
        return Tried(Came.NO_LINE if problem.refused else Came.SILENT, fields, call, str(problem))
    return Tried(Came.OK, fields, call)


SETUP = Setup(
    title="Slack",
    asked={
        "http": ("bot_token", "signing_secret", "team_id"),
        "socket_mode": ("bot_token", "app_token", "team_id"),
    },
    told={"team_id": "?"},
    try_out=try_out,
)
