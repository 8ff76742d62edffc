"""Alive, ready, and the figures."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from prometheus_client import CollectorRegistry

from bot.api import health
from bot.api.health import mount_health, request_times
from tests.loopback import TestServer

Asking = TestClient[web.Request, web.Application]


class Engine:
    """A part of the house that can be asked whether it is ready."""

    ready = True
    hangs = False

    async def check(self) -> bool:
        """Whether it is."""
        if self.hangs:
            await asyncio.sleep(60)
        if not self.ready:
            raise OSError("gone")
        return True


@pytest.fixture
def engine() -> Engine:
    """The part whose state the tests change."""
    return Engine()


@pytest.fixture
async def asking(engine: Engine) -> AsyncIterator[Asking]:
    """The three addresses on a port of their own."""
    app, registry = web.Application(), CollectorRegistry()
    request_times(registry)("GET", "/fees", 200, 0.012)

    async def database() -> bool:
        return True

    mount_health(app, {"database": database, "engine": engine.check}, registry)
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_alive_is_not_ready(asking: Asking, engine: Engine) -> None:
    """A bot whose engine does not run is alive and says which part is not ready."""
    assert (await asking.get("/readyz")).status == 200
    engine.ready = False
    answer = await asking.get("/readyz")
    assert (answer.status, await answer.json()) == (
        503,
        {"status": "not ready", "checks": {"database": True, "engine": False}},
    )
    assert (await asking.get("/healthz")).status == 200


async def test_connections_are_told_and_decide_nothing() -> None:
    """A bot whose chat platform cannot be reached is ready all the same, and says how it is connected."""
    app = web.Application()
    mount_health(app, {}, CollectorRegistry(), channels=lambda: {"feishu": "up", "slack": "invalid_auth"})
    async with TestClient(TestServer(app)) as client:
        answer = await client.get("/readyz")
        assert (answer.status, (await answer.json())["channels"]) == (200, {"feishu": "up", "slack": "invalid_auth"})


async def test_a_hanging_part_is_not_ready(asking: Asking, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part that does not answer in time is not ready; the question itself does not hang."""
    monkeypatch.setattr(health, "CHECK_LIMIT_S", 0.05)
    engine.hangs = True
    assert (await asking.get("/readyz")).status == 503


async def test_figures_are_scraped(asking: Asking) -> None:
    """The metrics are in the form that Prometheus reads, with the API's answers counted."""
    answer = await asking.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain")
    text = await answer.text()
    assert 'intercept_api_seconds_count{method="GET",path="/fees",status="200"} 1.0' in text
