"""Tries a homeserver: whether it answers, and whether it knows the bot by our token. Makes the registration."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from pydantic import BaseModel

from bot.channels.configuration import address
from bot.channels.matrix.channel import MatrixSettings
from bot.channels.setting_up import Came, Setup, Tried, heard
from bot.outbound import Outbound


class _Versions(BaseModel):
    versions: tuple[str, ...]


class _Who(BaseModel):
    user_id: str = ""
    errcode: str = ""


async def try_out(settings: MatrixSettings, outbound: Outbound, _alone: bool) -> Sequence[Tried]:  # noqa: FBT001
    """`hs_token` is the homeserver's proof to us: nothing tries it before the homeserver calls."""
    first = await _there(settings, outbound)
    if not first.came.well:
        return [first]
    return [first, await _known(settings, outbound), Tried(Came.UNTRIED, ("hs_token",))]


async def _there(settings: MatrixSettings, outbound: Outbound) -> Tried:
    fields, call = ("homeserver_url",), "versions"
    url = f"{address(settings.homeserver_url)}/_matrix/client/versions"
    found = heard(await outbound.look(url, system="matrix", operation=call, headers={}), fields, call, _Versions)
    return found if isinstance(found, Tried) else Tried(Came.OK, fields, call)


async def _known(settings: MatrixSettings, outbound: Outbound) -> Tried:
    call = "whoami"
    url = f"{address(settings.homeserver_url)}/_matrix/client/v3/account/whoami?user_id={quote(settings.user, safe='')}"
    headers = {"Authorization": f"Bearer {settings.as_token.get_secret_value()}"}
    who = heard(await outbound.look(url, system="matrix", operation=call, headers=headers), ("as_token",), call, _Who)
    if isinstance(who, Tried):
        return who
    if who.user_id == settings.user:
        return Tried(Came.OK, ("as_token", "user"), call)
    fields = ("user",) if who.errcode in {"M_FORBIDDEN", "M_EXCLUSIVE"} else ("as_token",)
    return Tried(Came.WRONG, fields, call, who.errcode[:40])


def registration(name: str, settings: MatrixSettings, base: str) -> Mapping[str, str]:
    """The homeserver's half: a YAML file, whose strings are quoted as JSON's are."""
    local = settings.user.removeprefix("@").partition(":")[0]
    lines = [
        f"id: {json.dumps('intercept' if name == 'matrix' else f'intercept-{name}')}",
        f"url: {json.dumps(base)}",
        f"as_token: {json.dumps(settings.as_token.get_secret_value())}",
        f"hs_token: {json.dumps(settings.hs_token.get_secret_value())}",
        f"sender_localpart: {json.dumps(local)}",
        "rate_limited: false",
        "namespaces:",
        "  users:",
        f"    - {{exclusive: true, regex: {json.dumps(re.escape(settings.user))}}}",
    ]
    return {f"{name}-registration.yaml": "\n".join(lines) + "\n"}


SETUP = Setup(
    title="Matrix",
    asked={"": ("homeserver_url", "server_name", "user", "as_token", "hs_token")},
    made={
        "user": lambda values: f"@intercept:{values.get('server_name', '')}",
        "as_token": lambda _values: secrets.token_hex(32),
        "hs_token": lambda _values: secrets.token_hex(32),
    },
    local=True,
    files=registration,
    try_out=try_out,
)
