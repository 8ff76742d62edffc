"""钉钉's Stream mode: the bot dials out, and what would be a request comes as a frame, which is acknowledged by its id.

A message goes to one connection of an app by lot, once, and is lost where none is open. So when 钉钉 says that a
connection is about to end, the next one is open before it goes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiohttp import ClientError, ClientWebSocketResponse
from pydantic import ValidationError

from bot.channels.contract import NotKept
from bot.channels.dingtalk.client import DingtalkClient
from bot.channels.dingtalk.wire import Frame
from bot.channels.line import Line, NotConnected, gone, keep, leave, pinned, read
from bot.outbound import Outbound

log = structlog.get_logger(__name__)

LONGEST_FRAME = 4 * 1024 * 1024
HEARTBEAT_S = 20.0
DRAIN_S = 12.0
"""钉钉 closes a connection ten seconds after it said so."""

OK, BAD, UNKNOWN, FAILED = 200, 400, 404, 500

Hear = Callable[[Frame], Awaitable[tuple[int, Any]]]
"""Takes what a frame says; returns the code and the response of its acknowledgement."""


@dataclass(slots=True, eq=False)
class _Link:
    """One connection; `leaving`: 钉钉 is about to end it."""

    socket: ClientWebSocketResponse
    leaving: asyncio.Event = field(default_factory=asyncio.Event)


class DingtalkListener:
    """One app's connection. `hear` is handed every frame that is not the connection's own."""

    def __init__(self, line: Line, client: DingtalkClient, outbound: Outbound, hear: Hear, longest: int) -> None:
        self._line = line
        self._client = client
        self._outbound = outbound
        self._hear = hear
        self._longest = longest

    async def listen(self) -> None:
        """Until cancelled."""
        await keep(self._line, self._once)

    async def _once(self) -> None:
        """From the first connection to the end of the last of those that took over from it."""
        old: set[asyncio.Task[None]] = set()
        link = await self._open()
        reading = asyncio.create_task(self._read(link))
        try:
            while True:
                leaving = asyncio.create_task(link.leaving.wait())
                await asyncio.wait([reading, leaving], return_when=asyncio.FIRST_COMPLETED)
                leaving.cancel()
                if reading.done():
                    break
                try:
                    link = await self._open()
                except (NotConnected, ClientError, OSError) as problem:
                    log.warning("channel.line_not_renewed", channel=self._line.name, problem=type(problem).__name__)
                    await asyncio.wait([reading])
                    break
                old = {task for task in old if not task.done()} | {asyncio.create_task(leave(reading, DRAIN_S))}
                reading = asyncio.create_task(self._read(link))
            reading.result()
        finally:
            await gone({reading, *old})

    async def _open(self) -> _Link:
        endpoint, ticket = await self._client.open_connection()
        url = pinned(endpoint, self._client.api).update_query(ticket=ticket)
        socket = await self._outbound.socket(url, system="dingtalk", longest=LONGEST_FRAME, heartbeat_s=HEARTBEAT_S)
        self._line.is_up()
        return _Link(socket)

    async def _read(self, link: _Link) -> None:
        try:
            await read(link.socket, lambda data: self._take(link, data), self._line.name)
        finally:
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
        if frame.type == "SYSTEM":
            await _acknowledge(link.socket, frame, OK, frame.data)
            if frame.headers.topic == "disconnect":
                link.leaving.set()
            return
        code, response = await self._answer(frame)
        await _acknowledge(link.socket, frame, code, json.dumps({"response": response}, ensure_ascii=False))

    async def _answer(self, frame: Frame) -> tuple[int, Any]:
        """What is not committed is not said to be taken; 钉钉 sends an event again then, and no message."""
        if frame.type != "CALLBACK":
            return UNKNOWN, {}
        try:
            code, response = await self._hear(frame)
        except NotKept:
            log.warning("channel.not_kept", channel=self._line.name)
            return FAILED, {}
        except Exception:
            log.exception("channel.failed", channel=self._line.name)
            return FAILED, {}
        if code != OK:
            log.warning("channel.refused", channel=self._line.name, status=code)
        return code, response


async def _acknowledge(socket: ClientWebSocketResponse, frame: Frame, code: int, data: str) -> None:
    headers = {"messageId": frame.headers.message_id, "contentType": "application/json"}
    said = {"code": code, "headers": headers, "message": "OK" if code == OK else "", "data": data}
    await socket.send_str(json.dumps(said, ensure_ascii=False))
