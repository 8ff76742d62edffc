"""企业微信's gateway for long connections, on loopback: one connection for each robot, no receipt for what it hands
over, a receipt for what is sent by it, five seconds for a pressed card.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from aiohttp import WSMsgType, web

from tests.channels.peers import Heard, Seen, Sent, until
from tests.channels.wecom.peer import CORP, ROBOT, Kept, WecomPeer, check

SECRET = "wecom-line-secret-01"
UPDATE_WITHIN_S = 5.0
GIVES_UP_S = 1.0
"""So long the tests wait for a card that is perhaps not updated."""


@dataclass
class WecomLinePeer(WecomPeer):
    """The same company, whose robot has no public address.

    `refuses`: codes for the next subscriptions; `fails`: for the next messages. `deaf`: pings have no receipt.
    """

    refuses: list[int] = field(default_factory=list)
    deaf: bool = False
    sockets: list[web.WebSocketResponse] = field(default_factory=list)
    opened: int = 0
    pings: int = 0
    tasks: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._sent = count(1)
        self._talked: set[str] = set()
        self._pressed: dict[str, tuple[str, float, asyncio.Future[dict[str, Any]], Kept | None]] = {}

    def routes(self, app: web.Application) -> None:
        app.router.add_get("/line", self._serve)
        super().routes(app)

    def section(self) -> str:
        return (
            f'[wecom]\nmode = "long_connection"\ncorp_id = "{CORP}"\naibot_id = "{ROBOT}"\nsecret = "{SECRET}"\n'
            f'bot_name = "拦截 助手"\nhooks_url = "{self.url}"\nline_url = "ws://127.0.0.1:{self._server.port}/line"\n'
        )

    async def meet(self, base: str) -> None:
        await super().meet(base)
        await until(lambda: self.sockets)

    async def close(self) -> None:
        for socket in list(self.sockets):
            await socket.close()
        await super().close()
        assert self.wrong == []

    async def say(self, text: str, user: str = "") -> Heard:
        return await self.hand(self.typed(f"@拦截 助手 {text}", user or self.person))

    async def press(self, seen: Seen, words: str, picked: Sequence[str] = (), user: str = "") -> Heard:
        [card] = [one for one in self.kept if one.ref == seen.ref]
        task = card.task_id or "task-1"
        return await self.hand(self.pressing(task, seen.button(words), user or self.person), task, card)

    def typed(self, text: str, user: str, **more: Any) -> dict[str, Any]:
        """Somebody writes."""
        return self.received(user, msgtype="text", text={"content": text}, **more)

    def pressing(self, task_id: str, key: str, user: str, **more: Any) -> dict[str, Any]:
        """Somebody presses a button."""
        card = {"card_type": "button_interaction", "event_key": key, "task_id": task_id}
        event = {"eventtype": "template_card_event", "template_card_event": card}
        return self.received(user, msgtype="event", event=event, **more)

    async def send(self, sent: Sent) -> Heard:
        """Words for `/line` go as they are."""
        assert sent.path == "/line"
        socket: web.WebSocketResponse = (await until(lambda: self.sockets))[-1]
        await socket.send_str(sent.body.decode())
        await asyncio.sleep(0.05)
        return Heard(200, b"")

    async def hand(self, body: dict[str, Any], task: str = "", card: Kept | None = None) -> Heard:
        """Hands it over, once; `task`: waits for what becomes of that card, and makes it so."""
        socket: web.WebSocketResponse = (await until(lambda: self.sockets))[-1]
        name = f"cb-{next(self._sent)}"
        self._talked.add(_chat(body))
        answered: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        if task:
            self._pressed[name] = (task, time.monotonic(), answered, card)
        await socket.send_json(framed("aibot_event_callback" if task else "aibot_msg_callback", name, body))
        if not task:
            return Heard(200, b"")
        try:
            async with asyncio.timeout(GIVES_UP_S):
                return Heard(200, json.dumps(await answered).encode())
        except TimeoutError:
            return Heard(200, b"")

    def cut(self) -> None:
        """Breaks every connection, as a network does."""
        for socket in list(self.sockets):
            transport = socket._req.transport if socket._req is not None else None
            if transport is not None:
                transport.abort()

    def hostile(self, value: str) -> Iterable[tuple[str, Sent]]:
        good = self.typed("/intercept 7312045566778894001", self.person)
        for what, body in (
            ("another robot", {**good, "aibotid": "AIB2"}),
            ("another company", {**good, "from": {"userid": "x", "corpid": "ww02"}}),
            ("nobody", {**good, "from": {}}),
            ("no message", {"msgid": "1"}),
            ("another robot's press", self.pressing("task-1", value, self.person, aibotid="AIB2")),
            ("a list", [1]),
            ("no words", {**good, "text": None}),
        ):
            yield what, _line(json.dumps(framed("aibot_msg_callback", "h-1", body)))
        whole = json.dumps(framed("aibot_msg_callback", "h-2", good))
        yield "truncated", _line(whole[:-20])
        yield "no JSON", _line("拦")
        yield "an unknown command", _line(json.dumps(framed("aibot_x", "h-3", good)))
        yield "a receipt of nothing", _line(json.dumps({"headers": {"req_id": "h-4"}, "errcode": 0}))
        yield "oversized", _line(json.dumps(framed("aibot_msg_callback", "h-5", {**good, "x": "x" * 300_000})))

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        try:
            async for message in socket:
                assert message.type == WSMsgType.TEXT
                try:
                    await self._hear(socket, json.loads(message.data))
                except (AssertionError, KeyError) as problem:
                    self.wrong.append(repr(problem))
                    raise
        finally:
            if socket in self.sockets:
                self.sockets.remove(socket)
        return socket

    async def _hear(self, socket: web.WebSocketResponse, frame: dict[str, Any]) -> None:
        cmd, name, body = frame["cmd"], frame["headers"]["req_id"], frame.get("body", {})
        assert 0 < len(name.encode()) <= 256
        if cmd == "aibot_subscribe":
            await self._subscribe(socket, name, body)
            return
        assert socket in self.sockets
        if cmd == "ping":
            self.pings += 1
            if not self.deaf:
                await _receipt(socket, name, 0)
        elif cmd == "aibot_send_msg":
            await _receipt(socket, name, self._say(body))
        else:
            assert cmd == "aibot_respond_update_msg"
            await _receipt(socket, name, self._update(name, body))

    async def _subscribe(self, socket: web.WebSocketResponse, name: str, body: dict[str, Any]) -> None:
        code = self.refuses.pop(0) if self.refuses else 0
        if not code and (body["bot_id"], body["secret"]) != (ROBOT, SECRET):
            code = 40001
        await _receipt(socket, name, code)
        if code:
            return
        for older in list(self.sockets):
            event = {"msgtype": "event", "event": {"eventtype": "disconnected_event"}}
            await older.send_json(framed("aibot_event_callback", "x", self.received("", **event)))
            await older.close()
        self.sockets.append(socket)
        self.opened += 1

    def _say(self, body: dict[str, Any]) -> int:
        if self.fails:
            return self.fails.pop(0)
        chat = f"{body['chat_type']}:{body['chatid']}"
        assert chat in self._talked, chat
        assert body["msgtype"] in ("markdown", "template_card")
        if body["msgtype"] == "template_card":
            check(body["template_card"])
            assert body["template_card"]["task_id"] not in self.tasks
            self.tasks.append(body["template_card"]["task_id"])
        self.kept.append(Kept(f"r{len(self.kept)}", body))
        return 0

    def _update(self, name: str, body: dict[str, Any]) -> int:
        assert body["response_type"] == "update_template_card"
        task, at, answered, card = self._pressed.pop(name)
        assert body["template_card"]["task_id"] == task
        check(body["template_card"])
        if time.monotonic() - at > UPDATE_WITHIN_S:
            return 846605
        if card is not None:
            card.body = {"msgtype": "template_card", "template_card": body["template_card"]}
            card.edits += 1
        if not answered.done():
            answered.set_result(body["template_card"])
        return 0


def framed(cmd: str, name: str, body: Any) -> dict[str, Any]:
    """What 企业微信 hands over."""
    return {"cmd": cmd, "headers": {"req_id": name}, "body": body}


async def _receipt(socket: web.WebSocketResponse, name: str, code: int) -> None:
    await socket.send_json({"headers": {"req_id": name}, "errcode": code, "errmsg": "no" if code else "ok"})


def _chat(body: dict[str, Any]) -> str:
    return f"2:{body['chatid']}" if body["chattype"] == "group" else f"1:{body['from']['userid']}"


def _line(words: str) -> Sent:
    return Sent("/line", words.encode(), silent=True)
