"""`/healthz`, `/readyz` and `/metrics`: for whoever keeps the bot running."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from aiohttp import web
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

CHECK_LIMIT_S = 2.0

Check = Callable[[], Awaitable[bool]]


def mount_health(
    app: web.Application,
    checks: Mapping[str, Check],
    registry: CollectorRegistry,
    refresh: Callable[[], Awaitable[None]] | None = None,
    channels: Callable[[], Mapping[str, str]] = dict,
) -> None:
    """Adds the three addresses. `checks` by name, such as `database` and `engine`: ready is when all say so.

    `channels`: how the connections to chat platforms are. They are told, and decide nothing: the console and the other
    doors work without them, and a proxy that took this process away would make it worse.

    `refresh` brings figures up to date that are read only when somebody looks; without them the others are shown.
    """

    async def healthz(request: web.Request) -> web.Response:
        del request
        return web.json_response({"status": "alive"})

    async def readyz(request: web.Request) -> web.Response:
        del request
        said = await asyncio.gather(*(_said(check) for check in checks.values()))
        ready = all(said)
        status, parts = "ready" if ready else "not ready", dict(zip(checks, said, strict=True))
        document: dict[str, object] = {"status": status, "checks": parts}
        connections = channels()
        if connections:
            document["channels"] = dict(connections)
        return web.json_response(document, status=200 if ready else 503)

    async def metrics(request: web.Request) -> web.Response:
        del request
        if refresh is not None:
            with suppress(Exception):  # what keeps the database from answering, `/readyz` tells
                async with asyncio.timeout(CHECK_LIMIT_S):
                    await refresh()
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)


def request_times(registry: CollectorRegistry) -> Callable[[str, str, int, float], None]:
    """Counts and times the API's answers; hand it to `routes.mount` as `observe`."""
    histogram = Histogram(
        "intercept_api_seconds",
        "Time from an API request to its answer",
        ["method", "path", "status"],
        registry=registry,
    )

    def observe(method: str, path: str, status: int, seconds: float) -> None:
        histogram.labels(method, path, str(status)).observe(seconds)

    return observe


async def _said(check: Check) -> bool:
    """What the check says; one that fails or takes too long says no."""
    try:
        async with asyncio.timeout(CHECK_LIMIT_S):
            return await check()
    except Exception:  # noqa: BLE001 - whatever keeps it from answering, it is not ready
        return False
