"""Asking for interceptions, looking them up, cancelling: what a merchant's system sees."""

import asyncio
from typing import Any

import pytest

from tests.api.conftest import Client, World, number_of, sale

INTERCEPTION = {
    *("id", "after_sale_id", "tracking_number", "carrier", "route", "state", "reasons", "fee_fen", "settled_by"),
    *("carrier_reference", "carrier_code", "carrier_text", "origin", "way_home", "created_at", "settled_at"),
}
REASON = {"code", "rule", "text", "remedy", "carrier_code", "carrier_text"}


async def entered(client: Client, *documents: dict[str, Any]) -> None:
    """Enters after-sales."""
    answer = await client.post("/after-sales", list(documents))
    assert answer.body == {"accepted": len(documents), "rejected": []}, answer.body


async def test_an_interception_is_asked_for(any_world: World) -> None:
    """Asked for and waited for, it is there with its fee, and can be looked up."""
    demo, one = any_world.demo, sale(1)
    await entered(demo, one)
    any_world.twin.arm(number_of(one), "success")
    answer = await demo.ask({"after_sale_id": one["after_sale_id"]}, query="?wait=5")
    assert answer.status == 200, answer.body
    item = answer.body["items"][0]
    assert set(item) == INTERCEPTION
    wanted = {"state": "succeeded", "fee_fen": 300, "carrier": "zto", "route": "zto", "origin": "api"}
    assert {name: item[name] for name in wanted} == wanted
    assert (item["settled_by"], item["reasons"]) == ("carrier", [])
    assert item["created_at"].endswith("+08:00")
    assert item["settled_at"] >= item["created_at"]
    assert (await demo.get(f"/interceptions/{item['id']}")).body["id"] == item["id"]


async def test_without_waiting_it_is_accepted(world: World, demo: Client) -> None:
    """The answer comes at once, 202 while it is not final; asking again with the same key shows the end."""
    one = sale(2)
    await entered(demo, one)
    world.twin.arm(number_of(one), "success", delay_s=0.4)
    first = await demo.ask({"after_sale_id": one["after_sale_id"]})
    assert (first.status, first.body["items"][0]["state"]) == (202, "pending")
    assert (first.body["items"][0]["fee_fen"], first.body["items"][0]["settled_by"]) == (0, None)
    again = await demo.ask({"after_sale_id": one["after_sale_id"]}, query="?wait=5")
    assert again.status == 200
    assert [i["id"] for i in again.body["items"]] == [i["id"] for i in first.body["items"]]
    assert again.body["items"][0]["state"] == "succeeded"
    assert world.twin.orders(number_of(one)) == 1


async def test_a_refusal_of_the_rules_is_an_answer(world: World, demo: Client) -> None:
    """Refused by rules is 200 with every reason, its rule, its words and its remedy; nothing was charged."""
    gold = [{"name": "金条", "category": "jewellery", "quantity": 1, "price_fen": 500_000}]
    one = sale(3, type="exchange", items=gold)
    await entered(demo, one)
    answer = await demo.ask({"tracking_numbers": [number_of(one)]})
    assert answer.status == 200
    item = answer.body["items"][0]
    assert (item["state"], item["fee_fen"]) == ("refused", 0)
    assert [(r["code"], r["rule"]) for r in item["reasons"]] == [
        ("CATEGORY_EXCLUDED", "R4"),
        ("VALUE_TOO_HIGH", "R5"),
        ("NOT_REFUND_ONLY", "R6"),
    ]
    for reason in item["reasons"]:
        assert set(reason) == REASON
        assert reason["text"]
        assert (reason["carrier_code"], reason["carrier_text"]) == (None, None)
    assert world.twin.orders(number_of(one)) == 0


async def test_reasons_speak_english_to_those_who_ask_for_it(demo: Client) -> None:
    """`Accept-Language` chooses between Chinese and English; Chinese is for everybody else."""
    one = sale(4, type="exchange")
    await entered(demo, one)
    first = await demo.ask({"after_sale_id": one["after_sale_id"]})
    case = first.body["items"][0]["id"]
    said = {}
    for wanted in ("zh-CN", "en-GB,en;q=0.9", "fr", "zh;q=0.5, en;q=0.8", "en;q=nix"):
        answer = await demo.get(f"/interceptions/{case}", headers={"Accept-Language": wanted})
        said[wanted] = answer.body["reasons"][0]["text"].isascii()
    assert said == {"zh-CN": False, "en-GB,en;q=0.9": True, "fr": False, "zh;q=0.5, en;q=0.8": True, "en;q=nix": False}


async def test_a_carriers_refusal_has_its_own_words(world: World, demo: Client) -> None:
    """The carrier's code and text come through raw; its reason has a rule only where one of ours covers it."""
    one = sale(5, "yto")
    await entered(demo, one)
    world.twin.arm(number_of(one), "refuse")
    item = (await demo.ask({"after_sale_id": one["after_sale_id"]}, query="?wait=5")).body["items"][0]
    assert (item["state"], item["fee_fen"]) == ("failed", 0)
    reason = item["reasons"][0]
    assert "快件已派件" in reason["carrier_text"]
    assert item["carrier_text"] == reason["carrier_text"]
    assert reason["rule"] in {"R9", None}


async def test_parcels_keep_their_order(world: World, demo: Client) -> None:
    """One item for each named parcel, in that order, duplicates once; a refused one does not stop the others."""
    first, second, third = sale(6), sale(7, type="exchange"), sale(8, "yunda")
    await entered(demo, first, second, third)
    numbers = [number_of(third), number_of(first), number_of(second), number_of(third)]
    answer = await demo.ask({"tracking_numbers": numbers}, query="?wait=5.5")
    assert answer.status == 200
    assert [i["tracking_number"] for i in answer.body["items"]] == numbers[:3]
    assert [i["state"] for i in answer.body["items"]] == ["succeeded", "succeeded", "refused"]
    assert answer.body["items"][0]["settled_by"] == "platform"


async def test_several_parcels_need_a_choice(demo: Client) -> None:
    """An after-sale with several parcels and none named is 409 with the parcels, and the key stays free."""
    box = sale(10, "yto")["parcels"][0]
    one = sale(9, more=[box, sale(11, "sf")["parcels"][0]])
    await entered(demo, one)
    answer = await demo.ask({"after_sale_id": one["after_sale_id"]})
    assert (answer.status, answer.code) == (409, "CHOICE_REQUIRED")
    assert [(p["carrier"], p["eligible"], p["fee_fen"]) for p in answer.body["parcels"]] == [
        ("zto", True, 300),
        ("yto", True, 400),
        ("sf", False, 0),
    ]
    assert answer.body["parcels"][2]["reasons"][0]["code"] == "CARRIER_NOT_SUPPORTED"
    assert {p["after_sale_id"] for p in answer.body["parcels"]} == {one["after_sale_id"]}
    named = {"after_sale_id": one["after_sale_id"], "tracking_numbers": [box["tracking_number"]]}
    assert (await demo.ask(named)).status in {200, 202}


async def test_an_after_sale_without_parcels_has_nothing_to_choose(demo: Client) -> None:
    """An after-sale whose goods were never sent has no parcel that could be meant."""
    one = sale(12)
    await entered(demo, one | {"parcels": []})
    answer = await demo.ask({"after_sale_id": one["after_sale_id"]})
    assert (answer.status, answer.code) == (404, "NOT_FOUND")


async def test_a_parcel_in_several_after_sales(demo: Client) -> None:
    """The only open one is meant; where several are open it is a choice between them."""
    number = number_of(sale(13))
    closed, still = sale(13, status="closed"), sale(14, tracking_number=number)
    await entered(demo, closed, still)
    answer = await demo.ask({"tracking_numbers": [number]})
    assert answer.body["items"][0]["after_sale_id"] == still["after_sale_id"]
    await entered(demo, sale(15, tracking_number=number))
    answer = await demo.ask({"tracking_numbers": [number]}, key="k-2")
    assert answer.code == "CHOICE_REQUIRED"
    assert [p["after_sale_id"] for p in answer.body["parcels"]] == [
        still["after_sale_id"],
        sale(15)["after_sale_id"],
    ]
    named = {"after_sale_id": sale(15)["after_sale_id"], "tracking_numbers": [number]}
    assert (await demo.ask(named, key="k-2")).body["items"][0]["reasons"][0]["code"] == "ALREADY_INTERCEPTED"


async def test_unknown_parcels_are_named(world: World, demo: Client) -> None:
    """A parcel that the shop does not have is 404 with all such numbers, and nothing of the request is done."""
    one = sale(16)
    await entered(demo, one)
    answer = await demo.ask({"tracking_numbers": ["75499999999999", number_of(one), "YT9999999999999"]})
    assert (answer.status, answer.code) == (404, "NOT_FOUND")
    assert answer.body["tracking_numbers"] == ["75499999999999", "YT9999999999999"]
    assert (await demo.get("/interceptions")).body["items"] == []
    assert world.twin.orders(number_of(one)) == 0


async def test_parcels_must_be_of_the_named_after_sale(demo: Client) -> None:
    """With both fields, a parcel of another after-sale is not there, and neither is an unknown after-sale."""
    first, second = sale(17), sale(18)
    await entered(demo, first, second)
    both = {"after_sale_id": first["after_sale_id"], "tracking_numbers": [number_of(first), number_of(second)]}
    answer = await demo.ask(both)
    assert (answer.code, answer.body["tracking_numbers"]) == ("NOT_FOUND", [number_of(second)])
    unknown = await demo.ask({"after_sale_id": "7399"})
    assert (unknown.code, unknown.body["tracking_numbers"]) == ("NOT_FOUND", [])
    order = await demo.ask({"after_sale_id": first["order_id"]})
    assert order.code == "NOT_FOUND"


async def test_another_shops_things_do_not_exist(world: World, demo: Client) -> None:
    """Another shop's after-sale, parcel and record are 404, and its lists are its own."""
    one = sale(19)
    await entered(demo, one)
    case = (await demo.ask({"after_sale_id": one["after_sale_id"]})).body["items"][0]["id"]
    other = world.other
    assert (await other.ask({"after_sale_id": one["after_sale_id"]})).code == "NOT_FOUND"
    assert (await other.ask({"tracking_numbers": [number_of(one)]})).code == "NOT_FOUND"
    assert (await other.get(f"/interceptions/{case}")).code == "NOT_FOUND"
    assert (await other.post(f"/interceptions/{case}/cancel")).code == "NOT_FOUND"
    assert (await other.get("/interceptions")).body == {"items": [], "next": None}
    assert (await other.get(f"/interceptions?after_sale_id={one['after_sale_id']}")).body["items"] == []


@pytest.mark.parametrize("case", ["x", "icpt-0", "%00", "密", "a%20b", "x" * 200])
async def test_an_unknown_interception_is_not_found(demo: Client, case: str) -> None:
    """Any id that is none of the shop's is 404, whatever it is made of."""
    assert (await demo.get(f"/interceptions/{case}")).code == "NOT_FOUND"
    assert (await demo.post(f"/interceptions/{case}/cancel")).code == "NOT_FOUND"


async def test_one_that_has_ended_is_not_cancelled(world: World, demo: Client) -> None:
    """A refused, a succeeded and a pending one without a way back are 409, and the answer shows it as it is."""
    refused, done = sale(20, type="exchange"), sale(21, "yto")
    await entered(demo, refused, done)
    world.twin.arm(number_of(done), "success")
    body = {"tracking_numbers": [number_of(refused), number_of(done)]}
    items = (await demo.ask(body, query="?wait=5")).body["items"]
    assert [i["state"] for i in items] == ["refused", "succeeded"]
    for item in items:
        answer = await demo.post(f"/interceptions/{item['id']}/cancel")
        assert (answer.status, answer.code) == (409, "NOT_CANCELLABLE")
        assert answer.body["interception"] == item


async def test_a_pending_one_is_cancelled(world: World, demo: Client) -> None:
    """What 中通 is still working on is taken back through it; nothing is charged."""
    one = sale(22)
    await entered(demo, one)
    world.twin.arm(number_of(one), "late_success", later_s=30)
    item = (await demo.ask({"after_sale_id": one["after_sale_id"]}, query="?wait=0.5")).body["items"][0]
    assert item["state"] == "pending"
    answer = await demo.post(f"/interceptions/{item['id']}/cancel")
    assert (answer.status, answer.body["state"], answer.body["fee_fen"]) == (200, "cancelled", 0)


async def test_records_are_listed_oldest_first(demo: Client) -> None:
    """The list can be narrowed, and paged to its end without a gap or a repeat."""
    sales = [sale(n, type="exchange") for n in range(30, 37)]
    await entered(demo, *sales)
    for n, one in enumerate(sales):
        await demo.ask({"after_sale_id": one["after_sale_id"]}, key=f"k-{n}")
    everything = (await demo.get("/interceptions")).body
    assert [i["after_sale_id"] for i in everything["items"]] == [one["after_sale_id"] for one in sales]
    assert everything["next"] is None
    seen, path = [], "/interceptions?limit=3"
    while path:
        page = (await demo.get(path)).body
        seen += page["items"]
        path = f"/interceptions?limit=3&cursor={page['next']}" if page["next"] else ""
    assert seen == everything["items"]
    third = everything["items"][2]
    since = await demo.get(f"/interceptions?since={third['created_at']}")  # its + arrives as a blank
    assert since.body["items"] == everything["items"][2:]
    for query, count in (
        (f"tracking_number={third['tracking_number']}", 1),
        (f"after_sale_id={third['after_sale_id']}", 1),
        ("state=refused", 7),
        ("state=pending&state=refused", 7),
        ("state=succeeded", 0),
        ("limit=1000000000000000000000", 7),
        ("since=0001-01-01T00:00:00", 7),
        ("since=9999-12-31", 0),
    ):
        assert len((await demo.get(f"/interceptions?{query}")).body["items"]) == count, query


async def test_two_at_once_are_one(any_world: World) -> None:
    """Eight requests with one key at the same time get the same interception, and the carrier one order."""
    demo, one = any_world.demo, sale(40)
    await entered(demo, one)
    any_world.twin.arm(number_of(one), "success", delay_s=0.1)
    answers = await asyncio.gather(*(demo.ask({"after_sale_id": one["after_sale_id"]}) for _ in range(8)))
    assert {a.status for a in answers} <= {200, 202}
    assert len({a.body["items"][0]["id"] for a in answers}) == 1
    assert len((await demo.get("/interceptions")).body["items"]) == 1
    await demo.ask({"after_sale_id": one["after_sale_id"]}, query="?wait=5")
    assert any_world.twin.orders(number_of(one)) == 1


async def test_many_keys_at_once_are_one_order(any_world: World) -> None:
    """Eight requests with keys of their own for one parcel: one is taken, the others are refused by R10."""
    demo, one = any_world.demo, sale(41)
    await entered(demo, one)
    any_world.twin.arm(number_of(one), "success")
    body = {"tracking_numbers": [number_of(one)]}
    answers = await asyncio.gather(*(demo.ask(body, key=f"key {n}", query="?wait=5") for n in range(8)))
    states = sorted(a.body["items"][0]["state"] for a in answers)
    assert states == ["refused"] * 7 + ["succeeded"]
    refused = [a.body["items"][0]["reasons"] for a in answers if a.body["items"][0]["state"] == "refused"]
    assert {r["code"] for reasons in refused for r in reasons} == {"ALREADY_INTERCEPTED"}
    assert any_world.twin.orders(number_of(one)) == 1


async def test_a_key_belongs_to_one_body(demo: Client) -> None:
    """The same key with another body is 409; the same JSON value in another spelling is the same body."""
    first, second = sale(42, type="exchange"), sale(43, type="exchange")
    await entered(demo, first, second)
    ask = {"after_sale_id": first["after_sale_id"], "tracking_numbers": [number_of(first)]}
    id_ = (await demo.ask(ask, key="钥匙 1")).body["items"][0]["id"]
    spelled = (
        '{ "tracking_numbers": ["%s"],\n "after_sale_id": "\\u0037%s" }'  # noqa: UP031 - braces are JSON's here
        % (number_of(first), first["after_sale_id"][1:])
    )
    again = await demo.ask(None, key="钥匙 1", raw=spelled.encode(), query="?wait=1")
    assert again.body["items"][0]["id"] == id_
    for other in ({"after_sale_id": second["after_sale_id"]}, {"after_sale_id": first["after_sale_id"]}):
        answer = await demo.ask(other, key="钥匙 1")
        assert (answer.status, answer.code) == (409, "IDEMPOTENCY_KEY_REUSED")


async def test_a_key_is_the_shops_own(world: World) -> None:
    """The same key in two shops is two keys."""
    one, two = sale(44, type="exchange"), sale(45, type="exchange")
    await entered(world.demo, one)
    await entered(world.other, two)
    for client, document in ((world.demo, one), (world.other, two)):
        answer = await client.ask({"after_sale_id": document["after_sale_id"]}, key="same")
        assert answer.body["items"][0]["after_sale_id"] == document["after_sale_id"]


async def test_a_refused_request_leaves_its_key_free(demo: Client) -> None:
    """A 4xx stores nothing: the same key with a right body is taken."""
    one = sale(46, type="exchange")
    assert (await demo.ask({"after_sale_id": one["after_sale_id"]})).code == "NOT_FOUND"
    assert (await demo.ask({"wrong": 1})).code == "BAD_REQUEST"
    await entered(demo, one)
    assert (await demo.ask({"after_sale_id": one["after_sale_id"]})).status == 200
