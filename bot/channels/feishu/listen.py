"""飞书's long connection (`chat-feishu.md` 10): the app dials out, events and clicks come as frames in the clear.

Whoever knows the app's secret may connect, and 飞书 hands each event to one connection by lot. A frame is answered with
itself: its payload becomes a code, and for a click what the person is to see.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

import structlog
from aiohttp import ClientWebSocketResponse, WSServerHandshakeError
from pydantic import ValidationError

from bot.channels.contract import UNREADABLE, Answer, NotKept
from bot.channels.feishu.client import FeishuClient
from bot.channels.feishu.frame import CONTROL, DATA, Frame, NotAFrame, decode, encode
from bot.channels.feishu.wire import LineConfig
from bot.channels.line import Backoff, Line, NotConnected, keep, pinned, read
from bot.outbound import Outbound

log = structlog.get_logger(__name__)

LONGEST_FRAME = 4 * 1024 * 1024
HEARTBEAT_S = 20.0
"""Of the WebSocket itself, as 飞书's own SDK keeps it; the ping frames are another matter, and much rarer."""

MOST_PARTS = 64
PARTS_WITHIN_S = 5.0
INCOMPLETE = 16
"""So many messages may be incomplete at once, for so long: as the SDK, which forgets a part after five seconds."""

FORBIDDEN, TOO_MANY = "403", "1000040350"


@dataclass(slots=True)
class Parts:
    """Messages that come in several frames, until the last of them is there."""

    longest: int
    clock: Callable[[], float] = time.monotonic
    _found: OrderedDict[str, tuple[float, dict[int, bytes]]] = field(default_factory=OrderedDict)

    def add(self, message_id: str, total: int, number: int, part: bytes) -> bytes | None:
        """The whole message once every part has come, in whatever order; None until then. Raises `NotAFrame`."""
        if not (1 <= total <= MOST_PARTS and 0 <= number < total):
            raise NotAFrame("parts that do not count")
        if total == 1:
            return part
        now = self.clock()
        for old in [name for name, (since, _) in self._found.items() if now - since > PARTS_WITHIN_S]:
            del self._found[old]
        _, parts = self._found.pop(message_id, (now, {}))
        parts[number] = part
        if sum(map(len, parts.values())) > self.longest:
            raise NotAFrame("too long")
        if len(parts) == total:
            return b"".join(parts[index] for index in sorted(parts))
        self._found[message_id] = now, parts
        while len(self._found) > INCOMPLETE:
            self._found.popitem(last=False)
        return None


class FeishuListener:
    """One app's connection. `hear` is handed each event as JSON; its answer's body goes back with the frame."""

    def __init__(
        self,
        line: Line,
        client: FeishuClient,
        outbound: Outbound,
        hear: Callable[[bytes], Awaitable[Answer]],
        longest: int,
    ) -> None:
        self._line = line
        self._client = client
        self._outbound = outbound
        self._hear = hear
        self._longest = longest
        self._config = LineConfig()

    async def listen(self) -> None:
        """Until cancelled."""
        await keep(self._line, self._once)

    async def _once(self) -> None:
        found = await self._client.endpoint()
        url = pinned(found.url, self._client.api)
        self._configure(found.config or LineConfig())
        try:
            socket = await self._outbound.socket(url, system="feishu", longest=LONGEST_FRAME, heartbeat_s=HEARTBEAT_S)
        except WSServerHandshakeError as refusal:
            raise _refusal(refusal) from None
        service = url.query.get("service_id", "")
        pinging = asyncio.create_task(self._ping(socket, int(service) if service.isdecimal() else 0))
        parts = Parts(self._longest)
        try:
            self._line.is_up()
            await read(socket, lambda data: self._take(socket, data, parts), self._line.name)
        finally:
            pinging.cancel()
            await socket.close()

    def _configure(self, config: LineConfig) -> None:
        """What 飞书 asks for: how often to ping, and how those who lost their connection are to come back."""
        self._config = config
        self._line.backoff = Backoff(config.nonce_s, config.interval_s)

    async def _ping(self, socket: ClientWebSocketResponse, service: int) -> None:
        """Until the connection is gone, which is noticed where it is read."""
        ping = encode(Frame(service=service, method=CONTROL, headers=(("type", "ping"),)))
        while not socket.closed:
            try:
                await socket.send_bytes(ping)
            except OSError:
                return
            await asyncio.sleep(self._config.ping_s)

    async def _take(self, socket: ClientWebSocketResponse, data: str | bytes, parts: Parts) -> None:
        began = time.monotonic()
        try:
            frame = decode(data if isinstance(data, bytes) else data.encode())
            if frame.method == CONTROL:
                self._controlled(frame)
                return
            whole = _whole(frame, parts)
        except NotAFrame as problem:
            log.warning("channel.refused", channel=self._line.name, problem=str(problem))
            return
        if whole is None or frame.method != DATA or frame.header("type") != "event":
            return
        code, body = await self._answer(whole)
        said: dict[str, object] = {"code": code}
        if body:
            said["data"] = base64.b64encode(body).decode()
        taken_ms = round((time.monotonic() - began) * 1000)
        headers = (*frame.headers, ("biz_rt", str(taken_ms)))
        await socket.send_bytes(encode(replace(frame, headers=headers, payload=json.dumps(said).encode())))

    async def _answer(self, whole: bytes) -> tuple[int, bytes]:
        """Code and body of the acknowledgement: 200 for taken, 500 for everything else, as the SDK; then an event comes
        again.
        """
        try:
            answer = await self._hear(whole) if len(whole) <= self._longest else UNREADABLE
        except NotKept:
            log.warning("channel.not_kept", channel=self._line.name)
            return 500, b""
        except Exception:
            log.exception("channel.failed", channel=self._line.name)
            return 500, b""
        if answer.status != 200:
            log.warning("channel.refused", channel=self._line.name, status=answer.status)
            return 500, b""
        return 200, answer.body

    def _controlled(self, frame: Frame) -> None:
        """A pong may bring another configuration."""
        if frame.header("type") != "pong" or not frame.payload:
            return
        try:
            self._configure(LineConfig.model_validate_json(frame.payload))
        except ValidationError:
            log.warning("channel.refused", channel=self._line.name, problem="pong")


def _whole(frame: Frame, parts: Parts) -> bytes | None:
    """The message that this frame completes."""
    total, number = frame.header("sum"), frame.header("seq")
    if not all(text.isascii() and text.isdecimal() and len(text) <= 4 for text in (total, number)):
        raise NotAFrame("parts that do not count")
    message_id = frame.header("message_id")
    if not message_id:
        raise NotAFrame("no message id")
    return parts.add(message_id, int(total), int(number), frame.payload or b"")


def _refusal(refusal: WSServerHandshakeError) -> NotConnected:
    """Why 飞书 let us not in, as its headers say: too many connections is a matter of waiting."""
    headers: Mapping[str, str] = refusal.headers or {}
    code, detail = headers.get("Handshake-Status", ""), headers.get("Handshake-Autherrcode", "")
    said = f"handshake {refusal.status} {code} {detail}".strip()[:60]
    return NotConnected(said, refused=code == FORBIDDEN or detail not in ("", TOO_MANY))
