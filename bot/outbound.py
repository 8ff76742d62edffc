"""The one way out: a time limit, one redacted log line, and the answer to "did the request leave?".

Every call that somebody pays for is a POST, sent once. aiohttp repeats GET, PUT, DELETE and their kind by itself when a
kept-alive connection drops, and follows redirects by asking somebody else; neither may happen to such a call
(`contract.md`: "The HTTP client repeats nothing by itself"). `change` and `look` are for what may arrive twice.
"""

from __future__ import annotations

import asyncio
import time
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Self, TypeAlias

import aiohttp
import structlog
from yarl import URL

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from aiohttp.abc import AbstractResolver
    from aiohttp.client_reqrep import ClientRequest
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

DEFAULT_LIMIT_S: Final = 8.0
"""`BOT_CALL_TIMEOUT_S` of a live bot (ruling 6)."""

MAX_ANSWER_BYTES: Final = 2 * 1024 * 1024
"""A longer answer is no answer: nobody we ask has that much to say."""

CONNECTIONS: Final = 256
KEEP_ALIVE_S: Final = 10.0
"""Shorter than a gateway keeps an idle connection: one that the other side has just closed would leave us in doubt."""
SOCKET_CLOSE_S: Final = 1.0
"""The other side has so long to say goodbye; some never do."""

_log = structlog.get_logger("bot.outbound")


@dataclass(frozen=True, slots=True)
class Response:
    """The other side answered, whatever it said: also HTTP 4xx and 5xx, and redirects, which are not followed."""

    status: int
    body: bytes
    milliseconds: int
    date: str = ""
    """What time it is there, as its `Date` header says."""
    retry_after: str = ""
    """Its `Retry-After` header: how long it wants peace."""


@dataclass(frozen=True, slots=True)
class NeverLeft:
    """No byte of the request was written: refused connection, name not found, TLS failure, no connection in time."""

    why: str
    milliseconds: int


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Bytes may have gone out and no whole answer came: time limit, cut connection, broken HTTP. It may have worked."""

    why: str
    milliseconds: int


Outcome: TypeAlias = Response | NeverLeft | NoAnswer


@dataclass(slots=True)
class _Call:
    """What is known of the call under way: from `connected` on, bytes may have been written."""

    connected: bool = False


_call: ContextVar[_Call] = ContextVar("outbound_call")

Observe: TypeAlias = "Callable[[str, str, Outcome], None]"
"""System, operation, and what became of the call."""


class _Connector(aiohttp.TCPConnector):
    """Notes the moment from which a request may be on its way. Kinds of exceptions alone would not tell it."""

    async def connect(self, req: ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout) -> Connection:
        """A connection, new or kept alive. Until this returns, nothing of the request has been written."""
        connection = await super().connect(req, traces, timeout)
        _call.get().connected = True
        return connection


class Outbound:
    """One HTTP session for all carriers, shops and chat platforms. Use as `async with Outbound(...) as outbound`.

    `limit_s` is the time limit of a call that names none, counted from before the connection is made. `tls` and
    `resolver` replace the system's certificates and name resolution. `observe` hears of every call (metrics, doctor).
    """

    def __init__(
        self,
        *,
        limit_s: float = DEFAULT_LIMIT_S,
        tls: ssl.SSLContext | None = None,
        resolver: AbstractResolver | None = None,
        observe: Observe | None = None,
    ) -> None:
        """Nothing is opened before `open`, which needs a running event loop."""
        self.limit_s = limit_s
        self._tls = tls
        self._resolver = resolver
        self._observe = observe
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Makes the session."""
        connector = _Connector(
            limit=CONNECTIONS,
            keepalive_timeout=KEEP_ALIVE_S,
            ssl=self._tls if self._tls is not None else True,
            resolver=self._resolver,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            # Our own limit covers the whole call to the millisecond; aiohttp's would be rounded up to whole seconds.
            timeout=aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None),
            headers={"User-Agent": "intercept-bot", "Accept-Encoding": "identity"},
            auto_decompress=True,
        )

    async def close(self) -> None:
        """Cuts what is open. Calls under way should have ended or been cancelled before."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def __aenter__(self) -> Self:
        """Opens."""
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes."""
        await self.close()

    async def post(
        self,
        url: URL | str,
        *,
        system: str,
        operation: str,
        body: bytes,
        headers: Mapping[str, str],
        limit_s: float | None = None,
    ) -> Outcome:
        """Sends exactly these bytes, once, and tells what became of them. Raises for nothing that the network does.

        `system` and `operation` go into the log line (`zto`, `intercept.create`); address, headers, bodies and the
        texts of errors never do, since they carry numbers, signatures and tokens.
        """
        return await self._send("POST", url, system, operation, body, headers, limit_s)

    async def change(
        self,
        method: Literal["PUT", "PATCH"],
        url: URL | str,
        *,
        system: str,
        operation: str,
        body: bytes,
        headers: Mapping[str, str],
    ) -> Outcome:
        """The same for what may arrive twice and means the same: a chat platform's message is set to what it says.

        Never for anything that costs money: a PUT on a kept connection that the other side has just closed is sent
        again by aiohttp itself.
        """
        return await self._send(method, url, system, operation, body, headers, None)

    async def look(self, url: URL | str, *, system: str, operation: str, headers: Mapping[str, str]) -> Outcome:
        """A GET: reads, and changes nothing however often it arrives."""
        return await self._send("GET", url, system, operation, None, headers, None)

    async def socket(
        self, url: URL | str, *, system: str, longest: int, heartbeat_s: float, limit_s: float | None = None
    ) -> aiohttp.ClientWebSocketResponse:
        """A WebSocket, open; whoever asked for it closes it. A message longer than `longest` bytes ends it, and so does
        a ping of ours that has no answer within half of `heartbeat_s`.

        Raises `aiohttp.ClientError`, `OSError` or `TimeoutError` when there is none. The log gets no address: it may
        hold a ticket.
        """
        began = time.perf_counter()
        if self._session is None:
            message = "outbound is not open"
            raise RuntimeError(message)
        token = _call.set(_Call())
        why = ""
        try:
            async with asyncio.timeout(self.limit_s if limit_s is None else limit_s):
                return await self._session.ws_connect(
                    url,
                    max_msg_size=longest,
                    heartbeat=heartbeat_s,
                    timeout=aiohttp.ClientWSTimeout(ws_close=SOCKET_CLOSE_S),
                )
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is one of the latter
            why = type(error).__name__
            raise
        finally:
            _call.reset(token)
            became = "not_opened" if why else "opened"
            _log.info("outbound_socket", system=system, ms=_since(began), outcome=became, why=why or None)

    async def _send(
        self,
        method: str,
        url: URL | str,
        system: str,
        operation: str,
        body: bytes | None,
        headers: Mapping[str, str],
        limit_s: float | None,
    ) -> Outcome:
        began = time.perf_counter()
        limit = self.limit_s if limit_s is None else limit_s
        if limit <= 0:  # a kept connection would take the request before the limit is noticed
            return self._told(system, operation, NeverLeft("no time left", 0))
        call = _Call()
        token = _call.set(call)
        outcome: Outcome
        try:
            async with asyncio.timeout(limit):
                status, content, said = await self._exchange(method, url, body, headers)
            outcome = Response(status, content, _since(began), said.get("Date", ""), said.get("Retry-After", ""))
        except Exception as error:  # noqa: BLE001 - whatever it is, a request that may have left is in doubt
            outcome = _failure(call, error, _since(began))
        finally:
            _call.reset(token)
        return self._told(system, operation, outcome)

    def _told(self, system: str, operation: str, outcome: Outcome) -> Outcome:
        _tell(system, operation, outcome)
        if self._observe is not None:
            self._observe(system, operation, outcome)
        return outcome

    async def _exchange(
        self, method: str, url: URL | str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, bytes, Mapping[str, str]]:
        if self._session is None:
            message = "outbound is not open"
            raise RuntimeError(message)
        async with self._session.request(method, url, data=body, headers=headers, allow_redirects=False) as response:
            return response.status, await _read(response), response.headers


class _TooLongError(aiohttp.ClientError):
    """The answer is longer than `MAX_ANSWER_BYTES`."""


async def _read(response: aiohttp.ClientResponse) -> bytes:
    parts: list[bytes] = []
    size = 0
    while part := await response.content.readany():
        size += len(part)
        if size > MAX_ANSWER_BYTES:
            response.close()
            raise _TooLongError
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _failure(call: _Call, error: Exception, milliseconds: int) -> Outcome:
    """In doubt once bytes may have been written, whatever was raised; before that, only what the network does."""
    why = type(error).__name__
    if call.connected:
        return NoAnswer(why, milliseconds)
    if isinstance(error, aiohttp.ClientError | OSError):
        return NeverLeft(why, milliseconds)
    raise error


def _since(began: float) -> int:
    return round((time.perf_counter() - began) * 1000)


def _tell(system: str, operation: str, outcome: Outcome) -> None:
    match outcome:
        case Response(status, _, ms):
            _log.info("outbound_call", system=system, operation=operation, ms=ms, outcome="answered", status=status)
        case NeverLeft(why, ms):
            _log.warning("outbound_call", system=system, operation=operation, ms=ms, outcome="never_left", why=why)
        case NoAnswer(why, ms):
            _log.warning("outbound_call", system=system, operation=operation, ms=ms, outcome="no_answer", why=why)
