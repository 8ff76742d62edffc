"""飞书's gateway for long connections, on loopback: it gives out an address with a ticket, speaks in the frames of
飞书's own SDK, hands each event to one connection, and sends an event again that nobody acknowledged.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from aiohttp import WSMsgType, web

from bot.channels.feishu.verify import decrypt
from tests.channels.feishu.frames import frame, headers_of, parsed
from tests.channels.feishu.peer import APP, KEY, SECRET, TENANT, FeishuPeer
from tests.channels.peers import Heard, Sent, until

QUICK = {"ReconnectCount": -1, "ReconnectInterval": 1, "ReconnectNonce": 1, "PingInterval": 1}
ACK_WITHIN_S = 3.0


@dataclass
class FeishuLinePeer(FeishuPeer):
    """The same company, whose app has no public address.

    `split`: an event comes in so many frames. `loses`: so many acknowledgements get lost, and the connection with them;
    `on_loss` happens then. `refuses`: what the gateway says instead of opening a connection, one for each try.
    """

    split: int = 1
    loses: int = 0
    on_loss: Callable[[], object] = field(default=lambda: None)
    refuses: list[Any] = field(default_factory=list)
    sockets: list[web.WebSocketResponse] = field(default_factory=list)
    pings: list[int] = field(default_factory=list)
    opened: int = 0
    acks: list[tuple[str, int, bytes]] = field(default_factory=list)
    """Message, code and body, in the order in which they came."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._sent = count(1)
        self._tickets: set[str] = set()
        self._waiting: dict[str, asyncio.Future[tuple[int, bytes]]] = {}

    def routes(self, app: web.Application) -> None:
        super().routes(app)
        app.router.add_post("/callback/ws/endpoint", self._endpoint)
        app.router.add_get("/ws/v2", self._serve)

    def section(self) -> str:
        return (
            f'[feishu]\nmode = "long_connection"\napp_id = "{APP}"\napp_secret = "{SECRET}"\n'
            f'tenant_key = "{TENANT}"\napi_url = "http://127.0.0.1:{self._server.port}"\n'
        )

    async def meet(self, base: str) -> None:
        await super().meet(base)
        await until(lambda: self.sockets)

    async def close(self) -> None:
        for socket in self.sockets:
            await socket.close()
        await super().close()

    async def send(self, sent: Sent) -> Heard:
        """The event inside, by the connection; bytes for `/frame` go as they are."""
        if sent.path == "/frame":
            return await self._raw(sent.body)
        plain = decrypt(KEY, json.loads(sent.body)["encrypt"])
        assert plain is not None
        return await self.event(plain)

    async def event(self, plain: bytes, name: str = "") -> Heard:
        """Sends it until it is acknowledged, as 飞书 does with events; a code of 500 is an answer too."""
        name = name or f"msg-{next(self._sent)}"
        while True:
            answered = self._waiting[name] = asyncio.get_running_loop().create_future()
            socket: web.WebSocketResponse = (await until(lambda: self.sockets))[-1]
            for made in self.frames(name, plain):
                await socket.send_bytes(made)
            try:
                async with asyncio.timeout(ACK_WITHIN_S):
                    code, body = await answered
            except ConnectionResetError:
                continue
            return Heard(200 if code == 200 else 400, body)

    def frames(self, name: str, plain: bytes, kind: str = "event") -> list[bytes]:
        """The event in as many frames as it is to have."""
        size = -(-len(plain) // self.split)
        parts = [plain[at : at + size] for at in range(0, len(plain), size)]
        return [
            frame(
                method=1,
                headers={
                    "type": kind,
                    "message_id": name,
                    "trace_id": f"t-{name}",
                    "sum": str(len(parts)),
                    "seq": str(number),
                },
                payload=part,
                seq=next(self._sent),
            ).SerializeToString()
            for number, part in enumerate(parts)
        ]

    def hostile(self, value: str) -> Iterable[tuple[str, Sent]]:
        good = self.plain(self.message("/intercept 7312045566778894001", self.person))
        [whole] = self.frames("h-1", good)
        yield "truncated", Sent("/frame", whole[:-30])
        yield "no frame", Sent("/frame", os.urandom(200))
        yield "an endless number", Sent("/frame", b"\x08" + b"\xff" * 40)
        yield "without parts", _headed({"type": "event", "message_id": "h-2"}, good)
        yield "a part of nothing", _headed({"type": "event", "message_id": "h-3", "sum": "0", "seq": "0"}, good)
        yield "a part too far", _headed({"type": "event", "message_id": "h-4", "sum": "2", "seq": "7"}, good)
        yield "a million parts", _headed({"type": "event", "message_id": "h-5", "sum": "9999", "seq": "1"}, good)
        yield "one part of two", _headed({"type": "event", "message_id": "h-6", "sum": "2", "seq": "0"}, good)
        yield "another type", _headed({"type": "x", "message_id": "h-7", "sum": "1", "seq": "0"}, good)
        yield "no JSON", _headed({"type": "event", "message_id": "h-8", "sum": "1", "seq": "0"}, good[:-9])
        yield "oversized", _headed({"type": "event", "message_id": "h-9", "sum": "1", "seq": "0"}, b"x" * 600_000)
        yield "another app", self.click("om_1", value, self.person, app_id="cli_a2")
        yield "another company's person", self.message("/intercept 1", self.person, company="tk-2")
        yield "another company's click", self.click("om_1", value, self.person, company="tk-2")
        yield "another company's menu", self.menu("help", self.person, tenant_key="tk-2")
        # taken, so that they do not come again: and refused in words, or nothing of ours
        yield "no person", _headed({"type": "event", "message_id": "h-10", "sum": "1", "seq": "0"}, self._nobody())

    def plain(self, sent: Sent) -> bytes:
        """The event as JSON."""
        found = decrypt(KEY, json.loads(sent.body)["encrypt"])
        assert found is not None
        return found

    def cut(self, only: web.WebSocketResponse | None = None) -> None:
        """Breaks every connection, or that one, as a network does."""
        for socket in list(self.sockets) if only is None else [only]:
            transport = socket._req.transport if socket._req is not None else None
            if transport is not None:
                transport.abort()

    def _nobody(self) -> bytes:
        header = self.header("im.message.receive_v1")
        return json.dumps({"schema": "2.0", "header": header, "event": {"message": {}}}).encode()

    async def _raw(self, data: bytes) -> Heard:
        """Whatever became of it, the connection bears the next event."""
        socket = self.sockets[-1]
        before = len(self.acks)
        await socket.send_bytes(data)
        probe = {"schema": "2.0", "header": self.header("im.chat.updated_v1"), "event": {}}
        assert (await self.event(json.dumps(probe).encode())).status == 200
        others = [code for _, code, _ in self.acks[before:-1]]
        return Heard(200 if 200 in others else 400, b"")

    async def _endpoint(self, request: web.Request) -> web.Response:
        self.calls.append("endpoint")
        if self.refuses and isinstance(self.refuses[0], int):
            return web.json_response({"code": self.refuses.pop(0), "msg": "no"})
        if await request.json() != {"AppID": APP, "AppSecret": SECRET}:
            return web.json_response({"code": 514, "msg": "auth failed"})
        ticket = f"ticket-{next(self._sent)}"
        self._tickets.add(ticket)
        host = f"ws://127.0.0.1:{self._server.port}"
        url = f"{host}/ws/v2?fpid=493&aid=1&device_id={ticket}&access_key=k&service_id=7&ticket={ticket}"
        return web.json_response({"code": 0, "msg": "", "data": {"URL": url, "ClientConfig": QUICK}})

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if self.refuses:
            return web.Response(status=403, headers=self.refuses.pop(0))
        ticket = request.query["ticket"]
        if ticket not in self._tickets:
            return web.Response(status=403, headers={"handshake-status": "403", "handshake-msg": "used"})
        self._tickets.remove(ticket)
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        self.sockets.append(socket)
        self.opened += 1
        try:
            async for message in socket:
                assert message.type == WSMsgType.BINARY
                await self._hear(socket, parsed(message.data))
        finally:
            self.sockets.remove(socket)
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(ConnectionResetError())
                    waiting.exception()  # perhaps nobody waits for it any more
        return socket

    async def _hear(self, socket: web.WebSocketResponse, heard: Any) -> None:
        headers = headers_of(heard)
        if heard.method == 0:
            assert headers["type"] == "ping"
            self.pings.append(heard.service)
            pong = frame(method=0, headers={"type": "pong"}, payload=json.dumps(QUICK).encode())
            await socket.send_bytes(pong.SerializeToString())
            return
        if self.loses:
            self.loses -= 1
            self.on_loss()
            self.cut(socket)
            return
        assert int(headers["biz_rt"]) >= 0
        said = json.loads(heard.payload)
        body = base64.b64decode(said["data"]) if said.get("data") else b""
        self.acks.append((headers["message_id"], said["code"], body))
        waiting = self._waiting.get(headers["message_id"])
        if waiting is not None and not waiting.done():
            waiting.set_result((said["code"], body))


def _headed(headers: dict[str, str], payload: bytes) -> Sent:
    return Sent("/frame", frame(method=1, headers=headers, payload=payload).SerializeToString())
