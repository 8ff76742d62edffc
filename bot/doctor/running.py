"""Whether the bot runs already, and whether the demo's sandbox does."""

from __future__ import annotations

import aiohttp

from bot.doctor.findings import Finding, ill, well
from bot.settings import Settings

LIMIT = aiohttp.ClientTimeout(total=3)
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}  # noqa: S104 - what it listens on, seen from here


async def server(settings: Settings) -> Finding:
    """What answers where the bot listens."""
    url = _url(settings)
    try:
        async with aiohttp.ClientSession(timeout=LIMIT) as session, session.get(f"{url}readyz") as answer:
            said = await answer.json()
            checks, lines = said["checks"], said.get("channels", {})
            down = [f"{name}: {how}" for name, how in lines.items() if how != "up"]
    except aiohttp.ClientConnectorError:
        return well("server", "stopped", url=url)
    except (aiohttp.ClientError, ValueError, KeyError, TypeError, AttributeError, TimeoutError):
        return ill("server", "other", url=url)
    if answer.status == 200 and down:
        return ill("server", "unconnected", "、".join(down), url=url)
    if answer.status == 200:
        return well("server", "ready", url=url)
    return ill("server", "unready", "、".join(name for name, well_ in checks.items() if not well_), url=url)


async def is_there(settings: Settings) -> bool:
    """Whether anything at all answers where the bot listens."""
    try:
        async with aiohttp.ClientSession(timeout=LIMIT) as session, session.get(f"{_url(settings)}healthz"):
            return True
    except aiohttp.ClientConnectorError:
        return False
    except (aiohttp.ClientError, TimeoutError):
        return True


def _url(settings: Settings) -> str:
    return f"http://{ANYWHERE.get(settings.host, settings.host)}:{settings.port}/"


async def sandbox(url: str) -> Finding:
    """The sandbox knows no parcel of that name, and says so."""
    try:
        async with (
            aiohttp.ClientSession(timeout=LIMIT) as session,
            session.get(f"{url.rstrip('/')}/_sandbox/parcels/doctor") as answer,
        ):
            there = answer.status == 404
    except (aiohttp.ClientError, ValueError, TimeoutError):
        there = False
    return well("sandbox", "ok", url=url) if there else ill("sandbox", "gone", url=url)
