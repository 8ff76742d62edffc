"""Entering after-sales and traces over the API."""

import json
from typing import Any

import pytest

from tests.api.conftest import Client, World, number_of, sale

LINES = {"Content-Type": "application/x-ndjson; charset=utf-8"}


async def test_one_or_many_are_taken(world: World, demo: Client) -> None:
    """One object, an array and an empty array are the same to the door."""
    assert (await demo.post("/after-sales", sale(1))).body == {"accepted": 1, "rejected": []}
    assert (await demo.post("/after-sales", [sale(1), sale(2)])).body == {"accepted": 2, "rejected": []}
    assert (await demo.post("/after-sales", [])).body == {"accepted": 0, "rejected": []}
    found = await world.parts.interceptions.find("demo", [number_of(sale(2))])
    assert [a.after_sale_id for a in found[number_of(sale(2))]] == [sale(2)["after_sale_id"]]


async def test_the_good_ones_are_kept(demo: Client) -> None:
    """Each wrong one is named by its place and the reason, the others are in."""
    answer = await demo.post("/after-sales", [sale(1, refund_fen="1"), 7, sale(2), sale(3, parcels=[{}])])
    assert (answer.status, answer.body["accepted"]) == (200, 1)
    assert [r["index"] for r in answer.body["rejected"]] == [0, 1, 3]
    assert answer.body["rejected"][0]["reason"].startswith("refund_fen：应为整数")


async def test_json_lines_are_taken(demo: Client) -> None:
    """A line each; one that is no JSON is named by its place among the lines that are not blank."""
    lines = ["", json.dumps(sale(1)), "", "{x", json.dumps(sale(2)), '{"a": NaN}', ""]
    answer = await demo.call("POST", "/after-sales", raw="\r\n".join(lines).encode(), headers=LINES)
    assert (answer.status, answer.body["accepted"]) == (200, 2)
    assert [(r["index"], r["reason"]) for r in answer.body["rejected"]] == [
        (1, "这一行不是 JSON（this line is no JSON）"),
        (3, "这一行不是 JSON（this line is no JSON）"),
    ]


@pytest.mark.parametrize("kind", ["array", "lines"])
async def test_a_thousand_at_once(world: World, demo: Client, kind: str) -> None:
    """A thousand are taken, one more is 413 and none of them is kept."""
    documents = [sale(n, trace=[]) for n in range(1_001)]

    async def post(these: list[dict[str, Any]]) -> Any:
        if kind == "array":
            return await demo.post("/after-sales", these)
        raw = "\n".join(map(json.dumps, these)).encode()
        return await demo.call("POST", "/after-sales", raw=raw, headers=LINES)

    answer = await post(documents)
    assert (answer.status, answer.code) == (413, "TOO_MANY")
    first = documents[0]["after_sale_id"]
    assert await world.parts.interceptions.find("demo", [first]) == {first: []}
    assert (await post(documents[:1000])).body == {"accepted": 1000, "rejected": []}


async def test_the_same_after_sale_again_updates_it(demo: Client) -> None:
    """A closed after-sale is refused by R7 as soon as it has been told again."""
    await demo.post("/after-sales", sale(1))
    await demo.post("/after-sales", sale(1, status="closed"))
    item = (await demo.ask({"after_sale_id": sale(1)["after_sale_id"]})).body["items"][0]
    assert [r["code"] for r in item["reasons"]] == ["AFTER_SALE_CLOSED"]


async def test_what_is_no_document_is_refused(demo: Client) -> None:
    """A body that is neither an object nor an array is 400."""
    for path in ("/after-sales", "/traces"):
        for body in ("x", 5, True):
            assert (await demo.post(path, body)).code == "BAD_REQUEST"


async def test_a_trace_decides(world: World, demo: Client) -> None:
    """A trace told over the API refuses the next ask (R9); told again, or of an unknown parcel, it is taken as well."""
    one = sale(1)
    await demo.post("/after-sales", one)
    event = {"tracking_number": number_of(one), "at": "2026-11-24T08:00:00", "text": "快件已签收，签收人：本人"}
    unknown = event | {"tracking_number": "75400000099999", "carrier": "zto", "place": "杭州", "code": "x"}
    for _ in range(2):
        answer = await demo.post("/traces", [event, unknown, {"tracking_number": "7"}])
        assert (answer.body["accepted"], [r["index"] for r in answer.body["rejected"]]) == (2, [2])
    item = (await demo.ask({"tracking_numbers": [number_of(one)]})).body["items"][0]
    assert [(r["code"], r["rule"]) for r in item["reasons"]] == [("ALREADY_DELIVERED", "R9")]
    assert world.twin.orders(number_of(one)) == 0


async def test_a_trace_moves_an_interception(world: World, demo: Client) -> None:
    """A trace that turns back settles what was still pending, with its fee, in the same transaction."""
    one = sale(2)
    await demo.post("/after-sales", one)
    world.twin.arm(number_of(one), "late_success", later_s=60)
    item = (await demo.ask({"after_sale_id": one["after_sale_id"]}, query="?wait=0.3")).body["items"][0]
    assert item["state"] == "pending"
    event = {"tracking_number": number_of(one), "at": "2026-11-24T12:00:00+08:00", "text": "快件已被拦截，正在退回"}
    await demo.post("/traces", [event])
    item = (await demo.get(f"/interceptions/{item['id']}")).body
    assert (item["state"], item["fee_fen"], item["way_home"]) == ("succeeded", 300, "returning")
    fees = (await demo.get("/fees")).body["items"]
    assert [(f["interception_id"], f["amount_fen"]) for f in fees] == [(item["id"], 300)]
