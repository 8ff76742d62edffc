"""钉钉 on loopback: a group and its robot, the address of an answer, the robot's own account."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as changed
from itertools import count
from typing import Any

from aiohttp import web

from bot.cards.card import Card
from bot.channels.dingtalk import render
from tests.channels.peers import Heard, Seen, Sent, send
from tests.loopback import TestServer

SECRET, PATH, CORP, ROBOT, KEY = "ding-app-secret-01", "a-long-random-path-01", "ding01", "dingrobot01", "dingkey01"
BUTTON = re.compile(r"^\((\d+)\) (.+)$", re.MULTILINE)


@dataclass
class Kept:
    """A message in the group; `by`: how it came."""

    title: str
    text: str
    by: str


@dataclass
class DingtalkPeer:
    """A company with one group."""

    name: str = "dingtalk"
    tenant: str = CORP
    person: str = "staff1"
    stranger: str = "staff9"
    commands: Sequence[str] = ("](http", "<at", "<!")
    conversation: str = "cid1=="
    session_s: float = 5400.0
    kept: list[Kept] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    fails: list[tuple[int, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._numbers = count(1)
        self._base = ""

    async def start(self) -> None:
        app = web.Application()
        self.routes(app)
        self._server = TestServer(app, host="127.0.0.1")
        await self._server.start_server()

    def routes(self, app: web.Application) -> None:
        app.router.add_post("/oapi/robot/sendBySession", self._session)
        app.router.add_post("/api/v1.0/oauth2/accessToken", self._token)
        app.router.add_post("/api/v1.0/robot/groupMessages/send", self._send)
        app.router.add_post("/api/v1.0/robot/oToMessages/batchSend", self._send)

    async def close(self) -> None:
        await self._server.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.port}"

    def section(self) -> str:
        return (
            f'[dingtalk]\ncorp_id = "{CORP}"\nrobot_code = "{ROBOT}"\napp_key = "{KEY}"\napp_secret = "{SECRET}"\n'
            f'path_secret = "{PATH}"\napi_url = "{self.url}/api"\nhooks_url = "{self.url}/oapi"\n'
        )

    async def meet(self, base: str) -> None:
        self._base = base

    async def send(self, sent: Sent) -> Heard:
        return await send(self._base, self.name, sent)

    async def say(self, text: str, user: str = "") -> Heard:
        return await self.send(self.message(f" {text}", user or self.person))

    async def press(self, seen: Seen, words: str, picked: Sequence[str] = (), user: str = "") -> Heard:
        await asyncio.sleep(0.2)
        return await self.say(seen.button(words), user)

    def seen(self) -> list[Seen]:
        return [
            Seen(str(number), one.text.replace("**", ""), {words: n for n, words in BUTTON.findall(one.text)})
            for number, one in enumerate(self.kept)
        ]

    def told(self) -> list[str]:
        return [one.text for one in self.seen()]

    def drawn(self, card: Card, pages: str) -> Seen:
        words = render.markdown(card, pages)
        param = json.dumps({"msgParam": json.dumps({"title": card.title, "text": words}, ensure_ascii=False)})
        assert len(json.loads(param)["msgParam"].encode()) <= 15_000
        presses = render.presses(card, pages)
        assert [n for n, _ in BUTTON.findall(words)] == [str(press.number) for press in presses]
        raw = words.replace(f"]({pages}", "") if pages else words
        return Seen("", words.replace("**", ""), {one.label: one.value for one in presses}, raw=raw)

    def message(self, words: str, user: str, **more: Any) -> Sent:
        """Somebody mentions the robot in the group."""
        now = int(time.time() * 1000)
        body = {
            "msgId": f"msg{next(self._numbers)}",
            "conversationId": self.conversation,
            "conversationType": "2",
            "msgtype": "text",
            "text": {"content": words},
            "isInAtList": True,
            "senderId": "$:LWCP_v1:$x",
            "senderNick": "李",
            "senderStaffId": user,
            "senderCorpId": CORP,
            "chatbotCorpId": CORP,
            "chatbotUserId": "$:LWCP_v1:$y",
            "robotCode": ROBOT,
            "createAt": now,
            "sessionWebhook": f"{self.url}/oapi/robot/sendBySession?session=s1",
            "sessionWebhookExpiredTime": now + int(self.session_s * 1000),
            **more,
        }
        return signed(body)

    def hostile(self, value: str) -> Iterable[tuple[str, Sent]]:
        good = self.message(" /intercept 7312045566778894001", self.person)
        yield "unsigned", changed(good, headers={})
        yield "wrong sign", changed(good, headers={**good.headers, "sign": "x"})
        yield "another path", changed(good, path="/robot/another-random-path")
        yield "no path", changed(good, path="/robot/")
        body = json.loads(good.body)
        yield "stale", signed(body, at=time.time() - 601)
        yield "from the future", signed(body, at=time.time() + 602)
        yield "another secret", signed(body, secret="another-secret")
        yield "seconds for milliseconds", signed(body, at=time.time() / 1000)
        yield "truncated", changed(good, body=good.body[:-9])
        yield "another company", self.message("/help", self.person, chatbotCorpId="ding02")
        yield "another robot", self.message("/help", self.person, robotCode="dingrobot02")
        yield "a guest of another company", self.message("/help", self.person, senderCorpId="ding02")
        yield "somebody outside", self.message("/help", "")
        yield "no company", self.message("/help", self.person, chatbotCorpId="")
        for gone in ("msgId", "conversationId", "createAt", "msgtype"):
            yield f"without {gone}", signed({name: one for name, one in body.items() if name != gone})
        yield "no JSON", changed(good, body=b"{")
        yield "oversized", changed(good, body=b"x" * (257 * 1024))

    async def _session(self, request: web.Request) -> web.Response:
        self.calls.append("session")
        if self.fails:
            status, code = self.fails.pop(0)
            return web.json_response({"errcode": code, "errmsg": "no"}, status=status)
        assert request.query["session"] == "s1"
        body = await request.json()
        self.kept.append(Kept(body["markdown"]["title"], body["markdown"]["text"], "session"))
        return web.json_response({"errcode": 0, "errmsg": "ok"})

    async def _token(self, request: web.Request) -> web.Response:
        self.calls.append("token")
        if await request.json() != {"appKey": KEY, "appSecret": SECRET}:
            return web.json_response({"code": "invalidParameter"}, status=400)
        return web.json_response({"accessToken": "token-1", "expireIn": 7200})

    async def _send(self, request: web.Request) -> web.Response:
        self.calls.append(request.path.rsplit("/", 2)[1])
        if self.fails:
            status, code = self.fails.pop(0)
            return web.json_response({"code": code, "message": "no"}, status=status)
        assert request.headers["x-acs-dingtalk-access-token"] == "token-1"
        body = await request.json()
        assert body["robotCode"] == ROBOT
        assert body["msgKey"] == "sampleMarkdown"
        assert (body.get("openConversationId") == self.conversation) or body["userIds"][0] in (
            self.person,
            self.stranger,
        )
        param = json.loads(body["msgParam"])
        self.kept.append(Kept(param["title"], param["text"], "robot"))
        return web.json_response({"processQueryKey": "k"})


def signed(body: Any, *, at: float | None = None, secret: str = SECRET) -> Sent:
    """As 钉钉 signs: the time alone."""
    timestamp = str(int((time.time() if at is None else at) * 1000))
    mac = hmac.new(secret.encode(), f"{timestamp}\n{secret}".encode(), hashlib.sha256).digest()
    headers = {"Content-Type": "application/json", "timestamp": timestamp, "sign": base64.b64encode(mac).decode()}
    return Sent(f"/robot/{PATH}", json.dumps(body).encode(), headers)
