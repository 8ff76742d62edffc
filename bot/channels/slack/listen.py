"""Slack's Socket Mode: the app dials out, and what would be a request comes as an envelope, which is acknowledged by
its id. Slack keeps no connection for good: it says when it wants another, and that one is open before the old one goes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiohttp import ClientError, ClientWebSocketResponse
from pydantic import ValidationError

from bot.channels.contract import Answer, NotKept
from bot.channels.line import Line, NotConnected, gone, keep, leave, pinned, read
from bot.channels.slack.client import SlackClient
from bot.channels.slack.wire import SocketEnvelope
from bot.outbound import Outbound

log = structlog.get_logger(__name__)

LONGEST_FRAME = 4 * 1024 * 1024
HEARTBEAT_S = 20.0
HELLO_WITHIN_S = 10.0
DRAIN_S = 15.0
"""An old connection may go on so long beside the new one; Slack closes it ten seconds after its warning."""

RENEW = frozenset({"warning", "refresh_requested"})
SWITCHED_OFF = "link_disabled"

Hear = Callable[[str, Mapping[str, Any]], Awaitable[Answer]]


def _future() -> asyncio.Future[None]:
    return asyncio.get_running_loop().create_future()


@dataclass(slots=True, eq=False)
class _Link:
    """One connection. `hello`: Slack has greeted us; `renew`: it wants us to open another one; `why`: its reason for
    ending this one.
    """

    socket: ClientWebSocketResponse
    hello: asyncio.Future[None] = field(default_factory=_future)
    renew: asyncio.Future[None] = field(default_factory=_future)
    why: NotConnected | None = None


class SlackListener:
    """One app's connection, under its app-level token. `hear` is handed the kind and the payload of each envelope."""

    def __init__(self, line: Line, client: SlackClient, outbound: Outbound, hear: Hear, longest: int) -> None:
        self._line = line
        self._client = client
        self._outbound = outbound
        self._hear = hear
        self._longest = longest

    async def listen(self, app_token: str) -> None:
        """Until cancelled."""
        await keep(self._line, lambda: self._once(app_token))

    async def _once(self, app_token: str) -> None:
        """From the first connection to the end of the last of those that took over from it."""
        serving: list[asyncio.Task[None]] = []
        try:
            link, task = await self._open(app_token, serving)
            while True:
                await asyncio.wait([task, link.renew], return_when=asyncio.FIRST_COMPLETED)
                if task.done():
                    break
                try:
                    link, taking_over = await self._open(app_token, serving)
                except (NotConnected, ClientError, OSError) as problem:
                    log.warning("channel.line_not_renewed", channel=self._line.name, problem=type(problem).__name__)
                    await asyncio.wait([task])
                    break
                serving.append(asyncio.create_task(leave(task, DRAIN_S)))
                task = taking_over
            task.result()
        finally:
            await gone(serving)

    async def _open(self, app_token: str, serving: list[asyncio.Task[None]]) -> tuple[_Link, asyncio.Task[None]]:
        """A connection that Slack has greeted, with the task that reads it; the task is noted in `serving` at once."""
        url = pinned(await self._client.open_socket(app_token), self._client.api)
        socket = await self._outbound.socket(url, system="slack", longest=LONGEST_FRAME, heartbeat_s=HEARTBEAT_S)
        link = _Link(socket)
        task = asyncio.create_task(self._serve(link))
        serving[:] = [*(one for one in serving if not one.done()), task]
        await asyncio.wait([task, link.hello], timeout=HELLO_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        if not link.hello.done():
            task.cancel()
            raise NotConnected("no hello")
        self._line.is_up()
        return link, task

    async def _serve(self, link: _Link) -> None:
        try:
            await read(link.socket, lambda data: self._take(link, data), self._line.name)
        finally:
            await link.socket.close()
        if link.why is not None:
            raise link.why

    async def _take(self, link: _Link, data: str | bytes) -> None:
        if len(data) > self._longest:
            log.warning("channel.refused", channel=self._line.name, problem="too long")
            return
        try:
            sent = SocketEnvelope.model_validate_json(data)
        except ValidationError:
            log.warning("channel.refused", channel=self._line.name, problem="no envelope")
            return
        if sent.type == "hello":
            _set(link.hello)
        elif sent.type == "disconnect":
            await self._told_to_go(link, sent.reason)
        elif sent.envelope_id:
            await self._answer(link, sent)

    async def _answer(self, link: _Link, sent: SocketEnvelope) -> None:
        """What is refused is acknowledged as well, without a word: it would only come again. What could not be kept is
        not, and Slack repeats an event.
        """
        try:
            answer = await self._hear(sent.type, sent.payload)
        except NotKept:
            log.warning("channel.not_kept", channel=self._line.name)
            return
        said: dict[str, object] = {"envelope_id": sent.envelope_id}
        if answer.status != 200:
            log.warning("channel.refused", channel=self._line.name, status=answer.status)
        elif answer.body and sent.accepts_response_payload:
            said["payload"] = json.loads(answer.body)
        await link.socket.send_str(json.dumps(said, ensure_ascii=False))

    async def _told_to_go(self, link: _Link, reason: str) -> None:
        if reason in RENEW:
            _set(link.renew)
            return
        known = reason if reason in {SWITCHED_OFF, "too_many_websockets"} else "disconnected"
        link.why = NotConnected(known, refused=reason == SWITCHED_OFF)
        await link.socket.close()


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
