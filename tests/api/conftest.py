"""The API over loopback, with the real parts behind it: database, rules, runner, carriers' adapters and the sandbox."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.api.limits import RateLimit
from bot.api.parts import Parts
from bot.api.routes import mount
from bot.cards import words
from bot.carriers import routing
from bot.domain.people import Scope
from bot.domain.reason import Reason
from bot.interception.advance import Advance
from bot.interception.due import CALLS, Looks
from bot.interception.pace import Pace
from bot.interception.service import Interceptions
from bot.interception.settled import Settled
from bot.merchants import keys, shops
from bot.merchants.keys import Keys
from bot.outbound import Outbound
from bot.rules.rulebook import RuleBook
from bot.runners.contract import CASE, Work
from bot.runners.local import LocalRunner
from bot.shops import registry
from bot.shops.embedded.intake import EmbeddedIntake
from bot.store.database import Database
from bot.store.shops import agreements
from tests import twin
from tests.loopback import TestServer
from tests.twin import Twin

AT = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
PACE = Pace(call_timeout=timedelta(seconds=1.2), quiet=timedelta(seconds=3))
ROUTES = ("zto", "yto", "doudian")


@pytest.fixture(scope="session")
def carriers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    """A running sandbox."""
    with twin.running(tmp_path_factory.mktemp("twin")) as running:
        yield running


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def code(self) -> str:
        """The stable code of a problem document."""
        assert self.headers["Content-Type"].startswith("application/problem+json"), self
        assert self.body["status"] == self.status
        assert all(self.body[name] for name in ("type", "title", "title_en", "detail", "detail_en")), self.body
        return str(self.body["code"])


class Client:
    """Asks as a merchant's system does, with one key."""

    def __init__(self, session: aiohttp.ClientSession, base: str, key: str) -> None:
        self.session = session
        self.base = base
        self.key = key

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Answer:
        """One request; `raw` is sent as it is, `body` as JSON."""
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json", **(headers or {})}
        async with self.session.request(method, f"{self.base}/api/v1{path}", data=data, headers=sent) as response:
            text = await response.text()
            return Answer(response.status, json.loads(text) if text else None, dict(response.headers))

    async def get(self, path: str, **more: Any) -> Answer:
        """Looks something up."""
        return await self.call("GET", path, **more)

    async def post(self, path: str, body: Any = None, **more: Any) -> Answer:
        """Tells something."""
        return await self.call("POST", path, body, **more)

    async def ask(self, body: Any, key: str = "k-1", query: str = "", **more: Any) -> Answer:
        """Asks for interceptions under that Idempotency-Key."""
        headers = {"Idempotency-Key": key, **more.pop("headers", {})}
        return await self.call("POST", f"/interceptions{query}", body, headers=headers, **more)


@dataclass
class World:
    """The API of two shops that have signed, and a sandbox behind it."""

    database: Database
    base: str
    session: aiohttp.ClientSession
    parts: Parts
    twin: Twin
    demo: Client
    other: Client

    async def client(self, *scopes: Scope, shop: str = "demo") -> Client:
        """A client with a new key of these scopes."""
        _, key = await self.database.write(lambda c: keys.create(c, shop, scopes, "ERP", AT))
        return Client(self.session, self.base, key)


class Numbers:
    """Each world has parcels of its own: the sandbox remembers those of the worlds before."""

    base = 0


def sale(n: int, carrier: str = "zto", **over: Any) -> dict[str, Any]:
    """The n-th after-sale of this world, with one parcel that can be intercepted."""
    n += Numbers.base
    forms = {"zto": f"754{n:011}", "yto": f"YT{n:013}", "yunda": f"3{n:012}", "sf": f"SF{n:013}"}
    parcel = {
        "tracking_number": over.pop("tracking_number", forms[carrier]),
        "carrier": carrier,
        "shipped_at": "2026-11-23T18:00:00+08:00",
        "items": over.pop("items", [{"name": "短袖", "category": "apparel", "quantity": 1, "price_fen": 12900}]),
        "trace": over.pop("trace", [{"at": "2026-11-23T19:00:00+08:00", "text": "【杭州】快件已揽收"}]),
    }
    return {
        "after_sale_id": f"73000000000000{n:05}",
        "order_id": f"69000000000000{n:05}",
        "type": "refund_only",
        "status": "open",
        "in_arbitration": False,
        "applied_at": "2026-11-24T09:00:00+08:00",
        "refund_fen": 12900,
        "parcels": [parcel, *over.pop("more", [])],
    } | over


def number_of(document: Mapping[str, Any], at: int = 0) -> str:
    """The tracking number of an after-sale's parcel."""
    return str(document["parcels"][at]["tracking_number"])


def describe(reason: Reason, lang: str, carrier: str) -> tuple[str, str | None]:
    """Words as the house has them."""
    told = words.reason(reason, lang, carrier=carrier)
    return told.text, told.fix or None


@contextlib.asynccontextmanager
async def house(database: Database, carriers: Twin) -> AsyncIterator[Parts]:
    """Everything behind the API, running."""
    async with Outbound(limit_s=1.2) as outbound:
        config = routing.demo_config(carriers.url)
        everyone = config.everyone
        assert everyone is not None
        accounts = registry.build(config.platforms, outbound, everyone=everyone.platform)
        routes = routing.build(config, outbound, accounts.route)
        book, settled = RuleBook.load(), Settled()
        advance = Advance(database, routes, PACE, settled)
        works = [
            Work("calls", CASE, CALLS, advance),
            Work("looks", CASE, Looks(ROUTES, 100), advance, paced=True),
        ]
        runner = LocalRunner(database, works)
        interceptions = Interceptions(
            database, routes, lambda: book.at(datetime.now(UTC)), PACE, runner, advance, settled
        )
        intake = EmbeddedIntake(database, interceptions.on_trace)
        await runner.start()
        try:
            yield Parts(interceptions, Keys(database), intake, database, describe)
        finally:
            await runner.stop(2)


def enter(connection: Any) -> tuple[str, str]:
    """Two shops that have signed both agreements, and a key with every scope for each."""
    made = []
    for shop_id in ("demo", "other"):
        shops.create(connection, shop_id, shop_id, AT)
        for kind in ("service", "debit"):
            row = {"shop_id": shop_id, "kind": kind, "version": "2025-01-01", "signed_by": "p", "signed_by_name": "主"}
            connection.execute(agreements.insert(), row | {"signed_at": AT})
        made.append(keys.create(connection, shop_id, list(Scope), "ERP", AT)[1])
    return made[0], made[1]


@contextlib.asynccontextmanager
async def open_world(database: Database, carriers: Twin, limit: RateLimit | None = None) -> AsyncIterator[World]:
    """The whole of it, on a port of its own."""
    Numbers.base += 1_000
    demo, other = await database.write(enter)
    async with house(database, carriers) as behind:
        parts = Parts(behind.interceptions, behind.keys, behind.intake, database, describe, limit or RateLimit())
        app = web.Application()
        mount(app, parts, version="0")
        async with TestServer(app) as server, aiohttp.ClientSession() as session:
            base = str(server.make_url("")).rstrip("/")
            yield World(
                database, base, session, parts, carriers, Client(session, base, demo), Client(session, base, other)
            )


@pytest.fixture
async def world(database: Database, carriers: Twin) -> AsyncIterator[World]:
    """The API on SQLite."""
    async with open_world(database, carriers) as opened:
        yield opened


@pytest.fixture
async def any_world(any_database: Database, carriers: Twin) -> AsyncIterator[World]:
    """The API on each kind of database."""
    async with open_world(any_database, carriers) as opened:
        yield opened


@pytest.fixture
def demo(world: World) -> Client:
    """Shop `demo` with every scope."""
    return world.demo
