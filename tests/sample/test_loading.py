"""The demo's beginning."""

from __future__ import annotations

from pathlib import Path

import aiohttp
from aiohttp import web
from aiohttp.typedefs import Handler

from bot.sample import loading
from bot.sandbox import app as sandbox
from tests.loopback import TestServer

PARCEL = "/_sandbox/parcels/75400000004003"
"""The sample has it fail after fifteen seconds."""


async def _shown(url: str) -> tuple[str, float]:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        shown = await answer.json()
        return shown["outcome"], shown["later_s"]


async def test_who_arms_a_parcel_meanwhile_is_not_overruled(tmp_path: Path) -> None:
    """Somebody arms a parcel after the sample has seen that nobody had, and before it does so itself: that holds."""
    twin = sandbox.build(tmp_path / "sandbox.jsonl", 7)

    @web.middleware
    async def meanwhile(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await handler(request)
        if (request.method, request.path, answer.status) == ("GET", PARCEL, 404):
            async with aiohttp.ClientSession() as session:
                await session.put(server.make_url(PARCEL), json={"outcome": "refuse", "later_s": 1})
        return answer

    twin.middlewares.append(meanwhile)
    server = TestServer(twin, host="127.0.0.1")
    await server.start_server()
    try:
        for _ in range(2):
            await loading.arm(str(server.make_url("")))
            assert await _shown(str(server.make_url(PARCEL))) == ("refuse", 1)
        other = str(server.make_url("/_sandbox/parcels/YT7400000004004"))
        assert await _shown(other) == ("late_failure", 15)
    finally:
        await server.close()
