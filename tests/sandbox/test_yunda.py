"""韵达's twin."""

from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.sandbox.log import CallLog
from bot.sandbox.world import World
from bot.sandbox.yunda import Yunda
from tests.sandbox.wire import VECTORS, Wire, YundaWay, until

VECTOR = VECTORS["yunda_query"]
QUERY = "openapi/outer/logictis/query"
SUBSCRIBE = "openapi/outer/logictis/subscribe"


async def test_the_vectors_own_bytes_are_taken(wire: Wire) -> None:
    """The official sample body with its published signature is read; it asks for a parcel not subscribed to."""
    headers = {"app-key": VECTOR["app_key"], "req-time": str(VECTOR["req_time_ms"]), "sign": VECTOR["sign"]}
    answer = await wire.send(f"/yunda/{QUERY}", VECTOR["body"], headers)
    assert (answer["result"], answer["sub_code"]) == (False, "NOT_SUBSCRIBED")
    assert wire.lines()[0]["tracking_number"] == "3120052228790"


async def test_request_time_is_not_signed(wire: Wire) -> None:
    """Another request time changes nothing."""
    headers = {"app-key": VECTOR["app_key"], "req-time": "1", "sign": VECTOR["sign"]}
    assert (await wire.send(f"/yunda/{SUBSCRIBE}", VECTOR["body"], headers))["result"] is True


@pytest.mark.parametrize("change", [{"sign": VECTOR["sign"].upper()}, {"sign": ""}, {"app-key": "demo-yunda-kez"}])
async def test_wrong_signature(wire: Wire, change: dict[str, str]) -> None:
    """Refused, and the log names no parcel."""
    headers = {"app-key": VECTOR["app_key"], "sign": VECTOR["sign"]} | change
    answer = await wire.send(f"/yunda/{SUBSCRIBE}", VECTOR["body"], headers)
    assert (answer["result"], answer["code"] == "0000") == (False, False)
    assert [(x["result"], x["tracking_number"]) for x in wire.lines()] == [("rejected_signature", None)]


async def test_trace(yunda: YundaWay) -> None:
    """After a subscription, empty until an order; then steps and the status of the whole."""
    assert await yunda.scenes() == []
    await yunda.create()
    await until(yunda.scenes, lambda seen: len(seen) == 2)
    data = (await yunda.wire.yunda(QUERY, {"mailno": yunda.number}))["data"]
    assert (data["mailno"], data["status"]) == (yunda.number, "RETURN")
    assert data["steps"][1]["signer"] == "寄件人"


async def test_other_path_of_the_trace(wire: Wire, yunda: YundaWay) -> None:
    """The second path that a client uses answers the same, and what was ordered here needs no subscription."""
    await yunda.create()
    assert (await wire.yunda("openapi-api/v1/accountOrder/queryTrackBill", {"mailno": yunda.number}))["result"] is True


async def test_direct_interception(yunda: YundaWay) -> None:
    """The simulation: the same request id again, another one refused, pending, cancelled, and free again."""
    await yunda.wire.arm(yunda.number, outcome="late_success", later_s=30)
    assert await yunda.status() == "NOT_FOUND"
    first = await yunda.create("A")
    assert await yunda.create("A") == first
    assert (await yunda.create("B"))["sub_code"] == "ALREADY"
    assert await yunda.status() == "PENDING"
    cancel = {"mailno": yunda.number, "request_id": "A"}
    assert (await yunda.wire.yunda("direct/cancel", cancel | {"request_id": "B"}))["result"] is False
    assert (await yunda.wire.yunda("direct/cancel", cancel))["result"] is True
    assert (await yunda.wire.yunda("direct/cancel", cancel))["sub_code"] == "NOT_PENDING"
    assert await yunda.status() == "CANCEL"
    assert yunda.accepted(await yunda.create("B"))
    assert await yunda.status() == "SUCCESS"


async def test_direct_late_failure(yunda: YundaWay) -> None:
    """Pending, then failed."""
    await yunda.wire.arm(yunda.number, outcome="late_failure")
    await yunda.create()
    assert await until(yunda.status, lambda seen: seen != "PENDING") == "FAIL"


@pytest.mark.parametrize(
    "given,told",
    [
        ({}, ("REFUSED", "快件已派件，无法拦截")),
        ({"code": "B7:已签收"}, ("B7", "已签收")),
        ({"code": "已签收"}, ("REFUSED", "已签收")),
    ],
)
async def test_direct_refusal(yunda: YundaWay, given: dict[str, str], told: tuple[str, str]) -> None:
    """Sub-code and words that were set."""
    await yunda.wire.arm(yunda.number, outcome="refuse", **given)
    answer = await yunda.create()
    assert (answer["sub_code"], answer["sub_msg"]) == told


@pytest.mark.parametrize(
    "path,data", [("direct/create", {"mailno": "1"}), (QUERY, {}), (QUERY, []), ("direct/other", {"mailno": "1"})]
)
async def test_what_cannot_be_done(wire: Wire, path: str, data: object) -> None:
    """A missing argument or a path that is not there."""
    assert (await wire.yunda(path, data))["result"] is False
    assert wire.lines()[0]["result"] == "error"


async def test_paths_are_handed_in(tmp_path: Path, aiohttp_client: Any) -> None:
    """The guessed paths are a mapping: another one serves other paths, and no longer the guessed ones."""
    log = CallLog(tmp_path / "calls.jsonl")
    app = web.Application()
    Yunda(World(0), log, {"private/intercept": "intercept.create"}).mount(app)
    client = await aiohttp_client(app)
    wire = Wire(str(client.make_url("/")).rstrip("/"), tmp_path / "calls.jsonl", client.session)
    data = {"mailno": "1", "request_id": "A"}
    await wire.yunda("private/intercept", data)
    assert wire.made("1") == 1
    assert (await wire.yunda("direct/create", data))["result"] is False
    log.close()
