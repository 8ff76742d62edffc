"""Speaks to 钉钉. The only file that knows its addresses."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from bot.channels.budget import asked_to_wait_s
from bot.channels.contract import NotPosted, Throttled
from bot.channels.dingtalk.inbound import SINGLE
from bot.outbound import NeverLeft, Outbound, Response

AGAIN_S = 2.0
SLOWER_S = 60.0
EARLY_S = 300.0
BUSY = -1
LIMITED, PEACE_S = frozenset({130101, 410100}), 600.0
"""Too many at once: twenty a minute, then ten minutes of nothing."""


class SessionOver(Exception):
    """The address that came with the message is no longer good."""


class _Said(BaseModel):
    errcode: int = 0
    errmsg: str = ""


class _Token(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)

    access_token: str
    expire_in: int = 0


class _Problem(BaseModel):
    code: str = "unknown"


class DingtalkClient:
    """One robot."""

    def __init__(
        self,
        outbound: Outbound,
        api: str,
        app: tuple[str, str],
        robot: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._outbound = outbound
        self._api = api
        self._app = {"appKey": app[0], "appSecret": app[1]}
        self._robot = robot
        self._clock = clock
        self._token = ""
        self._token_until = 0.0
        self._one_asks = asyncio.Lock()

    async def respond(self, url: str, title: str, words: str) -> None:
        """By the address that came with the message. Raises `SessionOver`, `NotPosted`."""
        body = {"msgtype": "markdown", "markdown": {"title": title, "text": words}}
        answer = await self._post(url, "session", body, {})
        if answer.status in (401, 403, 404, 410):
            raise SessionOver
        try:
            said = _Said.model_validate_json(answer.body)
        except ValidationError:
            raise NotPosted(f"钉钉: HTTP {answer.status}", AGAIN_S) from None
        if said.errcode in LIMITED:
            raise Throttled(f"钉钉: {said.errcode}", PEACE_S)
        if said.errcode == BUSY:
            raise NotPosted(f"钉钉: {said.errcode}", SLOWER_S)
        if said.errcode != 0:
            raise SessionOver

    async def send(self, chat: str, title: str, words: str) -> None:
        """On the robot's own account, to a group or a person. Raises `NotPosted`."""
        body: dict[str, Any] = {
            "robotCode": self._robot,
            "msgKey": "sampleMarkdown",
            "msgParam": json.dumps({"title": title, "text": words}, ensure_ascii=False),
        }
        if chat.startswith(SINGLE):
            path, body["userIds"] = "/v1.0/robot/oToMessages/batchSend", [chat.removeprefix(SINGLE)]
        else:
            path, body["openConversationId"] = "/v1.0/robot/groupMessages/send", chat
        headers = {"x-acs-dingtalk-access-token": await self._token_now()}
        answer = await self._post(f"{self._api}{path}", "robot.send", body, headers)
        if answer.status == 200:
            return
        if answer.status == 401:
            self._token = ""
        busy = answer.status == 401 or answer.status >= 500
        raise NotPosted(f"钉钉: {_code(answer)}", AGAIN_S if busy else None)

    async def _token_now(self) -> str:
        """The company's token; fetched once for all who wait for it."""
        async with self._one_asks:
            if self._token and self._clock() < self._token_until:
                return self._token
            answer = await self._post(f"{self._api}/v1.0/oauth2/accessToken", "token", self._app, {})
            try:
                found = _Token.model_validate_json(answer.body)
            except ValidationError:
                raise NotPosted(f"钉钉: token: {_code(answer)}", SLOWER_S) from None
            self._token, self._token_until = found.access_token, self._clock() + max(found.expire_in - EARLY_S, 30.0)
            return self._token

    async def _post(self, url: str, operation: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
        outcome = await self._outbound.post(
            url,
            system="dingtalk",
            operation=operation,
            body=json.dumps(body, ensure_ascii=False).encode(),
            headers={"Content-Type": "application/json; charset=utf-8", **headers},
        )
        if isinstance(outcome, Response) and outcome.status == 429:
            raise Throttled("钉钉: HTTP 429", asked_to_wait_s(outcome, SLOWER_S))
        if isinstance(outcome, Response):
            return outcome
        raise NotPosted(f"钉钉: {outcome.why}", 1.0 if isinstance(outcome, NeverLeft) else AGAIN_S)


def _code(answer: Response) -> str:
    try:
        return _Problem.model_validate_json(answer.body).code[:60]
    except ValidationError:
        return f"HTTP {answer.status}"
