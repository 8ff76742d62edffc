"""The whole bot with the sample shop, served on loopback, with the sandbox beside it in the same event loop."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import func, select

from bot.app import build
from bot.domain.interception import Interception
from bot.sandbox import app as sandbox
from bot.settings import Settings
from bot.store.cases import of_after_sale
from bot.store.database import Database, open_database
from bot.store.fees import fees
from tests.loopback import TestServer

LIN = "7312045566778899001"
"""林**: one parcel intercepted already, one (圆通) that can go."""
WANG = "7312045566778899118"
"""王**: one parcel that may go with a stranger's goods in it, one refused by three rules."""
HU = "7312045566778890481"
"""胡**: a success that is contradicted a little later."""

HEADERS = {"X-Console": "1"}


@dataclass(slots=True)
class Answer:
    """What came back, its body as text."""

    status: int
    text: str
    headers: Mapping[str, str]

    @property
    def place(self) -> str:
        """Where it sends the browser."""
        return self.headers["Location"]


@dataclass(slots=True)
class Visitor:
    """A browser without a script: keeps cookies, follows nothing by itself."""

    base: str
    session: aiohttp.ClientSession
    seen: str = ""

    async def get(self, path: str, **headers: str) -> Answer:
        """Looks at a page."""
        return await self._ask("GET", path, headers=headers)

    async def post(self, path: str, fields: Any = (), **headers: str) -> Answer:
        """Sends a form with the token of the page that was seen last."""
        pairs = [*(fields.items() if isinstance(fields, dict) else fields)]
        if not any(name == "csrf" for name, _ in pairs):
            pairs.append(("csrf", self.csrf))
        return await self._ask("POST", path, data=aiohttp.FormData(pairs), headers=headers)

    async def enter(self, login: str = "agent", there: str = "/") -> Answer:
        """Signs in as one of the sample people and goes where that leads."""
        await self.get(f"/sign-in?next={there}")
        answer = await self.post("/sign-in", {"as": login, "next": there})
        assert answer.status == 303, answer.text
        return await self.get(answer.place)

    @property
    def csrf(self) -> str:
        """The form token of the page that was seen last."""
        found = re.search(r'name="csrf" value="([^"]+)"', self.seen)
        return found[1] if found else ""

    async def _ask(self, method: str, path: str, **more: Any) -> Answer:
        async with self.session.request(method, f"{self.base}{path}", allow_redirects=False, **more) as response:
            text = await response.text()
            if re.search(r'name="csrf" value="[^"]', text):
                self.seen = text
            return Answer(response.status, text, dict(response.headers))


@dataclass(slots=True)
class Demo:
    """The running bot: its address, its sandbox, its tables, and browsers without a script."""

    base: str
    twin: str
    database: Database
    data: Path
    server: TestServer
    sessions: list[aiohttp.ClientSession] = field(default_factory=list)

    def visitor(self) -> Visitor:
        """Somebody new."""
        session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        self.sessions.append(session)
        return Visitor(self.base, session)

    def cut(self) -> None:
        """Breaks every connection that is open, as a network does; new ones are taken."""
        assert self.server.handler is not None
        for connection in list(self.server.handler.connections):
            connection.force_close()
            if connection.transport is not None:
                connection.transport.abort()

    async def cases(self, after_sale_id: str) -> list[Interception]:
        """The records of an after-sale of the sample shop."""
        return await self.database.read(lambda c: of_after_sale(c, "demo", after_sale_id))

    async def settled(self, after_sale_id: str, state: str) -> None:
        """Waits until a record of that after-sale is in that state, or on that way home."""
        for _ in range(200):
            for case in await self.cases(after_sale_id):
                if state in {case.state.value, case.way_home.value if case.way_home else ""}:
                    return
            await asyncio.sleep(0.05)
        raise AssertionError(f"{after_sale_id} never came to be {state}")

    async def fees(self) -> int:
        """What the ledger of the sample shop has charged, in fen."""
        total = select(func.coalesce(func.sum(fees.c.amount_fen), 0)).where(fees.c.shop_id == "demo")
        return int(await self.database.read(lambda c: c.execute(total).scalar_one()))

    async def arm(self, tracking_number: str, outcome: str, **more: Any) -> None:
        """What the simulated carrier does with the next ask for that parcel."""
        async with aiohttp.ClientSession() as session:
            path = f"{self.twin}/_sandbox/parcels/{tracking_number}"
            body = {"outcome": outcome, "delay_s": 0, "later_s": 0.3, **more}
            async with session.put(path, json=body) as response:
                response.raise_for_status()


@contextlib.asynccontextmanager
async def demo(folder: Path, url: str) -> AsyncIterator[Demo]:
    """`serve --demo` on a database of its own; everything ends with the block."""
    twin = TestServer(sandbox.build(folder / "sandbox.jsonl", 7), host="127.0.0.1")
    await twin.start_server()
    await _sooner(f"http://127.0.0.1:{twin.port}")
    settings = Settings(
        demo=True,
        data=folder,
        database_url=url,
        sandbox_url=f"http://127.0.0.1:{twin.port}",
        log_level="error",
    )
    server = TestServer(await build(settings), host="127.0.0.1")
    await server.start_server(shutdown_timeout=0.2)
    database = open_database(settings.database)
    served = Demo(f"http://127.0.0.1:{server.port}", settings.sandbox_url, database, folder, server)
    try:
        yield served
    finally:
        for session in served.sessions:
            await session.close()
        await database.close()
        await server.close()
        await twin.close()


async def _sooner(twin: str) -> None:
    """The sample's contradiction shows after a moment instead of after seconds; what is armed already stays so."""
    async with aiohttp.ClientSession() as session:
        body = {"outcome": "contradict", "delay_s": 0, "later_s": 0.4}
        async with session.put(f"{twin}/_sandbox/parcels/75400000000481", json=body) as response:
            response.raise_for_status()
