"""The bot in this process, as `serve --demo` builds it, on a database of its own; the sandbox stays outside."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

from bot.app import DESK, build
from bot.settings import Settings
from bot.store.database import open_database
from tests.loopback import TestServer
from tests.scenarios.house import Bot
from tests.twin import Twin

QUICK = {"call_timeout_s": 1.0, "doubt_quiet_s": 2.1, "log_level": "error"}
"""A carrier call may take 1 s, and «nothing» counts from 2.1 s on: stories end within seconds, and a busy machine does
not turn an answer into a doubt.
"""


@contextlib.asynccontextmanager
async def serving(folder: Path, url: str, twin: Twin, **settings: Any) -> AsyncIterator[Bot]:
    """`serve --demo` in this process, on that database, with the sandbox outside."""
    chosen = Settings(demo=True, data=folder, database_url=url, sandbox_url=twin.url, **{**QUICK, **settings})
    app = await build(chosen)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server(shutdown_timeout=0.2)
    database = open_database(chosen.database)
    limit = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=limit) as session:
        try:
            yield Bot(f"http://127.0.0.1:{server.port}", session, app[DESK], database, twin, chosen)
        finally:
            await database.close()
            await server.close()
