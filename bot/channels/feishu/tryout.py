"""Tries what 飞书's pages gave: the company's token, the bot behind the app, the long connection's address."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from bot.channels.configuration import address
from bot.channels.feishu.channel import FeishuSettings
from bot.channels.feishu.client import FeishuClient
from bot.channels.line import NotConnected
from bot.channels.setting_up import Came, Setup, Tried, heard
from bot.outbound import Outbound

JSON = {"Content-Type": "application/json; charset=utf-8"}


class _App(BaseModel):
    app_id: str
    app_secret: str


class _Token(BaseModel):
    code: int
    msg: str = ""
    tenant_access_token: str = ""


class _Tenant(BaseModel):
    tenant_key: str = ""


class _Data(BaseModel):
    tenant: _Tenant = _Tenant()


class _Said(BaseModel):
    code: int
    msg: str = ""
    data: _Data | None = None


async def try_out(settings: FeishuSettings, outbound: Outbound, _alone: bool) -> Sequence[Tried]:  # noqa: FBT001
    """Encrypt Key and Verification Token are 飞书's proof to us: nothing tries them before 飞书 calls. `tenant_key` is
    told only where the app may read the company's name.
    """
    token, first = await _token(settings, outbound)
    found = [first]
    if token:
        found += [await _bot(settings, outbound, token), await _company(settings, outbound, token)]
        if settings.mode == "long_connection":
            found.append(await _line(settings, outbound))
    theirs = tuple(name for name in ("encrypt_key", "verification_token") if getattr(settings, name) is not None)
    return [*found, Tried(Came.UNTRIED, theirs)] if theirs else found


async def _token(settings: FeishuSettings, outbound: Outbound) -> tuple[str, Tried]:
    fields, call = ("app_id", "app_secret"), "tenant_access_token"
    app = _App(app_id=settings.app_id, app_secret=settings.app_secret.get_secret_value())
    url = f"{address(settings.api_url)}/open-apis/auth/v3/tenant_access_token/internal"
    body = app.model_dump_json().encode()
    outcome = await outbound.post(url, system="feishu", operation="token", body=body, headers=JSON)
    said = heard(outcome, fields, call, _Token)
    if isinstance(said, Tried):
        return "", said
    if said.code != 0 or not said.tenant_access_token:
        return "", Tried(Came.WRONG, fields, call, f"{said.code} {said.msg}"[:80])
    return said.tenant_access_token, Tried(Came.OK, fields, call)


async def _bot(settings: FeishuSettings, outbound: Outbound, token: str) -> Tried:
    fields, call = ("app_id",), "bot/v3/info"
    said = await _look(settings, outbound, token, f"/open-apis/{call}", fields)
    if isinstance(said, Tried):
        return said
    if said.code != 0:
        return Tried(Came.NO_BOT, fields, call, f"{said.code} {said.msg}"[:80])
    return Tried(Came.OK, fields, call)


async def _company(settings: FeishuSettings, outbound: Outbound, token: str) -> Tried:
    """Without the right to read it, it stays as it is written."""
    fields, call = ("tenant_key",), "tenant/v2/tenant/query"
    said = await _look(settings, outbound, token, f"/open-apis/{call}", fields)
    key = "" if isinstance(said, Tried) or said.data is None else said.data.tenant.tenant_key
    if not key:
        return Tried(Came.UNTRIED, fields, call)
    return Tried(Came.OK, fields, call, found={"tenant_key": key})


async def _line(settings: FeishuSettings, outbound: Outbound) -> Tried:
    fields, call = ("app_id", "app_secret"), "callback/ws/endpoint"
    secret = settings.app_secret.get_secret_value()
    try:
        await FeishuClient(outbound, address(settings.api_url), settings.app_id, secret).endpoint()
    except NotConnected as problem:
        return Tried(Came.NO_LINE if problem.refused else Came.SILENT, fields, call, str(problem))
    return Tried(Came.OK, fields, call)


async def _look(
    settings: FeishuSettings, outbound: Outbound, token: str, path: str, fields: tuple[str, ...]
) -> _Said | Tried:
    call = path.removeprefix("/open-apis/")
    url = f"{address(settings.api_url)}{path}"
    headers = {"Authorization": f"Bearer {token}"}
    outcome = await outbound.look(url, system="feishu", operation="setup", headers=headers)
    said: _Said | Tried = heard(outcome, fields, call, _Said)
    return said


_APP = ("app_id", "app_secret")

SETUP = Setup(
    title="飞书",
    asked={
        "http": (*_APP, "encrypt_key", "verification_token", "tenant_key"),
        "long_connection": (*_APP, "tenant_key"),
    },
    told={"tenant_key": "?"},
    try_out=try_out,
)
