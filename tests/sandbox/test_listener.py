"""`down`: the port closes, and opens again."""

import asyncio
import socket
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.sandbox.app import LISTENER, build
from tests.sandbox.wire import LostError, Wire, ZtoWay, until


def open_now(wire: Wire) -> bool:
    """Whether somebody takes a connection at the port."""
    host, port = wire.base.removeprefix("http://").split(":")
    with socket.socket() as one:
        one.settimeout(1)
        return one.connect_ex((host, int(port))) == 0


async def test_port_is_closed_and_opens_again(wire: Wire, zto: ZtoWay) -> None:
    """When the answer to `down` is there, nobody can connect, control routes included; later all is as before."""
    await wire.arm(zto.number, outcome="late_success", later_s=30)
    first = await zto.create()
    began = time.monotonic()
    status, answer = await wire.control("PUT", "/defaults", {"outcome": "down", "later_s": 0.4})
    assert (status, answer["outcome"]) == (200, "down")
    assert not open_now(wire)
    with pytest.raises(LostError):
        await zto.create()
    with pytest.raises(aiohttp.ClientConnectorError):
        await wire.control("GET", f"/parcels/{zto.number}")
    assert await until(lambda: _open(wire), bool)
    assert time.monotonic() - began >= 0.4
    assert await zto.create() == first
    assert [x["result"] for x in wire.lines(zto.number)] == ["accepted", "repeat"]


async def test_down_leaves_the_defaults(wire: Wire, zto: ZtoWay) -> None:
    """Outcome and times of before hold when the port is open again."""
    await wire.control("PUT", "/defaults", {"outcome": "refuse", "code": "E23101", "later_s": 2})
    before = await wire.control("GET", "/defaults")
    await wire.control("PUT", "/defaults", {"outcome": "down", "later_s": 0.1, "delay_s": 1})
    assert await until(lambda: _open(wire), bool)
    assert await wire.control("GET", "/defaults") == before
    assert (await zto.create())["statusCode"] == "E23101"


async def test_kept_connections_are_cut(wire: Wire, zto: ZtoWay) -> None:
    """A connection that a caller keeps is no way in while the sandbox is down; what was asked for was ordered."""
    await wire.arm(zto.number, outcome="slow", later_s=5)
    waiting = asyncio.create_task(zto.create())
    await until(lambda: _made(zto), bool)
    await wire.control("PUT", "/defaults", {"outcome": "down", "later_s": 0.2})
    with pytest.raises(LostError):
        await asyncio.wait_for(waiting, 2)
    with pytest.raises(LostError):
        await zto.create()
    assert await until(lambda: _open(wire), bool)
    assert (await zto.create())["status"] is True
    assert wire.made(zto.number) == 1


async def test_down_again_and_again(wire: Wire) -> None:
    """Each time the same port comes back."""
    for _ in range(5):
        assert (await wire.control("PUT", "/defaults", {"outcome": "down", "later_s": 0}))[0] == 200
        assert await until(lambda: _open(wire), bool)


async def test_taken_port_is_waited_for(wire: Wire) -> None:
    """While somebody else holds the port, the sandbox tries on, and gets it when it is free."""
    await wire.control("PUT", "/defaults", {"outcome": "down", "later_s": 0.1})
    host, port = wire.base.removeprefix("http://").split(":")
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((host, int(port)))
        other.listen()
        await asyncio.sleep(0.3)
    assert await until(lambda: _open(wire), bool)


async def test_sandbox_can_end_while_it_is_down(tmp_path: Path) -> None:
    """Ending gives up the reopening."""
    app = build(tmp_path / "calls.jsonl", 0)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    port = await app[LISTENER].open(runner, "127.0.0.1", 0)
    async with aiohttp.ClientSession() as session:
        wire = Wire(f"http://127.0.0.1:{port}", tmp_path / "calls.jsonl", session)
        await wire.control("PUT", "/defaults", {"outcome": "down", "later_s": 60})
        await asyncio.wait_for(app[LISTENER].close(), 2)
        await runner.cleanup()
        assert not open_now(wire)


async def test_down_wants_a_port_of_its_own(tmp_path: Path, aiohttp_client: Any) -> None:
    """An application that somebody else serves cannot close the port, and says so."""
    client = await aiohttp_client(build(tmp_path / "calls.jsonl", 0))
    answer = await client.put("/_sandbox/defaults", json={"outcome": "down", "later_s": 1})
    assert answer.status == 400


async def _open(wire: Wire) -> bool:
    return open_now(wire)


async def _made(way: ZtoWay) -> int:
    return way.wire.made(way.number)
