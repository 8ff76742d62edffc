"""A platform of answers by method, on loopback, where the sandbox does not reach: details, orders, tokens."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiohttp import web

from bot.outbound import Outbound
from bot.shops.doudian.shop import Doudian, DoudianSettings
from tests.loopback import TestServer

Says = Callable[[dict[str, Any]], dict[str, Any]]


class Answers:
    """What each method answers, and what it was asked."""

    def __init__(self, says: dict[str, Says | dict[str, Any] | None]) -> None:
        self.says = says
        self.asked: list[tuple[str, dict[str, Any], str | None]] = []
        app = web.Application()
        app.router.add_post("/{method:.*}", self._answer)
        self.server = TestServer(app)

    def calls(self, method: str) -> list[dict[str, Any]]:
        """The parameters of each call of that method."""
        return [params for name, params, _ in self.asked if name == method]

    async def _answer(self, request: web.Request) -> web.Response:
        query = parse_qs(urlsplit(str(request.url)).query)
        method = query["method"][0]
        params = json.loads(await request.read())
        self.asked.append((method, params, query.get("access_token", [None])[0]))
        said = self.says.get(method)
        if said is None:
            return web.Response(status=500)
        return web.json_response(said(params) if callable(said) else said)


def well(data: Any) -> dict[str, Any]:
    """A good answer."""
    return {"code": 10000, "msg": "success", "sub_code": "", "sub_msg": "", "log_id": "1", "data": data}


def ill(code: int, sub_code: str = "", words: str = "") -> dict[str, Any]:
    """A bad one."""
    return {"code": code, "msg": words, "sub_code": sub_code, "sub_msg": words, "log_id": "1", "data": None}


def account(answers: Answers, outbound: Outbound, **more: Any) -> Doudian:
    """A shop on that platform."""
    settings = {
        "base_url": more.pop("base_url", None) or str(answers.server.make_url("/")),
        "app_key": "7000000000000000000",
        "app_secret": "00000000-0000-4000-8000-000000000000",
        "access_token": "demo-token",
        **more,
    }
    return Doudian(DoudianSettings.model_validate({k: v for k, v in settings.items() if v is not None}), outbound)
