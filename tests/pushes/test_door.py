"""Pushes: whose they are, what becomes of them, and what the other side hears."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from bot.carriers.contract import PushReply as CarrierReply
from bot.carriers.routing import PushTaken
from bot.domain.parcel import TraceEvent
from bot.pushes.door import Door, mount
from bot.shops.contract import Notice
from bot.shops.contract import PushReply as PlatformReply
from bot.store.database import NotStored
from tests.loopback import TestServer
from tests.pushes.conftest import House
from tests.pushes.told import SALE, Form, doudian, yto, zto


async def test_a_trace_is_kept_before_it_is_acknowledged(house: House) -> None:
    """The shop whose account signed it has the event, others have not, and the carrier hears its own good answer."""
    status, body = await house.push("zto", zto())
    assert (status, json.loads(body)["status"]) == (200, True)
    assert await house.trace() == ["RETURN_SCAN"]
    assert await house.trace("other") == []


async def test_another_carrier_speaks_xml(house: House) -> None:
    """圆通 gets the answer in its form."""
    status, body = await house.push("yto", yto())
    assert (status, b"<success>true</success>" in body) == (200, True)
    assert await house.trace() == ["TMS_RETURN"]


async def test_the_same_trace_twice_is_one_event(house: House) -> None:
    """Each is acknowledged; what a carrier repeats, or sends late, changes nothing that was known."""
    for form in (zto("SIGNED", at="2026-11-24 13:00:00"), zto("DISPATCH"), zto("DISPATCH")):
        assert (await house.push("zto", form))[0] == 200
    assert await house.trace() == ["DISPATCH", "SIGNED"]


@pytest.mark.parametrize(
    "name, form",
    [
        ("zto", zto(secret="forged")),
        ("yto", yto(secret="forged")),
        ("doudian", doudian(("m1", SALE), secret="forged")),
        ("zto", (b"\xff\x00", {})),
        ("zto", (b"", {"Content-Type": "application/json"})),
        ("yto", (b"logistics_interface=%3C", {"Content-Type": "application/x-www-form-urlencoded"})),
        ("doudian", (b"[]", {"app-id": "7000000000000000000"})),
    ],
)
async def test_what_nobody_signed_is_not_believed(house: House, name: str, form: Form) -> None:
    """401 in the other side's form, and nothing is kept."""
    status, body = await house.push(name, form)
    assert status == 401
    assert body
    assert (await house.trace(), await house.news()) == ([], [])


async def test_an_unknown_address_is_none(house: House) -> None:
    """A system that no shop has an account with does not exist, nor is there a page to look at."""
    assert (await house.push("yunda", (b"x", {})))[0] == 404
    assert (await house.push("Nobody", (b"x", {})))[0] == 404
    async with house.session.get(f"{house.base}/push/zto") as answer:
        assert answer.status == 405


async def test_a_long_push_is_refused_unread(house: House) -> None:
    """A signature is computed for each account, so a body has a bound."""
    assert (await house.push("zto", (b"x" * 300_000, {})))[0] == 413


async def test_news_is_kept_once(house: House) -> None:
    """Stored before it is acknowledged; the same message again, alone or among others, makes no second row."""
    assert await house.push("doudian", doudian(("m1", SALE))) == (200, b'{"code":0,"msg":"success"}')
    assert (await house.push("doudian", doudian(("m1", SALE), ("m2", SALE))))[0] == 200
    assert len(await house.news()) == 2


async def test_other_news_is_acknowledged_and_left_alone(house: House) -> None:
    """The platform's own test message, and events that are not about after-sales."""
    for tag in ("0", "102"):
        assert (await house.push("doudian", doudian(("m1", SALE), tag=tag)))[0] == 200
    assert await house.news() == []


class Full:
    """A heart and a database that take nothing more."""

    async def traced(self, *_: object) -> int:
        raise NotStored("full")

    async def write(self, _: object) -> None:
        raise NotStored("full")


@pytest.mark.parametrize("told", ["trace", "news"])
async def test_what_could_not_be_kept_is_not_acknowledged(told: str) -> None:
    """503, so that the other side pushes it again; the operator's figures have it."""
    counted: list[tuple[str, str]] = []

    class Carriers:
        def push(self, *_: object) -> PushTaken:
            event = TraceEvent(datetime.now(UTC), "退回", code="RETURN_SCAN")
            return PushTaken(("own",), (("75400000000001", event),), CarrierReply(b"taken", "text/plain"))

    class Platforms:
        def push(self, *_: object) -> tuple[dict[str, list[Notice]], PlatformReply | None]:
            notice = Notice("m1", SALE, "refund_requested")
            return ({"own": [notice]}, PlatformReply(200, b"taken")) if told == "news" else ({}, None)

    app = web.Application()
    full: Any = Full()
    mount(app, Door(Carriers(), Platforms(), full, full, lambda *what: counted.append(what)))
    async with TestClient(TestServer(app)) as client:
        answer = await client.post("/push/zto", data=b"x")
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    assert counted == [("zto", "not_stored")]
