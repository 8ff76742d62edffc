"""A sandbox of its own for each test, on a port that the system chose, spoken to over loopback."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from bot.sandbox.app import LISTENER, build
from tests.sandbox.wire import WAYS, DoudianWay, Way, Wire, YtoWay, YundaWay, ZtoWay


@pytest.fixture
async def wire(tmp_path: Path) -> AsyncIterator[Wire]:
    """A sandbox that answers at once and needs a tenth of a second for what comes later."""
    log = tmp_path / "calls.jsonl"
    app = build(log, seed=7)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    port = await app[LISTENER].open(runner, "127.0.0.1", 0)
    async with aiohttp.ClientSession() as session:
        wire = Wire(f"http://127.0.0.1:{port}", log, session)
        assert (await wire.control("PUT", "/defaults", {"delay_s": 0, "later_s": 0.1}))[0] == 200
        yield wire
    await app[LISTENER].close()
    await runner.cleanup()


@pytest.fixture(params=sorted(WAYS))
def way(request: pytest.FixtureRequest, wire: Wire) -> Way:
    """Each system in turn."""
    return WAYS[request.param](wire)


@pytest.fixture
def zto(wire: Wire) -> ZtoWay:
    """中通."""
    return ZtoWay(wire)


@pytest.fixture
def yto(wire: Wire) -> YtoWay:
    """圆通."""
    return YtoWay(wire)


@pytest.fixture
def doudian(wire: Wire) -> DoudianWay:
    """抖店."""
    return DoudianWay(wire)


@pytest.fixture
def yunda(wire: Wire) -> YundaWay:
    """韵达."""
    return YundaWay(wire)
