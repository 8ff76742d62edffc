"""What the API says when something behind it fails."""

import json
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.api.parts import Parts
from bot.api.problems import STATUS, Code
from bot.api.routes import mount
from bot.api.words import table
from bot.store.database import Database, NotStored
from tests.api.conftest import Client, describe, enter, house, sale
from tests.loopback import TestServer
from tests.twin import Twin


class Failing:
    """A database that takes nothing, or that a defect of ours stands in front of."""

    def __init__(self, database: Database, error: Exception) -> None:
        self.database = database
        self.shared = database.shared
        self.clock = database.clock
        self.error = error

    async def write(self, work: Any) -> Any:
        raise self.error

    async def read(self, work: Any) -> Any:
        return await self.database.read(work)

    async def close(self) -> None:
        await self.database.close()


@pytest.mark.parametrize(
    "error, status, code",
    [(NotStored("disk full"), 503, "NOT_READY"), (ZeroDivisionError("geheim"), 500, "INTERNAL_ERROR")],
)
async def test_a_failure_is_told_for_what_it_is(
    database: Database, carriers: Twin, error: Exception, status: int, code: str
) -> None:
    """Nothing stored is 503 and may be sent again; a defect has a number, and its text stays inside."""
    key, _ = await database.write(enter)
    async with house(database, carriers) as parts:
        await parts.intake.after_sales("demo", [sale(1)])
        seen: list[tuple[str, str, int]] = []
    async with house(Failing(database, error), carriers) as parts:
        app = web.Application()
        keys = Parts(parts.interceptions, parts.keys, parts.intake, database, describe)
        mount(app, keys, version="0", observe=lambda method, path, status, _: seen.append((method, path, status)))
        async with TestServer(app) as server, aiohttp.ClientSession() as session:
            client = Client(session, str(server.make_url("")).rstrip("/"), key)
            answers = [
                await client.ask({"after_sale_id": sale(1)["after_sale_id"]}),
                await client.post("/after-sales", sale(2)),
                await client.post("/traces", {"tracking_number": "7", "at": "2026-11-24", "text": "已揽收"}),
            ]
    for answer in answers:
        assert (answer.status, answer.code) == (status, code)
        assert "geheim" not in json.dumps(answer.body)
        assert ("Retry-After" in answer.headers) is (status == 503)
    assert seen == [("POST", path, status) for path in ("/interceptions", "/after-sales", "/traces")]


def test_every_code_is_worded() -> None:
    """Each code has a title, and every code is of a known status."""
    assert set(table()["title"]) == set(STATUS) == set(Code)
