"""钉钉's gateway for Stream mode, on loopback: it gives out an address with a ticket for one connection, hands each
message to one connection, once, and says before it ends one.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from aiohttp import WSMsgType, web
from dingtalk_stream.chatbot import ChatbotMessage
from dingtalk_stream.frames import Headers
from dingtalk_stream.handlers import CallbackHandler

from tests.channels.dingtalk.cards import TEMPLATE, DingtalkCardsPeer
from tests.channels.dingtalk.peer import CORP, KEY, ROBOT, SECRET
from tests.channels.peers import Heard, Sent, until

BOT, CARD = ChatbotMessage.TOPIC, CallbackHandler.TOPIC_CARD_CALLBACK
ACK_WITHIN_S = 4.0


@dataclass
class DingtalkStreamPeer(DingtalkCardsPeer):
    """The same company, whose app has no public address. `denies`: statuses said instead of giving an address."""

    denies: list[int] = field(default_factory=list)
    sockets: list[web.WebSocketResponse] = field(default_factory=list)
    opened: int = 0
    acks: list[dict[str, Any]] = field(default_factory=list)
    subscribed: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._sent = count(1)
        self._tickets: set[str] = set()
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}

    def routes(self, app: web.Application) -> None:
        app.router.add_post("/api/v1.0/gateway/connections/open", self._open)
        app.router.add_get("/connect", self._serve)
        super().routes(app)

    def section(self) -> str:
        return (
            f'[dingtalk]\nmode = "stream"\ncorp_id = "{CORP}"\nrobot_code = "{ROBOT}"\napp_key = "{KEY}"\n'
            f'app_secret = "{SECRET}"\ncard_template = "{TEMPLATE}"\napi_url = "{self.url}/api"\n'
            f'hooks_url = "{self.url}/oapi"\n'
        )

    async def meet(self, base: str) -> None:
        await super().meet(base)
        await until(lambda: self.sockets)

    async def close(self) -> None:
        for socket in list(self.sockets):
            await socket.close()
        await super().close()

    async def send(self, sent: Sent) -> Heard:
        """What would be a request, as a frame; words for `/socket` go as they are."""
        if sent.path == "/socket":
            return await self._raw(sent.body)
        topic = CARD if sent.path.startswith("/card/") else BOT
        return await self.frame("CALLBACK", topic, sent.body.decode())

    async def frame(self, kind: str, topic: str, data: str, **more: Any) -> Heard:
        """Sends it once, and returns how it is acknowledged."""
        socket: web.WebSocketResponse = (await until(lambda: self.sockets))[-1]
        name = f"m-{next(self._sent)}"
        answered = self._waiting[name] = asyncio.get_running_loop().create_future()
        await socket.send_json(framed(kind, topic, name, data, **more))
        async with asyncio.timeout(ACK_WITHIN_S):
            ack = await answered
        response = json.loads(ack["data"]) if kind == "SYSTEM" else json.loads(ack["data"])["response"]
        return Heard(ack["code"], json.dumps(response).encode())

    async def disconnect(self) -> None:
        """钉钉 is about to end the newest connection."""
        await self.frame("SYSTEM", "disconnect", json.dumps({"reason": "connection is expired"}))

    def cut(self) -> None:
        """Breaks every connection, as a network does."""
        for socket in list(self.sockets):
            transport = socket._req.transport if socket._req is not None else None
            if transport is not None:
                transport.abort()

    def route(self, body: Mapping[str, Any]) -> None:
        assert body["callbackType"] == "STREAM"
        assert "callbackRouteKey" not in body

    def hostile(self, value: str) -> Iterable[tuple[str, Sent]]:
        message, click = self.message(" /intercept 1", self.person), self.click("ibc-1", value, self.person)
        frame = framed("CALLBACK", BOT, "h-1", message.body.decode())
        good = json.dumps(frame).encode()
        yield "truncated", Sent("/socket", good[:-20])
        yield "no JSON", Sent("/socket", b"\xe6\x8b\xa6")
        yield "a list", Sent("/socket", b"[]")
        yield "without headers", Sent("/socket", json.dumps({"type": "CALLBACK", "data": "{}"}).encode())
        yield "data that is no text", Sent("/socket", json.dumps({**frame, "data": {}}).encode())
        yield "another topic", Sent("/socket", json.dumps(framed("CALLBACK", "/v1.0/x", "h-2", "{}")).encode())
        yield "another kind", Sent("/socket", json.dumps(framed("EVENT", "*", "h-3", "{}")).encode())
        yield "oversized", Sent("/socket", json.dumps({**frame, "data": "x" * 300_000}).encode())
        yield "data cut short", Sent(message.path, message.body[:-9])
        yield "a press cut short", Sent(click.path, click.body[:-9])
        yield "a card of nobody", click
        yield "another company's press", self.click("ibc-1", value, self.person, corpId="ding02")
        yield "nobody's press", self.click("ibc-1", value, "")
        yield "no press inside", self.click("ibc-1", value, self.person, content="{}")
        for what, more in (
            ("another company", {"chatbotCorpId": "ding02"}),
            ("another robot", {"robotCode": "dingrobot02"}),
            ("a guest of another company", {"senderCorpId": "ding02"}),
            ("somebody outside", {"senderStaffId": ""}),
        ):
            yield what, self.message("/help", self.person, **more)

    async def _raw(self, data: bytes) -> Heard:
        """Whatever became of it, the connection bears the next frame."""
        before = len(self.acks)
        await self.sockets[-1].send_str(data.decode())
        assert (await self.frame("SYSTEM", "ping", '{"opaque":"1"}')).status == 200
        others = [ack["code"] for ack in self.acks[before:-1]]
        return Heard(others[0] if others else 400, b"")

    async def _open(self, request: web.Request) -> web.Response:
        if self.denies:
            return web.json_response({"code": "unavailable", "message": "no"}, status=self.denies.pop(0))
        body = await request.json()
        if (body["clientId"], body["clientSecret"]) != (KEY, SECRET):
            return web.json_response({"code": "authFailed", "message": "no"}, status=401)
        self.subscribed = {one["topic"] for one in body["subscriptions"] if one["type"] == "CALLBACK"}
        ticket = f"t/{next(self._sent)}+="
        self._tickets.add(ticket)
        return web.json_response({"endpoint": f"ws://127.0.0.1:{self._server.port}/connect", "ticket": ticket})

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self._tickets.remove(request.query["ticket"])
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        self.sockets.append(socket)
        self.opened += 1
        try:
            async for message in socket:
                assert message.type == WSMsgType.TEXT
                self._hear(json.loads(message.data))
        finally:
            self.sockets.remove(socket)
        return socket

    def _hear(self, ack: dict[str, Any]) -> None:
        assert ack.keys() == {"code", "headers", "message", "data"}
        headers = Headers.from_dict(ack["headers"])
        assert headers.content_type == Headers.CONTENT_TYPE_APPLICATION_JSON
        self.acks.append(ack)
        waiting = self._waiting.get(headers.message_id)
        if waiting is not None and not waiting.done():
            waiting.set_result(ack)


def framed(kind: str, topic: str, name: str, data: str, **more: Any) -> dict[str, Any]:
    """A frame, its headers by 钉钉's own SDK."""
    headers = Headers()
    headers.app_id, headers.connection_id, headers.message_id = "app-1", "con-1", name
    headers.content_type, headers.topic = Headers.CONTENT_TYPE_APPLICATION_JSON, topic
    headers.time = int(time.time() * 1000)
    return {"specVersion": "1.0", "type": kind, "headers": {**headers.to_dict(), **more}, "data": data}
