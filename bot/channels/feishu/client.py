"""Speaks to 飞书. It and `tryout.py` alone know its addresses."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from bot.channels.budget import asked_to_wait_s
from bot.channels.contract import NotPosted, Throttled
from bot.channels.feishu.wire import LineAddress
from bot.channels.line import NotConnected
from bot.outbound import NeverLeft, Outbound, Response

AGAIN_S = 2.0
EARLY_S = 300.0
"""A token is fetched anew so long before it ends."""

TOKEN_OVER = frozenset({99991661, 99991663, 99991664, 99991668})
LIMITED, SLOWER_S = frozenset({99991400, 230020, 11232, 11233, 11247}), 2.0
GONE = frozenset({230011, 230031, 230110})
"""This message was taken back, is older than 14 days, or deleted: a new one can be sent."""

LINE_BUSY = frozenset({1, 1000040343, 1000040350})
"""No connection now: busy, ill, or fifty of them already. Any other number says that we may not have one."""


class FeishuSaid(NotPosted):
    """飞书's own number for why not."""

    def __init__(self, code: int, words: str) -> None:
        again = AGAIN_S if code in TOKEN_OVER else None
        super().__init__(f"飞书: {code} {words}"[:120], again)
        self.code = code


class _Data(BaseModel):
    message_id: str = ""


class _Said(BaseModel):
    code: int
    msg: str = ""
    data: _Data | None = None


class _Line(BaseModel):
    code: int
    data: LineAddress | None = None


class _Token(BaseModel):
    code: int
    msg: str = ""
    tenant_access_token: str = ""
    expire: int = 0


class FeishuClient:
    """One app in one company."""

    def __init__(
        self,
        outbound: Outbound,
        api: str,
        app_id: str,
        app_secret: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._outbound = outbound
        self.api = api
        self._app = {"app_id": app_id, "app_secret": app_secret}
        self._clock = clock
        self._token = ""
        self._token_until = 0.0
        self._one_asks = asyncio.Lock()

    async def send(self, chat: str, key: str, card: Mapping[str, Any]) -> str:
        """A new message; the same `key` within an hour is the same message. Returns its id. Raises `NotPosted`.

        `chat`: a chat, or a person's `open_id`, which is the talk of the two: the bot's menu names no other place.
        """
        body = {"receive_id": chat, "msg_type": "interactive", "content": _words(card), "uuid": key}
        kind = "open_id" if chat.startswith("ou_") else "chat_id"
        said = await self._ask("POST", f"/open-apis/im/v1/messages?receive_id_type={kind}", "message.send", body)
        if said.data is None or not said.data.message_id:
            raise NotPosted("飞书: no message id", AGAIN_S)
        return said.data.message_id

    async def change(self, message_id: str, card: Mapping[str, Any]) -> None:
        """Changes a card of ours. Raises `NotPosted`."""
        path = f"/open-apis/im/v1/messages/{message_id}"
        await self._ask("PATCH", path, "message.patch", {"content": _words(card)})

    async def endpoint(self) -> LineAddress:
        """Where a long connection of this app is to be opened; good for one. Raises `NotConnected`."""
        outcome = await self._outbound.post(
            f"{self.api}/callback/ws/endpoint",
            system="feishu",
            operation="line.open",
            body=json.dumps({"AppID": self._app["app_id"], "AppSecret": self._app["app_secret"]}).encode(),
            headers={"locale": "zh", **_JSON},
        )
        if not isinstance(outcome, Response):
            raise NotConnected(outcome.why)
        try:
            said = _Line.model_validate_json(outcome.body)
        except ValidationError:
            raise NotConnected(f"HTTP {outcome.status}") from None
        if said.code != 0 or said.data is None:
            raise NotConnected(f"code {said.code}", refused=said.code not in LINE_BUSY and outcome.status < 500)
        return said.data

    async def _ask(self, method: Literal["POST", "PATCH"], path: str, operation: str, body: Mapping[str, Any]) -> _Said:
        said = await self._once(method, path, operation, body)
        if said.code in TOKEN_OVER:
            self._token = ""
            said = await self._once(method, path, operation, body)
        if said.code in LIMITED:
            raise Throttled(f"飞书: {said.code}", SLOWER_S)
        if said.code != 0:
            raise FeishuSaid(said.code, said.msg)
        return said

    async def _once(
        self, method: Literal["POST", "PATCH"], path: str, operation: str, body: Mapping[str, Any]
    ) -> _Said:
        headers = {"Authorization": f"Bearer {await self._token_now()}", **_JSON}
        content, url = json.dumps(body, ensure_ascii=False).encode(), f"{self.api}{path}"
        if method == "PATCH":
            outcome = await self._outbound.change(
                "PATCH", url, system="feishu", operation=operation, body=content, headers=headers
            )
        else:
            outcome = await self._outbound.post(
                url, system="feishu", operation=operation, body=content, headers=headers
            )
        answer = _answered(outcome)
        try:
            return _Said.model_validate_json(answer)
        except ValidationError:
            raise NotPosted("飞书: no answer that can be read", AGAIN_S) from None

    async def _token_now(self) -> str:
        """The company's token; fetched once for all who wait for it."""
        async with self._one_asks:
            if self._token and self._clock() < self._token_until:
                return self._token
            outcome = await self._outbound.post(
                f"{self.api}/open-apis/auth/v3/tenant_access_token/internal",
                system="feishu",
                operation="token",
                body=json.dumps(self._app).encode(),
                headers=_JSON,
            )
            try:
                found = _Token.model_validate_json(_answered(outcome))
            except ValidationError:
                raise NotPosted("飞书: no token that can be read", AGAIN_S) from None
            if found.code != 0 or not found.tenant_access_token:
                raise FeishuSaid(found.code, found.msg)
            self._token = found.tenant_access_token
            self._token_until = self._clock() + max(found.expire - EARLY_S, 30.0)
            return self._token


_JSON = {"Content-Type": "application/json; charset=utf-8"}


def _answered(outcome: object) -> bytes:
    """The body; 飞书 says why not in it, also with a status of 400."""
    if not isinstance(outcome, Response):
        why = getattr(outcome, "why", "")
        raise NotPosted(f"飞书: {why}", 1.0 if isinstance(outcome, NeverLeft) else AGAIN_S)
    if outcome.status == 429:
        raise Throttled("飞书: HTTP 429", asked_to_wait_s(outcome, SLOWER_S))
    if outcome.status >= 500:
        raise NotPosted(f"飞书: HTTP {outcome.status}", AGAIN_S)
    return outcome.body


def _words(card: Mapping[str, Any]) -> str:
    return json.dumps(card, ensure_ascii=False)
