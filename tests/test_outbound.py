"""The way out against real sockets: what left, what did not, and what nobody can know."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

import pytest
import structlog
import uvloop
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from bot import outbound as outbound_module
from bot.outbound import NeverLeft, NoAnswer, Outbound, Outcome, Response
from tests.loopback import TestServer

Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@dataclass
class Peer:
    """A server that does to each connection what a test says, and counts what reached it."""

    port: int = 0
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def read_request(self, reader: asyncio.StreamReader) -> bytes:
        """One request with its body; an empty one when the connection ends first."""
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-l"))
        request = head + await reader.readexactly(length)
        self.requests.append(request)
        self.arrived.set()
        return request


@contextlib.asynccontextmanager
async def peer(play: Callable[[Peer], Play]) -> AsyncIterator[Peer]:
    """Runs a server for one test; its handlers are ended with it."""
    side = Peer()
    handlers: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        side.connections += 1
        task = asyncio.current_task()
        assert task is not None
        handlers.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await play(side)(reader, writer)
        finally:
            handlers.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    side.port = server.sockets[0].getsockname()[1]
    try:
        yield side
    finally:
        server.close()
        for task in list(handlers):
            task.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)


async def ask(
    side: Peer | int, *, scheme: str = "http", limit_s: float = 5, outbound: Outbound | None = None
) -> Outcome:
    """One call to that server."""
    port = side if isinstance(side, int) else side.port
    async with contextlib.AsyncExitStack() as stack:
        out = outbound or await stack.enter_async_context(Outbound(limit_s=limit_s))
        return await out.post(
            f"{scheme}://127.0.0.1:{port}/path?access_token=geheim",
            system="zto",
            operation="intercept.create",
            body=b'{"billCode":"75400000000001"}',
            headers={"Content-Type": "application/json", "x-datadigest": "pCTat8nTsiM66WejbNkF7Q=="},
            limit_s=limit_s,
        )


def answering(*parts: bytes, close: bool = False) -> Callable[[Peer], Play]:
    """Reads each request and writes these bytes; then hangs up, or keeps the connection."""

    def play(side: Peer) -> Play:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while True:
                await side.read_request(reader)
                for part in parts:
                    writer.write(part)
                    await writer.drain()
                if close:
                    return

        return handle

    return play


def silent(side: Peer) -> Play:
    """Reads the request and says nothing."""

    async def handle(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await side.read_request(reader)
        await asyncio.sleep(60)

    return handle


def closing(_: Peer) -> Play:
    """Accepts and hangs up without reading."""

    async def handle(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    return handle


def plain(_: Peer) -> Play:
    """Answers whatever comes in plain text, as a plain HTTP port does to a TLS greeting."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    return handle


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


async def test_an_answer_is_status_and_bytes() -> None:
    """What the other side says comes back as it is, and the very bytes given were sent once."""
    async with peer(answering(OK)) as side:
        got = await ask(side)
    assert isinstance(got, Response)
    assert (got.status, got.body) == (200, b"{}")
    assert len(side.requests) == 1
    assert side.requests[0].endswith(b'\r\n\r\n{"billCode":"75400000000001"}')


@pytest.mark.parametrize("status", [302, 307, 404, 500, 503])
async def test_any_status_is_an_answer_and_redirects_are_not_followed(status: int) -> None:
    """Errors and redirects are answers: nobody else is asked in their place."""
    head = f"HTTP/1.1 {status} X\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n".encode()
    async with peer(answering(head)) as side:
        got = await ask(side)
    assert isinstance(got, Response)
    assert got.status == status
    assert len(side.requests) == 1


async def test_a_refused_connection_never_left() -> None:
    """Nobody listens: no byte was written."""
    assert isinstance(await ask(free_port()), NeverLeft)


async def test_an_unknown_name_never_left() -> None:
    """A name that cannot be resolved: no byte was written."""

    class Nobody(AbstractResolver):
        async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
            raise OSError(None, f"no such name: {host}:{port}/{family}")

        async def close(self) -> None:
            pass

    async with Outbound(resolver=Nobody()) as out:
        got = await out.post("http://carrier.invalid/", system="zto", operation="x", body=b"{}", headers={})
    assert isinstance(got, NeverLeft)


async def test_tls_to_a_plain_port_never_left() -> None:
    """The other side speaks no TLS: the handshake failed before the request was written."""
    async with peer(plain) as side:
        got = await ask(side, scheme="https")
    assert isinstance(got, NeverLeft)
    assert got.milliseconds < 2000


async def test_a_handshake_that_never_ends_never_left() -> None:
    """The time limit while the connection is still being made: no byte of the request was written."""
    async with peer(silent) as side:
        got = await ask(side, scheme="https", limit_s=0.2)
    assert isinstance(got, NeverLeft)
    assert got.why == "TimeoutError"


async def test_a_full_accept_queue_never_left() -> None:
    """The time limit while the machine does not take the connection: no byte was written."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        got = await ask(listener.getsockname()[1], limit_s=0.2)
    assert isinstance(got, NeverLeft)


async def test_accept_and_close_is_in_doubt() -> None:
    """The connection was made and then ended: bytes may have been written."""
    async with peer(closing) as side:
        got = await ask(side)
    assert isinstance(got, NoAnswer)
    assert side.connections == 1


async def test_no_answer_within_the_limit_is_in_doubt() -> None:
    """The request went out and nothing came back in time."""
    async with peer(silent) as side:
        got = await ask(side, limit_s=0.2)
    assert isinstance(got, NoAnswer)
    assert got.why == "TimeoutError"
    assert 190 <= got.milliseconds < 1500
    assert len(side.requests) == 1


async def test_a_connection_cut_after_the_request_is_in_doubt() -> None:
    """The other side read it all and hung up without a word."""
    async with peer(answering(close=True)) as side:
        got = await ask(side)
    assert isinstance(got, NoAnswer)
    assert len(side.requests) == 1


@pytest.mark.parametrize(
    "part",
    [
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"status":true',
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"sta',
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
    ],
)
async def test_half_an_answer_is_in_doubt(part: bytes) -> None:
    """Bytes that are no whole HTTP answer prove nothing, and nothing is asked again."""
    async with peer(answering(part, close=True)) as side:
        got = await ask(side)
    assert isinstance(got, NoAnswer)
    assert len(side.requests) == 1


async def test_a_kept_connection_that_is_cut_on_reuse_is_in_doubt_and_not_repeated() -> None:
    """The second request went over a kept connection that the other side then closed: it may have been read."""

    def play(side: Peer) -> Play:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await side.read_request(reader)
            writer.write(OK)
            await side.read_request(reader)

        return handle

    async with peer(play) as side, Outbound() as out:
        assert isinstance(await ask(side, outbound=out), Response)
        assert isinstance(await ask(side, outbound=out), NoAnswer)
        assert len(side.requests) == 2
        assert side.connections == 1


async def test_a_kept_connection_that_was_closed_before_is_replaced() -> None:
    """A connection whose end was seen is not used: the request goes over a new one and is answered."""
    async with peer(answering(OK, close=True)) as side, Outbound() as out:
        assert isinstance(await ask(side, outbound=out), Response)
        await asyncio.sleep(0.05)
        assert isinstance(await ask(side, outbound=out), Response)
        assert side.connections == 2


async def test_connections_are_kept() -> None:
    """Twenty calls in a row use one connection."""
    async with peer(answering(OK)) as side, Outbound() as out:
        for _ in range(20):
            assert isinstance(await ask(side, outbound=out), Response)
        assert side.connections == 1


@pytest.mark.parametrize("limit_s", [0, -1])
async def test_without_time_nothing_leaves(limit_s: float) -> None:
    """A call whose time is over before it began is not made, also where a connection stands ready."""
    async with peer(answering(OK)) as side, Outbound() as out:
        assert isinstance(await ask(side, outbound=out), Response)
        assert isinstance(await ask(side, outbound=out, limit_s=limit_s), NeverLeft)
        assert len(side.requests) == 1


async def test_an_endless_answer_is_no_answer() -> None:
    """Nobody can fill our memory."""
    big = b"x" * (outbound_module.MAX_ANSWER_BYTES + 1)
    async with peer(answering(b"HTTP/1.1 200 OK\r\n\r\n", big, close=True)) as side:
        got = await ask(side)
    assert isinstance(got, NoAnswer)


async def test_a_call_that_is_cancelled_stays_cancelled() -> None:
    """At shutdown a call under way is given up without an answer: its case keeps the mark "sent"."""
    async with peer(silent) as side, Outbound() as out:
        task = asyncio.create_task(ask(side, outbound=out))
        await side.arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_defect_of_ours_is_raised() -> None:
    """A body that cannot be sent is our own mistake, not the network's, and nothing leaves."""
    async with peer(answering(OK)) as side, Outbound() as out:
        url = f"http://127.0.0.1:{side.port}/"
        with pytest.raises(TypeError):
            await out.post(url, system="zto", operation="x", body=object(), headers={})  # type: ignore[arg-type]
    assert side.connections == 0


async def test_posting_before_open_is_a_defect() -> None:
    """Without a session there is nothing to post with, and that is said."""
    with pytest.raises(RuntimeError, match="not open"):
        await Outbound().post("http://127.0.0.1/", system="zto", operation="x", body=b"", headers={})


async def test_the_log_line_is_constant_and_bare() -> None:
    """One line a call: event, system, operation, time, outcome; no number, signature, token, address or body."""
    with structlog.testing.capture_logs() as lines:
        async with peer(answering(OK)) as side:
            await ask(side)
        async with peer(closing) as side:
            await ask(side)
        await ask(free_port())
    assert [line["event"] for line in lines] == ["outbound_call"] * 3
    assert [line["outcome"] for line in lines] == ["answered", "no_answer", "never_left"]
    for line in lines:
        assert set(line) <= {"event", "log_level", "system", "operation", "ms", "outcome", "status", "why"}
        assert not any(secret in str(line) for secret in ("75400000000001", "pCTat8", "geheim", "127.0.0.1"))


def test_the_same_holds_on_uvloop() -> None:
    """The loop that serves in production raises the same kinds of failure."""

    async def all_kinds() -> list[Outcome]:
        out = [await ask(free_port())]
        async with peer(closing) as side:
            out.append(await ask(side))
        async with peer(silent) as side:
            out.append(await ask(side, limit_s=0.2))
            out.append(await ask(side, scheme="https", limit_s=0.2))
        async with peer(plain) as side:
            out.append(await ask(side, scheme="https"))
        async with peer(answering(OK)) as side:
            out.append(await ask(side))
        return out

    kinds = [type(outcome) for outcome in uvloop.run(all_kinds())]
    assert kinds == [NeverLeft, NoAnswer, NoAnswer, NeverLeft, NeverLeft, Response]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_a_message_is_changed_with_its_own_verb(method: Literal["PUT", "PATCH"]) -> None:
    """What may arrive twice goes out as PUT or PATCH, with the same limits and the same outcomes."""
    async with peer(answering(OK)) as side, Outbound(limit_s=2.0) as outbound:
        url = f"http://127.0.0.1:{side.port}/x"
        got = await outbound.change(method, url, system="chat", operation="edit", body=b"{}", headers={})
    assert isinstance(got, Response)
    assert side.requests[0].startswith(method.encode())


async def test_a_look_is_a_get() -> None:
    """It asks with GET and the given headers, without a body, and answers as the others do."""

    async def show(request: web.Request) -> web.Response:
        assert request.headers.get("Content-Length", "0") == "0"
        return web.json_response({"method": request.method, "token": request.headers["X-Token"]})

    app = web.Application()
    app.router.add_route("*", "/there", show)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    try:
        async with Outbound() as outbound:
            url = f"http://127.0.0.1:{server.port}/there"
            got = await outbound.look(url, system="chat", operation="who", headers={"X-Token": "1"})
    finally:
        await server.close()
    assert isinstance(got, Response)
    assert got.body == b'{"method": "GET", "token": "1"}'
