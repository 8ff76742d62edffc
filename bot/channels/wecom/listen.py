"""企业微信's long connection: the robot dials out, hears by it and speaks by it (`chat-wecom.md` 3).

A robot has one connection, and whoever connects later puts the earlier one out. So of several processes one has it
(`Line.alone`), and the others cannot speak.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiohttp import ClientError, ClientWebSocketResponse
from pydantic import ValidationError

from bot.channels.contract import NotHere, NotKept, NotPosted
from bot.channels.line import Line, NotConnected, keep, read
from bot.channels.wecom.client import PASSING, refusal
from bot.channels.wecom.wire import Frame
from bot.outbound import Outbound

log = structlog.get_logger(__name__)

SUBSCRIBE, PING = "aibot_subscribe", "ping"
MESSAGE, EVENT = "aibot_msg_callback", "aibot_event_callback"
SEND, UPDATE = "aibot_send_msg", "aibot_respond_update_msg"

LONGEST_FRAME = 4 * 1024 * 1024
PING_S = 30.0
MISSED = 2
"""After so many pings without a receipt the connection is none."""

RECEIPT_S = 5.0
AGAIN_S = 2.0
NO_HEARTBEAT_S = 86_400.0
"""企业微信's ping is a message; of WebSocket's own pings its page says nothing."""

Hear = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any] | None]]
"""Takes a message or an event; returns what a pressed card becomes, where one was pressed."""


@dataclass(slots=True, eq=False)
class _Link:
    """One connection, and those who wait for the receipt of what they sent. `why`: why it is none any more."""

    socket: ClientWebSocketResponse
    waiting: dict[str, asyncio.Future[int]] = field(default_factory=dict)
    why: NotConnected | None = None

    async def call(self, cmd: str, body: Mapping[str, Any] | None = None) -> int:
        """Sends, and returns the code of the receipt. Raises `TimeoutError`, `OSError`, `ClientError`."""
        name = f"{cmd}_{secrets.token_hex(12)}"
        receipt: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.waiting[name] = receipt
        try:
            await self.put(cmd, name, body)
            async with asyncio.timeout(RECEIPT_S):
                return await receipt
        finally:
            self.waiting.pop(name, None)

    async def put(self, cmd: str, name: str, body: Mapping[str, Any] | None) -> None:
        """Sends."""
        frame: dict[str, Any] = {"cmd": cmd, "headers": {"req_id": name}}
        if body is not None:
            frame["body"] = body
        await self.socket.send_str(json.dumps(frame, ensure_ascii=False))


class WecomListener:
    """One robot's connection. `robot`: its id and its secret; `hear` is handed every message and event."""

    def __init__(
        self, line: Line, outbound: Outbound, url: str, robot: tuple[str, str], hear: Hear, longest: int
    ) -> None:
        self._line = line
        self._outbound = outbound
        self._url = url
        self._robot = {"bot_id": robot[0], "secret": robot[1]}
        self._hear = hear
        self._longest = longest
        self._link: _Link | None = None

    async def listen(self) -> None:
        """Until cancelled."""
        await keep(self._line, self._once)

    async def send(self, chat: str, message: Mapping[str, Any], *, single: bool) -> None:
        """Writes in a chat in which somebody has written to the robot. Raises `NotHere` where another process has the
        connection or nobody, `NotPosted`.
        """
        link = self._link
        if link is None:
            raise NotHere("企业微信: 没有连接 (not connected)", AGAIN_S)
        body = {"chatid": chat, "chat_type": 1 if single else 2, **message}
        try:
            code = await link.call(SEND, body)
        except (TimeoutError, OSError, ClientError):
            raise NotPosted("企业微信: 没有回执 (no receipt)", AGAIN_S) from None
        if code != 0:
            raise refusal(code)

    async def _once(self) -> None:
        socket = await self._outbound.socket(
            self._url, system="wecom", longest=LONGEST_FRAME, heartbeat_s=NO_HEARTBEAT_S
        )
        link = _Link(socket)
        beginning = asyncio.create_task(self._begin(link))
        try:
            await read(socket, lambda data: self._take(link, data), self._line.name)
        except NotConnected as ended:
            link.why = link.why or ended
        finally:
            self._link = None
            beginning.cancel()
            await socket.close()
            await asyncio.wait([beginning])
            _end(link)
        if link.why is not None:
            raise link.why

    async def _begin(self, link: _Link) -> None:
        """Says who we are, and then that we are alive; ends the connection where either is not heard."""
        try:
            code = await link.call(SUBSCRIBE, self._robot)
            if code == 0:
                self._link = link
                self._line.is_up()
                await _stay(link)
                link.why = NotConnected("no pong")
            else:
                link.why = NotConnected(f"subscribe {code}", refused=code not in PASSING)
        except TimeoutError:
            link.why = NotConnected("no answer")
        except (OSError, ClientError) as fault:
            link.why = NotConnected(type(fault).__name__)
        finally:
            self._link = None
            await link.socket.close()

    async def _take(self, link: _Link, data: str | bytes) -> None:
        if len(data) > self._longest:
            log.warning("channel.refused", channel=self._line.name, problem="too long")
            return
        try:
            frame = Frame.model_validate_json(data)
        except ValidationError:
            log.warning("channel.refused", channel=self._line.name, problem="no frame")
            return
        if frame.cmd in (MESSAGE, EVENT) and frame.body is not None:
            await self._happened(link, frame, frame.body)
        elif not frame.cmd and frame.errcode is not None:
            receipt = link.waiting.get(frame.headers.req_id)
            if receipt is not None and not receipt.done():
                receipt.set_result(frame.errcode)
            elif frame.errcode != 0:
                log.warning("wecom.not_updated", channel=self._line.name, code=frame.errcode)

    async def _happened(self, link: _Link, frame: Frame, body: Mapping[str, Any]) -> None:
        """There is no receipt for what we hear. A pressed card is answered within five seconds, or stays as it is."""
        event = body.get("event")
        if isinstance(event, dict) and event.get("eventtype") == "disconnected_event":
            # whoever took it is alive: coming back at once would put the two out in turns
            link.why = NotConnected("taken over", refused=True)
            await link.socket.close()
            return
        try:
            update = await self._hear(body)
        except NotKept:
            log.warning("channel.not_kept", channel=self._line.name)
            return
        if update is not None and frame.headers.req_id:
            await link.put(UPDATE, frame.headers.req_id, update)


async def _stay(link: _Link) -> None:
    """Returns when pings have no receipt any more."""
    missed = 0
    while missed < MISSED:
        await asyncio.sleep(PING_S)
        try:
            await link.call(PING)
            missed = 0
        except TimeoutError:
            missed += 1


def _end(link: _Link) -> None:
    """Nobody waits for a connection that is over."""
    for receipt in link.waiting.values():
        if not receipt.done():
            receipt.set_exception(ConnectionResetError())
            receipt.exception()
