"""The whole bot with a live shop's routes, on either database; its platform answers what a test wants."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from sqlalchemy import Connection, select

from bot.app import build
from bot.domain.after_sale import AfterSale
from bot.domain.people import Scope
from bot.merchants import keys, shops
from bot.settings import Settings
from bot.store import after_sales
from bot.store.after_sales import trace_of
from bot.store.cards import inbox
from bot.store.database import Database, now, open_database
from tests.loopback import TestServer
from tests.pushes.told import APP_KEY, APP_SECRET, NUMBER, Form
from tests.shops.doudian.platform import Answers

SHOPS = """
[shops.own.platform]
name = "doudian"
base_url = "{platform}"
app_key = "{key}"
app_secret = "{secret}"
access_token = "demo-token"

[shops.own.routes.zto]
base_url = "http://127.0.0.1:1/zto"
app_key = "demo-zto-key"
app_secret = "demo-zto-secret"

[shops.own.routes.yto.intercept]
base_url = "http://127.0.0.1:1/yto"
token = "demotok"
customer_code = "DEMO"
secret = "demo-yto-secret"

[shops.own.routes.yto.push]
client_id = "DEMO"
secret = "demo-yto-secret"

[shops.other.routes.zto]
base_url = "http://127.0.0.1:1/zto"
app_key = "another-key"
app_secret = "another-secret"
"""


@dataclass
class House:
    """A running bot, its tables beside it, and its platform."""

    base: str
    session: aiohttp.ClientSession
    database: Database
    platform: Answers
    key: str

    async def push(self, name: str, form: Form) -> tuple[int, bytes]:
        """One push; status and body of the answer."""
        body, headers = form
        async with self.session.post(f"{self.base}/push/{name}", data=body, headers=headers) as answer:
            return answer.status, await answer.read()

    async def intercept(self, **document: Any) -> tuple[int, Any]:
        """What the merchant's system gets for its ask."""
        headers = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": str(time.monotonic_ns())}
        url = f"{self.base}/api/v1/interceptions"
        async with self.session.post(url, json=document, headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)

    async def sale(self, after_sale_id: str, shop: str = "own") -> AfterSale | None:
        """An after-sale as it is stored."""
        return await self.database.read(lambda c: after_sales.load(c, shop, after_sale_id))

    async def trace(self, shop: str = "own") -> list[str | None]:
        """The codes of the parcel's stored trace."""
        return [event.code for event in await self.database.read(lambda c: trace_of(c, shop, NUMBER))]

    async def news(self) -> list[tuple[int, Any]]:
        """How often each piece of news was tried, and what became of it."""
        wanted = select(inbox.c.tries, inbox.c.result).order_by(inbox.c.seq)
        return await self.database.read(lambda c: [(tries, result) for tries, result in c.execute(wanted)])

    async def hurry(self) -> None:
        """What waits for its next try is due now."""
        waiting = inbox.c.next_at.is_not(None)
        await self.database.write(lambda c: c.execute(inbox.update().where(waiting).values(next_at=now(c))))


async def eventually(found: Callable[[], Awaitable[object]]) -> None:
    """Waits until it holds."""
    async with asyncio.timeout(15):
        while not await found():  # noqa: ASYNC110 - what is waited for happens in the database
            await asyncio.sleep(0.02)


def _shops(connection: Connection) -> str:
    for shop_id in ("own", "other"):
        shops.create(connection, shop_id, shop_id, now(connection))
    return keys.create(connection, "own", [Scope.INTERCEPTIONS_WRITE], "", now(connection))[1]


@pytest.fixture
async def house(tmp_path: Path, any_url: str) -> AsyncIterator[House]:
    """The bot with two live shops, one of which has a platform account."""
    platform = Answers({})
    await platform.server.start_server()
    base = str(platform.server.make_url("/")).rstrip("/")
    routes = SHOPS.format(platform=base, key=APP_KEY, secret=APP_SECRET)
    await asyncio.to_thread(_write, tmp_path / "shops.toml", routes)
    database = open_database(any_url)
    key = await database.write(_shops)
    app: web.Application = await build(Settings(data=tmp_path, database_url=any_url, call_timeout_s=1))
    server = TestServer(app, host="127.0.0.1")
    await server.start_server(shutdown_timeout=0)
    async with aiohttp.ClientSession() as session:
        yield House(str(server.make_url("")).rstrip("/"), session, database, platform, key)
    await server.close()
    await database.close()
    await platform.server.close()


def _write(path: Path, words: str) -> None:
    path.write_text(words, "utf-8")
    path.chmod(0o600)
