"""The description is what the API does: the answers to many made-up requests are checked against it."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, assume, settings
from schemathesis.specs.openapi.checks import negative_data_rejection, unsupported_method

from bot.api.openapi import describe
from bot.api.routes import ENDPOINTS
from bot.shops.embedded.intake import EmbeddedIntake
from bot.store.database import open_database
from tests.api.conftest import Client, open_world
from tests.twin import Twin

INTAKE = EmbeddedIntake.__new__(EmbeddedIntake)  # its documents alone are asked for
DOCUMENT = describe(ENDPOINTS, INTAKE, "0")
schema = schemathesis.openapi.from_dict(DOCUMENT)

ENTERING = {"/after-sales", "/traces"}


@schemathesis.serializer("application/x-ndjson")
def json_lines(context: schemathesis.SerializationContext, value: object) -> bytes:
    """Lines are sent as they are drawn."""
    del context
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


@dataclass
class Served:
    """An API in a thread of its own."""

    base: str = ""
    key: str = ""
    ready: threading.Event = threading.Event()  # noqa: RUF009 - one per module


@pytest.fixture(scope="module")
def served(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, carriers: Twin) -> Iterator[Served]:
    """The whole API, for a client that blocks."""
    path = tmp_path_factory.mktemp("described") / "bot.db"
    shutil.copy(sqlite_template, path)
    shown, loop, stop = Served(), asyncio.new_event_loop(), asyncio.Event()

    async def serve() -> None:
        database = open_database(f"sqlite:///{path}")
        async with open_world(database, carriers) as world:
            shown.base, shown.key = world.base, world.demo.key
            shown.ready.set()
            await stop.wait()
        await database.close()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert shown.ready.wait(30)
    yield shown
    loop.call_soon_threadsafe(stop.set)
    thread.join(30)
    loop.close()


@schema.parametrize()
@settings(max_examples=30, suppress_health_check=list(HealthCheck))
def test_every_answer_is_described(case: schemathesis.Case, served: Served) -> None:
    """Right and wrong requests alike get a described status, a document of the described form, and never a 500."""
    assume([] not in (case.query or {}).values())  # such a parameter does not get onto the wire: nothing there is wrong
    excluded = [unsupported_method]  # it asks without a method of ours, and expects no body
    if case.operation.path in ENTERING:
        excluded.append(negative_data_rejection)  # a wrong document is named in a 200, the others are kept
    headers = {"Authorization": f"Bearer {served.key}"}
    case.call_and_validate(base_url=f"{served.base}/api/v1", headers=headers, excluded_checks=excluded)


async def test_the_description_is_served(demo: Client) -> None:
    """Anybody may read it, and it names every address with its scope."""
    answer = await demo.get("/openapi.json", headers={"Authorization": ""})
    assert answer.status == 200
    assert answer.body["openapi"].startswith("3.1")
    paths = answer.body["paths"]
    assert {(method.upper(), path) for path, item in paths.items() for method in item} == {
        (endpoint.method, endpoint.path) for endpoint in ENDPOINTS
    }
    for endpoint in ENDPOINTS:
        assert endpoint.scope.value in paths[endpoint.path][endpoint.method.lower()]["description"]


def test_limits_stand_in_the_description() -> None:
    """What the documents refuse, the description says: patterns, ranges, and the words that are allowed."""
    schemas = DOCUMENT["components"]["schemas"]
    sale, item = schemas["AfterSaleDocument"]["properties"], schemas["ItemDocument"]["properties"]
    assert sale["type"]["enum"] == ["refund_only", "return_refund", "exchange"]
    assert sale["after_sale_id"]["pattern"] == r"^[!-~]{1,64}$"
    assert (item["quantity"]["minimum"], item["price_fen"]["minimum"]) == (1, 0)
    assert sale["applied_at"]["format"] == "date-time"
    assert schemas["InterceptionRequest"]["additionalProperties"] is False
