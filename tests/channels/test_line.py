"""Connections that channels keep themselves: when they are tried again, what is read, where they may lead."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import structlog
from aiohttp import ClientConnectorError, WSMsgType, WSServerHandshakeError, web
from hypothesis import given
from hypothesis import strategies as st

from bot.channels import line as line_module
from bot.channels.line import Backoff, Line, NotConnected, keep, pinned, read
from bot.outbound import Outbound
from tests.channels.peers import until
from tests.loopback import TestServer

Play = Callable[[web.WebSocketResponse], Awaitable[None]]


@contextlib.asynccontextmanager
async def gateway(play: Play) -> AsyncIterator[str]:
    """A server that does with each connection what a test says."""

    async def serve(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await play(socket)
        return socket

    app = web.Application()
    app.router.add_get("/", serve)
    async with TestServer(app, host="127.0.0.1") as server:
        yield f"ws://127.0.0.1:{server.port}/"


@given(st.floats(0.1, 60), st.floats(0.1, 300), st.integers(0, 5000))
def test_waits_grow_and_end(first_s: float, longest_s: float, failures: int) -> None:
    """However often it fails: never longer than the longest, never at once, and at first no longer than the first."""
    waits = Backoff(first_s, longest_s)
    assert min(0.1, first_s, longest_s) <= waits.after(failures) <= longest_s
    assert waits.after(1) <= first_s + 1e-9 or first_s > longest_s


async def test_whatever_happens_it_is_tried_again() -> None:
    """A fault of the network, a no, an error of ours: each is told, and the next try comes; only the end ends it."""
    kept = Line("feishu", backoff=Backoff(0.01, 0.01))
    faults = [OSError("10.1.2.3"), TimeoutError(), NotConnected("busy"), ValueError("secret"), None]
    told: list[str] = []

    async def once() -> None:
        told.append(kept.problem)
        if faults:
            fault = faults.pop(0)
            if fault is not None:
                raise fault
            return
        kept.is_up()
        await asyncio.Event().wait()

    with structlog.testing.capture_logs() as logs:
        keeping = asyncio.create_task(keep(kept, once))
        await until(lambda: kept.up)
        keeping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await keeping
    assert told == ["", "OSError", "TimeoutError", "busy", "failed", "ended"]
    assert not kept.up
    downs = [one for one in logs if one["event"] == "channel.line_down"]
    assert [one["log_level"] for one in downs] == ["warning"] * 5
    assert "10.1.2.3" not in str(logs)
    assert [one["event"] for one in logs][-2:] == ["channel.line_up", "channel.line_closed"]


def test_a_no_is_told_louder_and_tried_seldom() -> None:
    """A wrong secret does not get right by asking every second."""
    with structlog.testing.capture_logs() as logs:
        assert Line("slack").is_down("invalid_auth", refused=True) == line_module.REFUSED_S
    assert logs[0]["log_level"] == "error"


def test_a_connection_that_lasted_forgets_what_was_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that breaks at once counts as a failure; one that was good for a while does not."""
    kept = Line("slack")
    for count in (1, 2, 3):
        kept.is_up()
        kept.is_down("closed 1006")
        assert kept.failures == count
    monkeypatch.setattr(line_module, "STEADY_S", 0.0)
    kept.is_up()
    kept.is_down("closed 1006")
    assert (kept.failures, kept.opened) == (1, 4)


async def test_messages_are_taken_side_by_side() -> None:
    """A slow one keeps none from being answered; one that fails, or whose answer finds no way, keeps nobody either."""

    async def play(socket: web.WebSocketResponse) -> None:
        for words in ("slow", "broken", "gone", "quick"):
            await socket.send_str(words)
        assert [(await socket.receive()).data for _ in range(2)] == ["quick", "slow"]
        await socket.close(code=1000)

    async with gateway(play) as url, Outbound() as outbound:
        socket = await outbound.socket(url, system="test", longest=1000, heartbeat_s=20)
        answered = asyncio.Event()

        async def take(data: str | bytes) -> None:
            if data == "slow":
                await answered.wait()
            if data == "broken":
                raise ValueError
            if data == "gone":
                raise ConnectionResetError
            await socket.send_str(str(data))
            answered.set()

        with structlog.testing.capture_logs() as logs:
            await read(socket, take, "test")
    assert {one["event"] for one in logs} >= {"channel.failed", "channel.not_answered"}


@pytest.mark.parametrize("code", [1001, 1006, 1011])
async def test_an_end_that_was_no_goodbye(code: int) -> None:
    """A connection that ends in any other way than by a goodbye says how."""

    async def play(socket: web.WebSocketResponse) -> None:
        if code == 1006:
            assert socket._req is not None
            assert socket._req.transport is not None
            socket._req.transport.abort()
        else:
            await socket.close(code=code)

    async def take(_data: str | bytes) -> None:
        """Nothing comes."""

    async with gateway(play) as url, Outbound() as outbound:
        socket = await outbound.socket(url, system="test", longest=1000, heartbeat_s=20)
        with pytest.raises(NotConnected, match=str(code)):
            await read(socket, take, "test")


async def test_the_end_waits_for_what_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancelled, what is being taken is answered; what takes too long is given up."""
    monkeypatch.setattr(line_module, "FINISH_S", 0.3)
    heard: list[str] = []

    async def play(socket: web.WebSocketResponse) -> None:
        await socket.send_str("quick")
        await socket.send_str("endless")
        async for message in socket:
            assert message.type == WSMsgType.TEXT
            heard.append(message.data)

    async with gateway(play) as url, Outbound() as outbound:
        socket = await outbound.socket(url, system="test", longest=1000, heartbeat_s=20)
        begun, given_up = asyncio.Event(), asyncio.Event()

        async def take(data: str | bytes) -> None:
            if data == "endless":
                begun.set()
                try:
                    await asyncio.Event().wait()
                finally:
                    given_up.set()
            await begun.wait()
            await asyncio.sleep(0.05)
            await socket.send_str(str(data))

        reading = asyncio.create_task(read(socket, take, "test"))
        await begun.wait()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert given_up.is_set()
        await socket.close()
        await until(lambda: heard == ["quick"])


async def test_a_message_that_is_too_long_ends_the_connection() -> None:
    """Nobody fills our memory."""

    async def play(socket: web.WebSocketResponse) -> None:
        await socket.send_str("x" * 2000)
        await socket.receive()

    async def take(_data: str | bytes) -> None:
        raise AssertionError

    async with gateway(play) as url, Outbound() as outbound:
        socket = await outbound.socket(url, system="test", longest=1000, heartbeat_s=20)
        with pytest.raises(NotConnected, match="1009"):
            await read(socket, take, "test")


async def test_a_silent_other_side_is_noticed() -> None:
    """A connection on which nothing answers our pings any more is no connection."""

    async def play(socket: web.WebSocketResponse) -> None:
        await asyncio.sleep(2)  # reads nothing, so answers no ping

    async def take(_data: str | bytes) -> None:
        raise AssertionError

    async with gateway(play) as url, Outbound() as outbound:
        socket = await outbound.socket(url, system="test", longest=1000, heartbeat_s=0.2)
        with pytest.raises(NotConnected):
            async with asyncio.timeout(1.5):
                await read(socket, take, "test")
        await socket.close()


async def test_the_log_has_no_ticket() -> None:
    """Opened or refused: the address, which holds a secret, is not written down."""

    async def play(socket: web.WebSocketResponse) -> None:
        await socket.receive()

    with structlog.testing.capture_logs() as logs:
        async with gateway(play) as url, Outbound() as outbound:
            socket = await outbound.socket(f"{url}?ticket=s3cret", system="test", longest=1000, heartbeat_s=20)
            await socket.close()
            with pytest.raises(WSServerHandshakeError):
                await outbound.socket(f"{url}gone?ticket=s3cret", system="test", longest=1000, heartbeat_s=20)
        with pytest.raises(ClientConnectorError):
            async with Outbound() as outbound:
                await outbound.socket(f"{url}?ticket=s3cret", system="test", longest=1000, heartbeat_s=20)
    assert [one["outcome"] for one in logs if one["event"] == "outbound_socket"] == ["opened"] + 2 * ["not_opened"]
    assert "s3cret" not in str(logs)


@pytest.mark.parametrize(
    "given_url, api, fine",
    [
        ("wss://msg-frontier.feishu.cn/ws/v2?ticket=1", "https://open.feishu.cn", True),
        ("wss://msg-frontier-sg.larksuite.com/ws/v2", "https://open.larksuite.com", True),
        ("wss://wss-primary.slack.com/link/?ticket=1", "https://slack.com/api", True),
        ("ws://127.0.0.1:8001/ws", "http://127.0.0.1:8001", True),
        ("ws://wss-primary.slack.com/link/", "https://slack.com/api", False),
        ("https://wss-primary.slack.com/link/", "https://slack.com/api", False),
        ("wss://slack.com.evil.example/link/", "https://slack.com/api", False),
        ("wss://evilslack.com/", "https://slack.com/api", False),
        ("wss://feishu.cn@evil.example/", "https://open.feishu.cn", False),
        ("wss://10.0.0.1/ws", "https://127.0.0.1", False),
        ("wss:///ws", "https://open.feishu.cn", False),
        ("//[", "https://open.feishu.cn", False),
        ("", "https://open.feishu.cn", False),
    ],
)
def test_where_a_connection_may_lead(given_url: str, api: str, fine: bool) -> None:  # noqa: FBT001 - one of the columns
    """Encrypted as the API is, and to the API's own domain."""
    if fine:
        assert str(pinned(given_url, api)) == given_url
        return
    with pytest.raises(NotConnected):
        pinned(given_url, api)
