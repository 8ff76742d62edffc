"""Tries what 钉钉's pages gave: the company's token, and an address for Stream mode, which nobody then uses."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from bot.channels.configuration import address
from bot.channels.dingtalk.channel import DingtalkSettings
from bot.channels.dingtalk.client import DingtalkClient
from bot.channels.line import NotConnected
from bot.channels.setting_up import Came, Setup, Tried, heard
from bot.outbound import Outbound

FIELDS = ("app_key", "app_secret")


class _App(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    app_key: str
    app_secret: str


class _Said(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)

    access_token: str = ""
    code: str = ""


async def try_out(settings: DingtalkSettings, outbound: Outbound, _alone: bool) -> Sequence[Tried]:  # noqa: FBT001
    """Company, robot and template are named only in messages: nothing tries them before."""
    first = await _token(settings, outbound)
    found = [first]
    if first.came.well and settings.mode == "stream":
        found.append(await _stream(settings, outbound))
    named = ("corp_id", "robot_code", *(("card_template",) if settings.card_template else ()))
    return [*found, Tried(Came.UNTRIED, named)]


async def _token(settings: DingtalkSettings, outbound: Outbound) -> Tried:
    call = "oauth2/accessToken"
    app = _App(app_key=settings.app_key, app_secret=settings.app_secret.get_secret_value())
    outcome = await outbound.post(
        f"{address(settings.api_url)}/v1.0/{call}",
        system="dingtalk",
        operation="token",
        body=app.model_dump_json(by_alias=True).encode(),
        headers={"Content-Type": "application/json; charset=utf-8"},
    )
    said = heard(outcome, FIELDS, call, _Said)
    if isinstance(said, Tried):
        return said
    return Tried(Came.OK, FIELDS, call) if said.access_token else Tried(Came.WRONG, FIELDS, call, said.code[:60])


async def _stream(settings: DingtalkSettings, outbound: Outbound) -> Tried:
    call = "gateway/connections/open"
    app = (settings.app_key, settings.app_secret.get_secret_value())
    try:
        await DingtalkClient(outbound, address(settings.api_url), app, settings.robot_code).open_connection()
    except NotConnected as problem:
        return Tried(Came.NO_LINE if problem.refused else Came.SILENT, FIELDS, call, str(problem))
    return Tried(Came.OK, FIELDS, call)


_APP = ("corp_id", "robot_code", *FIELDS)

SETUP = Setup(
    title="钉钉",
    asked={"http": (*_APP, "path_secret", "card_template?"), "stream": (*_APP, "card_template?")},
    made={"path_secret": lambda _values: secrets.token_hex(16)},
    try_out=try_out,
)
