"""Slack's gateway for Socket Mode, on loopback: it gives out an address with a ticket, greets, hands each envelope to
the newest connection, and sends again what nobody acknowledged.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import parse_qs

from aiohttp import WSMsgType, web

from tests.channels.peers import Heard, Sent, until
from tests.channels.slack.peer import TEAM, TOKEN, SlackPeer

APP_TOKEN = "xapp-1-token"
ACK_WITHIN_S = 3.0
KINDS = {"/commands": "slash_commands", "/interactive": "interactive", "/events": "events_api"}


@dataclass
class SlackSocketPeer(SlackPeer):
    """The same workspace, whose app has no public address.

    `loses`: so many acknowledgements get lost, and the connections with them. `errors`: what Slack says instead of an
    address, one for each try. `silent`: so many connections are not greeted.
    """

    loses: int = 0
    errors: list[str] = field(default_factory=list)
    silent: int = 0
    sockets: list[web.WebSocketResponse] = field(default_factory=list)
    opened: int = 0
    acks: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._sent = count(1)
        self._tickets: set[str] = set()
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}

    def routes(self, app: web.Application) -> None:
        app.router.add_post("/api/apps.connections.open", self._open)
        app.router.add_get("/link/", self._serve)
        super().routes(app)

    def section(self) -> str:
        return (
            f'[slack]\nmode = "socket_mode"\napp_token = "{APP_TOKEN}"\nbot_token = "{TOKEN}"\nteam_id = "{TEAM}"\n'
            f'api_url = "{self.url}/api"\nhooks_url = "{self.url}/hooks"\n'
        )

    async def meet(self, base: str) -> None:
        await super().meet(base)
        await until(lambda: self.sockets)

    async def close(self) -> None:
        for socket in list(self.sockets):
            await socket.close()
        await super().close()

    async def send(self, sent: Sent) -> Heard:
        """What would be a request, as an envelope; words for `/socket` go as they are."""
        if sent.path == "/socket":
            return await self._raw(sent.body)
        return await self.envelope(KINDS[sent.path], _payload(sent))

    async def envelope(self, kind: str, payload: Any) -> Heard:
        """Sends it until it is acknowledged: over a new connection, where one breaks."""
        attempt = 0
        while True:
            name = f"env-{next(self._sent)}"
            answered = self._waiting[name] = asyncio.get_running_loop().create_future()
            socket: web.WebSocketResponse = (await until(lambda: self.sockets))[-1]
            sent = {"type": kind, "envelope_id": name, "payload": payload}
            sent["accepts_response_payload"] = kind != "events_api"
            if kind == "events_api":
                sent |= {"retry_attempt": attempt, "retry_reason": "timeout" if attempt else ""}
            await socket.send_json(sent)
            try:
                async with asyncio.timeout(ACK_WITHIN_S):
                    ack = await answered
            except ConnectionResetError:
                attempt += 1
                continue
            body = json.dumps(ack["payload"]).encode() if "payload" in ack else b""
            return Heard(200, body)

    async def renew(self, reason: str) -> None:
        """Slack wants this connection to be replaced."""
        await self.sockets[-1].send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "h"}})

    def cut(self) -> None:
        """Breaks every connection, as a network does."""
        for socket in list(self.sockets):
            transport = socket._req.transport if socket._req is not None else None
            if transport is not None:
                transport.abort()

    def hostile(self, value: str) -> Iterable[tuple[str, Sent]]:
        good = json.dumps(
            {
                "type": "slash_commands",
                "envelope_id": "h-1",
                "payload": _payload(self.slash("/intercept 7312045566778894001", self.person)),
            }
        ).encode()
        yield "truncated", Sent("/socket", good[:-20])
        yield "no JSON", Sent("/socket", b"\xe6\x8b\xa6")
        yield "a list", Sent("/socket", b"[]")
        yield "no envelope", Sent("/socket", b'{"type":"slash_commands","payload":{}}')
        yield "a payload of words", Sent("/socket", b'{"type":"events_api","envelope_id":"h-2","payload":"x"}')
        yield "oversized", Sent("/socket", b'{"type":"hello","x":"' + b"x" * 300_000 + b'"}')
        # acknowledged without a word and not taken: there is no other way to say that it need not come again
        silent = [
            self.slash("/intercept 1", self.person, team_id="T2"),
            self.click("C1:1.0", value, self.person, home="T2"),
            self.event({"type": "app_mention", "user": "U1", "text": "/help", "user_team": "T2"}),
        ]
        for number, sent in enumerate(silent):
            yield f"another workspace {number}", Sent(sent.path, sent.body, sent.headers, silent=True)
        for kind in ("slash_commands", "interactive", "events_api", "workflows"):
            body = {"type": kind, "envelope_id": f"h-{kind}", "payload": {"team_id": TEAM, "type": "block_actions"}}
            yield f"nothing in {kind}", Sent("/socket", json.dumps(body).encode(), silent=True)

    async def _raw(self, data: bytes) -> Heard:
        """Whatever became of it, the connection bears the next envelope."""
        before = len(self.acks)
        await self.sockets[-1].send_str(data.decode())
        probe = {"type": "event_callback", "team_id": TEAM, "event_id": "Ev0", "event": {"type": "emoji_changed"}}
        assert (await self.envelope("events_api", probe)).status == 200
        return Heard(200 if len(self.acks) - before > 1 else 400, b"")

    async def _open(self, request: web.Request) -> web.Response:
        if self.errors:
            return web.json_response({"ok": False, "error": self.errors.pop(0)})
        if request.headers["Authorization"] != f"Bearer {APP_TOKEN}":
            return web.json_response({"ok": False, "error": "invalid_auth"})
        ticket = f"ticket-{next(self._sent)}"
        self._tickets.add(ticket)
        url = f"ws://127.0.0.1:{self._server.port}/link/?ticket={ticket}&app_id=A1"
        return web.json_response({"ok": True, "url": url})

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self._tickets.remove(request.query["ticket"])
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        if self.silent:
            self.silent -= 1
            await socket.close()
            return socket
        connection = {"type": "hello", "num_connections": len(self.sockets) + 1, "connection_info": {"app_id": "A1"}}
        await socket.send_json({**connection, "debug_info": {"host": "h", "approximate_connection_time": 18060}})
        self.sockets.append(socket)
        self.opened += 1
        try:
            async for message in socket:
                assert message.type == WSMsgType.TEXT
                self._hear(json.loads(message.data))
        finally:
            self.sockets.remove(socket)
            if not self.sockets:
                for waiting in self._waiting.values():
                    if not waiting.done():
                        waiting.set_exception(ConnectionResetError())
                        waiting.exception()  # perhaps nobody waits for it any more
        return socket

    def _hear(self, ack: dict[str, Any]) -> None:
        assert set(ack) <= {"envelope_id", "payload"}
        if self.loses:
            self.loses -= 1
            self.cut()
            return
        self.acks.append(ack)
        waiting = self._waiting.get(ack["envelope_id"])
        if waiting is not None and not waiting.done():
            waiting.set_result(ack)


def _payload(sent: Sent) -> Any:
    """What Slack puts into an envelope for this request."""
    if sent.path == "/events":
        return json.loads(sent.body)
    fields = {name: values[0] for name, values in parse_qs(sent.body.decode(), keep_blank_values=True).items()}
    return json.loads(fields["payload"]) if sent.path == "/interactive" else fields
