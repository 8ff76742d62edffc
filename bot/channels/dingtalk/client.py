"""Speaks to 钉钉. It and `tryout.py` alone know its addresses."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from bot.channels.budget import asked_to_wait_s
from bot.channels.contract import NotPosted, Throttled
from bot.channels.dingtalk.inbound import SINGLE
from bot.channels.dingtalk.wire import CLICKS, MESSAGES
from bot.channels.line import NotConnected
from bot.outbound import NeverLeft, Outbound, Response

AGAIN_S = 2.0
SLOWER_S = 60.0
EARLY_S = 300.0
BUSY = -1
LIMITED, PEACE_S = frozenset({130101, 410100}), 600.0
"""Too many at once: twenty a minute, then ten minutes of nothing."""


class SessionOver(Exception):
    """The address that came with the message is no longer good."""


class CardRefused(Exception):
    """钉钉 shows no such card, whoever asks for it again: no such template, no right to it, not in this chat."""


@dataclass(frozen=True, slots=True)
class Presses:
    """Where presses on cards are sent, and under which secret; an empty `address`: by the Stream connection."""

    address: str = ""
    secret: str = ""

    @property
    def asked(self) -> Mapping[str, str]:
        """What a card says of it. The name of the route is the address's own, so that two installations of one app do
        not take each other's.
        """
        if not self.address:
            return {"callbackType": "STREAM"}
        return {"callbackType": "HTTP", "callbackRouteKey": self.route}

    @property
    def route(self) -> str:
        """The name of the route."""
        return f"intercept-{sha256(self.address.encode()).hexdigest()[:24]}"


class _Said(BaseModel):
    errcode: int = 0
    errmsg: str = ""


class _Token(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)

    access_token: str
    expire_in: int = 0


class _Delivered(BaseModel):
    success: bool = True


class _DeliveredAll(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel)

    deliver_results: tuple[_Delivered, ...] = ()


class _Shown(BaseModel):
    """钉钉 says 200 also for a card that is shown nowhere."""

    success: bool = True
    result: _DeliveredAll | bool | None = None

    @property
    def well(self) -> bool:
        found = self.result.deliver_results if isinstance(self.result, _DeliveredAll) else ()
        return self.success and self.result is not False and all(one.success for one in found)


class _Gateway(BaseModel):
    endpoint: str
    ticket: str


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
        self._registered = False

    @property
    def api(self) -> str:
        """The address of the API."""
        return self._api

    async def open_connection(self) -> tuple[str, str]:
        """The address of a Stream connection and its ticket, good for one. Raises `NotConnected`."""
        topics = [{"type": "CALLBACK", "topic": topic} for topic in (MESSAGES, CLICKS)]
        app = {"clientId": self._app["appKey"], "clientSecret": self._app["appSecret"]}
        body = {**app, "subscriptions": topics, "ua": "intercept-bot"}
        url = f"{self._api}/v1.0/gateway/connections/open"
        try:
            answer = await self._call("POST", url, "connections.open", body, {"Accept": "application/json"})
        except NotPosted:
            raise NotConnected("no address") from None
        if answer.status != 200:
            # what only a person can mend: a wrong secret, Stream mode not switched on
            raise NotConnected(f"open {_code(answer)}", refused=400 <= answer.status < 500)
        try:
            found = _Gateway.model_validate_json(answer.body)
        except ValidationError:
            raise NotConnected("address not readable") from None
        return found.endpoint, found.ticket

    async def show_card(
        self, card_id: str, template: str, chat: str, variables: Mapping[str, str], presses: Presses
    ) -> None:
        """Makes a card and shows it in a group or to a person. Raises `CardRefused`, `NotPosted`."""
        await self._register(presses)
        body: dict[str, Any] = {
            "cardTemplateId": template,
            "outTrackId": card_id,
            "cardData": {"cardParamMap": variables},
            "userIdType": 1,
            "imGroupOpenSpaceModel": {"supportForward": False},
            "imRobotOpenSpaceModel": {"supportForward": False},
            **presses.asked,
        }
        if chat.startswith(SINGLE):
            body["openSpaceId"] = f"dtv1.card//IM_ROBOT.{chat.removeprefix(SINGLE)}"
            body["imRobotOpenDeliverModel"] = {"spaceType": "IM_ROBOT", "robotCode": self._robot}
        else:
            body["openSpaceId"] = f"dtv1.card//IM_GROUP.{chat}"
            body["imGroupOpenDeliverModel"] = {"robotCode": self._robot}
        await self._card("POST", "/v1.0/card/instances/createAndDeliver", "card.show", body)

    async def change_card(self, card_id: str, variables: Mapping[str, str]) -> None:
        """Sets every variable of a card. Raises `CardRefused` where there is no such card, `NotPosted`."""
        body = {
            "outTrackId": card_id,
            "cardData": {"cardParamMap": variables},
            "cardUpdateOptions": {"updateCardDataByKey": True},
        }
        await self._card("PUT", "/v1.0/card/instances", "card.change", body)

    async def _register(self, presses: Presses) -> None:
        """Tells 钉钉 the address of presses, once. Raises `CardRefused`, `NotPosted`."""
        if self._registered or not presses.address:
            return
        body = {
            "callbackRouteKey": presses.route,
            "callbackUrl": presses.address,
            "apiSecret": presses.secret,
            "forceUpdate": True,
        }
        await self._card("POST", "/v1.0/card/callbacks/register", "card.register", body)
        self._registered = True

    async def _card(self, method: Literal["POST", "PUT"], path: str, operation: str, body: Mapping[str, Any]) -> None:
        headers = {"x-acs-dingtalk-access-token": await self._token_now()}
        answer = await self._call(method, f"{self._api}{path}", operation, body, headers)
        if answer.status == 401:
            self._token = ""
        if answer.status == 401 or answer.status >= 500:
            raise NotPosted(f"钉钉: {_code(answer)}", AGAIN_S)
        if answer.status != 200:
            raise CardRefused(_code(answer))
        try:
            shown = _Shown.model_validate_json(answer.body or b"{}")
        except ValidationError:
            raise CardRefused("not readable") from None
        if not shown.well:
            raise CardRefused("not delivered")

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
        return await self._call("POST", url, operation, body, headers)

    async def _call(
        self,
        method: Literal["POST", "PUT"],
        url: str,
        operation: str,
        body: Mapping[str, Any],
        headers: Mapping[str, str],
    ) -> Response:
        sent = json.dumps(body, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json; charset=utf-8", **headers}
        named: dict[str, Any] = {"system": "dingtalk", "operation": operation, "body": sent, "headers": headers}
        if method == "POST":
            outcome = await self._outbound.post(url, **named)
        else:
            outcome = await self._outbound.change("PUT", url, **named)
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
