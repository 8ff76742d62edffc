"""A platform that says that there were too many says it in its own way; what all of them mean is the same."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from bot.channels.chatwoot.client import ChatwootClient
from bot.channels.contract import Throttled
from bot.channels.dingtalk.client import DingtalkClient
from bot.channels.feishu.client import FeishuClient
from bot.channels.matrix.client import MatrixClient
from bot.channels.slack.client import SlackClient
from bot.channels.wecom.client import WecomClient
from bot.outbound import Outbound
from tests.channels.platforms import PEERS
from tests.loopback import TestServer

TOKENS = {"code": 0, "tenant_access_token": "t", "expire": 7200, "accessToken": "t", "expireIn": 7200}


@dataclass
class Busy:
    """A platform that gives tokens and has had too many of everything else."""

    status: int = 429
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] = field(default_factory=dict)

    async def answer(self, request: web.Request) -> web.Response:
        if "oken" in request.path:
            return web.json_response(TOKENS)
        return web.json_response(self.body, status=self.status, headers=dict(self.headers))


Send = Callable[[Outbound, str], Awaitable[object]]

SENDS: Mapping[str, Send] = {
    "slack": lambda out, url: SlackClient(out, url, "t").post("C1", {}),
    "slack, answering": lambda out, url: SlackClient(out, url, "t").respond(url, {}, replace=False),
    "feishu": lambda out, url: FeishuClient(out, url, "a", "s").send("oc", "k", {}),
    "wecom": lambda out, url: WecomClient(out).respond(url, {}),
    "dingtalk": lambda out, url: DingtalkClient(out, url, ("k", "s"), "r").send("cid", "t", "w"),
    "dingtalk, answering": lambda out, url: DingtalkClient(out, url, ("k", "s"), "r").respond(url, "t", "w"),
    "matrix": lambda out, url: MatrixClient(out, url, "t", "@b:x").send("!r", "k", {}),
    "chatwoot": lambda out, url: ChatwootClient(out, url, 1, "t").note("1", "w"),
}

SAID: Mapping[str, Mapping[str, object]] = {
    "slack": {"ok": False, "error": "ratelimited"},
    "feishu": {"code": 99991400, "msg": "request trigger frequency limit"},
    "wecom": {"errcode": 45009, "errmsg": "api freq out of limit"},
    "dingtalk, answering": {"errcode": 410100, "errmsg": "send too fast"},
}
"""Where it is said in an answer of 200."""


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    """The one way out."""
    out = Outbound(limit_s=5)
    await out.open()
    yield out
    await out.close()


async def _asked(outbound: Outbound, busy: Busy, send: Send) -> Throttled:
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", busy.answer)
    async with TestServer(app, host="127.0.0.1") as server:
        with pytest.raises(Throttled) as found:
            await send(outbound, str(server.make_url("/x")))
    return found.value


def test_every_platform_is_tried() -> None:
    """A platform that is added says here how it sends."""
    assert {name.partition(",")[0] for name in SENDS} == set(PEERS)


@pytest.mark.parametrize("name", SENDS)
async def test_as_long_as_it_asks(outbound: Outbound, name: str) -> None:
    """HTTP 429 with `Retry-After`: left in peace for so long."""
    found = await _asked(outbound, Busy(headers={"Retry-After": "41"}), SENDS[name])
    assert found.again_in_s == 41


@pytest.mark.parametrize("name", SENDS)
async def test_without_a_time(outbound: Outbound, name: str) -> None:
    """HTTP 429 alone: left in peace for a while."""
    found = await _asked(outbound, Busy(), SENDS[name])
    assert found.again_in_s >= 2


@pytest.mark.parametrize("name", SAID)
async def test_said_in_its_own_words(outbound: Outbound, name: str) -> None:
    """An answer of 200 with the platform's own code for too many."""
    found = await _asked(outbound, Busy(200, body=SAID[name]), SENDS[name])
    assert found.again_in_s >= 2
    assert "token" not in json.dumps(found.problem)


async def test_matrix_says_it_in_milliseconds(outbound: Outbound) -> None:
    """`retry_after_ms` of older servers."""
    busy = Busy(body={"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 7500})
    assert (await _asked(outbound, busy, SENDS["matrix"])).again_in_s == 7.5
