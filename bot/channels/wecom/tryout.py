"""Tries what 企业微信's pages gave. By the connection a robot can prove itself; over callbacks only 企业微信 can."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Sequence

from aiohttp import ClientError
from pydantic import ValidationError

from bot.channels.setting_up import Came, Setup, Tried
from bot.channels.wecom.channel import WecomSettings
from bot.channels.wecom.client import PASSING
from bot.channels.wecom.listen import LONGEST_FRAME, NO_HEARTBEAT_S, RECEIPT_S, SUBSCRIBE
from bot.channels.wecom.wire import Frame
from bot.outbound import Outbound


async def try_out(settings: WecomSettings, outbound: Outbound, alone: bool) -> Sequence[Tried]:  # noqa: FBT001
    """Connecting puts out whoever is connected, so it is done only when nobody is."""
    found: list[Tried] = []
    if settings.mode == "long_connection":
        fields = ("aibot_id", "secret")
        found.append(await _subscribed(settings, outbound) if alone else Tried(Came.RUNNING, fields))
    theirs = tuple(name for name in ("token", "aes_key") if getattr(settings, name) is not None)
    return [*found, Tried(Came.UNTRIED, ("corp_id", *theirs))]


async def _subscribed(settings: WecomSettings, outbound: Outbound) -> Tried:
    fields = ("aibot_id", "secret")
    secret = "" if settings.secret is None else settings.secret.get_secret_value()
    body = {"bot_id": settings.aibot_id, "secret": secret}
    frame = {"cmd": SUBSCRIBE, "headers": {"req_id": f"{SUBSCRIBE}_{secrets.token_hex(12)}"}, "body": body}
    try:
        async with asyncio.timeout(RECEIPT_S):
            socket = await outbound.socket(
                str(settings.line_url), system="wecom", longest=LONGEST_FRAME, heartbeat_s=NO_HEARTBEAT_S
            )
            try:
                await socket.send_str(json.dumps(frame))
                receipt = Frame.model_validate_json(await socket.receive_str())
            finally:
                await socket.close()
    except (ClientError, OSError) as fault:  # TimeoutError is one of the latter
        return Tried(Came.SILENT, fields, SUBSCRIBE, type(fault).__name__)
    except (TypeError, ValidationError):
        return Tried(Came.UNREADABLE, fields, SUBSCRIBE)
    if receipt.errcode == 0:
        return Tried(Came.OK, fields, SUBSCRIBE)
    return Tried(Came.SILENT if receipt.errcode in PASSING else Came.WRONG, fields, SUBSCRIBE, str(receipt.errcode))


SETUP = Setup(
    title="企业微信",
    asked={
        "callback": ("corp_id", "token", "aes_key", "aibot_id?", "bot_name?"),
        "long_connection": ("corp_id", "aibot_id", "secret", "bot_name?"),
    },
    try_out=try_out,
)
