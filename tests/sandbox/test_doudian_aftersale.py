"""After-sales of 抖店's twin, and the interception through them."""

from typing import Any

import pytest

from tests.sandbox.wire import AFTER_SALE, DoudianWay, LostError, Wire, until

OTHER = "3120000000777"


def apply(*numbers: str, **change: object) -> dict[str, Any]:
    """The parameters of an apply for these parcels."""
    targets = [{"company_code": "yunda", "tracking_no": number} for number in numbers]
    return {"after_sale_id": AFTER_SALE, "op_from": 1, "intercept_targets": targets} | change


async def test_each_apply_is_a_further_order(doudian: DoudianWay) -> None:
    """The platform has no key: it takes each apply, and the log says so each time."""
    for _ in range(3):
        assert doudian.accepted(await doudian.create())
    assert [(x["result"], x["new_order"]) for x in doudian.wire.lines(doudian.number)] == [("accepted", True)] * 3
    assert await doudian.wire.state(doudian.number) == ["succeeded"] * 3


async def test_result_of_a_success(doudian: DoudianWay) -> None:
    """What the platform charged, in fen, settled online, with the counts over all parcels."""
    data = (await doudian.create())["data"]
    (result,) = data["intercept_results"]
    assert (data["success_count"], data["failed_count"]) == (1, 0)
    assert (result["intercept_cost"], result["settlement_mode"], result["company_name"]) == (300, 0, "韵达快递")
    assert (result["tracking_no"], result["unavailable_reason_code"]) == (doudian.number, 0)


async def test_partly_successful(wire: Wire) -> None:
    """Several parcels in one call each have their own outcome, their own line and their own result."""
    await wire.arm(OTHER, outcome="refuse", code="-10006:服务异常")
    data = (await wire.doudian("afterSale.applyLogisticsIntercept", apply("1", OTHER, "2")))["data"]
    assert [r["is_success"] for r in data["intercept_results"]] == [True, False, True]
    assert (data["success_count"], data["failed_count"]) == (2, 1)
    assert (data["unavailable_reason_code"], data["unavailable_reason"]) == (-10006, "服务异常")
    lines = [(x["tracking_number"], x["result"], x["code"], x["new_order"]) for x in wire.lines()]
    assert lines == [
        ("1", "accepted", "10000", True),
        (OTHER, "refused", "-10006", False),
        ("2", "accepted", "10000", True),
    ]


@pytest.mark.parametrize("fault", ["lost_answer", "http_500_after", "malformed", "http_500"])
async def test_worst_of_several_decides_the_answer(wire: Wire, fault: str) -> None:
    """One parcel's fault takes the answer of all, while the other orders are made."""
    await wire.arm(OTHER, outcome=fault)
    with pytest.raises(LostError):
        await wire.doudian("afterSale.applyLogisticsIntercept", apply("1", OTHER))
    assert (wire.made("1"), wire.made(OTHER)) == (1, 0 if fault == "http_500" else 1)


@pytest.mark.parametrize(
    "given,code,words",
    [
        ({}, 1001, "包裹已派送，无法拦截"),
        ({"code": "77:余额不足"}, 77, "余额不足"),
        ({"code": "包裹已签收"}, -1, "包裹已签收"),
    ],
)
async def test_reason_of_a_refusal(doudian: DoudianWay, given: dict[str, str], code: int, words: str) -> None:
    """Number and words that were set; words alone get the number -1."""
    await doudian.wire.arm(doudian.number, outcome="refuse", **given)
    answer = await doudian.create()
    (result,) = answer["data"]["intercept_results"]
    assert answer["code"] == 10000
    assert (result["is_success"], result["unavailable_reason_code"]) == (False, code)
    assert result["unavailable_reason"] == words
    assert result["intercept_cost"] == 0
    assert doudian.wire.lines(doudian.number)[0]["code"] == str(code)


@pytest.mark.parametrize("code,sub_code", [("20001", ""), ("50002", "isv.business-failed:10000")])
async def test_refusal_of_the_whole_call(doudian: DoudianWay, code: str, sub_code: str) -> None:
    """A number of the gateway is told by the envelope, as the platform tells its own time-out."""
    await doudian.wire.arm(doudian.number, outcome="refuse", code=f"{code}:内部错误")
    answer = await doudian.create()
    assert (str(answer["code"]), answer["sub_code"], answer["data"]) == (code, sub_code, None)


async def test_already_says_words(doudian: DoudianWay) -> None:
    """Somebody else's order is a refusal in words, and the after-sale shows nothing of it."""
    await doudian.wire.arm(doudian.number, outcome="already")
    (result,) = (await doudian.create())["data"]["intercept_results"]
    assert (result["is_success"], bool(result["unavailable_reason"])) == (False, True)
    assert await doudian.shown() == [0]


@pytest.mark.parametrize(
    "data",
    [
        {},
        apply(),
        apply("1", after_sale_id="7300000000000000001"),
        apply("1", after_sale_id=2**63),
        apply("1", after_sale_id=True),
        apply("1", op_from=2),
        apply("1", op_from=[1]),
        apply("1", intercept_targets=["1"]),
        apply("1", intercept_targets=[{"tracking_no": "1"}]),
        apply("1", intercept_targets={"tracking_no": "1", "company_code": "yunda"}),
    ],
)
async def test_arguments_of_an_apply(wire: Wire, data: object) -> None:
    """Types are the platform's: an id that is no number, or parcels that cannot be read, make no order at all."""
    answer = await wire.doudian("afterSale.applyLogisticsIntercept", data)
    assert answer["code"] == 40004
    (line,) = wire.lines()
    assert (line["result"], line["tracking_number"], line["new_order"]) == ("error", None, False)


async def test_after_sale_shows_the_order_for_good(doudian: DoudianWay) -> None:
    """Nothing before an apply; 3 once an order was taken; 4 when the merchant has the parcel."""
    assert await doudian.shown() == []
    await doudian.wire.arm(doudian.number, outcome="lost_answer", later_s=0.3)
    with pytest.raises(LostError):
        await doudian.create()
    assert await doudian.shown() == [3]
    assert await until(doudian.shown, lambda seen: seen == [4]) == [4]
    assert doudian.wire.lines(doudian.number)[-1]["operation"] == "intercept.query"


@pytest.mark.parametrize("outcome", ["late_failure", "contradict"])
async def test_order_does_not_vanish(doudian: DoudianWay, outcome: str) -> None:
    """Accepted is the end: the trace goes on to the buyer, and the after-sale shows the order all the same."""
    await doudian.wire.arm(doudian.number, outcome=outcome)
    assert doudian.accepted(await doudian.create())
    assert await until(doudian.scenes, lambda seen: len(seen) == 2) == ["派送", "签收"]
    assert await doudian.shown() == [3]


@pytest.mark.parametrize("outcome", ["http_500", "refuse"])
async def test_after_sale_shows_nothing_without_an_order(doudian: DoudianWay, outcome: str) -> None:
    """What made no order is not shown as one."""
    await doudian.wire.arm(doudian.number, outcome=outcome)
    try:
        await doudian.create()
    except LostError:
        assert outcome == "http_500"
    assert 3 not in await doudian.shown()


async def test_list_pages_and_filters(wire: Wire) -> None:
    """By tracking numbers, by after-sale and by time of change; pages from 0 with what is left."""
    for n in range(3):
        await wire.doudian("afterSale.applyLogisticsIntercept", apply(f"P{n}", after_sale_id=100 + n))

    async def found(**data: object) -> tuple[list[str], bool, int]:
        answer = (await wire.doudian("afterSale.List", {"page": 0, "size": 10} | data))["data"]
        ids = [item["aftersale_info"]["aftersale_id"] for item in answer["items"]]
        return ids, answer["has_more"], answer["total"]

    assert await found() == (["100", "101", "102"], False, 3)
    assert await found(size=2) == (["100", "101"], True, 3)
    assert await found(size=2, page=1) == (["102"], False, 3)
    assert await found(order_logistics_tracking_no=["P1", "P2", "P1"]) == (["101", "102"], False, 2)
    assert await found(aftersale_id="101") == (["101"], False, 1)
    assert await found(update_start_time=2**40) == ([], False, 0)
    assert await found(update_end_time=1) == ([], False, 0)
    queries = [x["tracking_number"] for x in wire.lines() if x["operation"] == "intercept.query"]
    assert queries == ["P1", "P2", "P1"]


@pytest.mark.parametrize(
    "data",
    [{"size": 101}, {"page": -1}, {"page": "0"}, {"page": 501, "size": 100}, {"order_logistics_tracking_no": "1"}],
)
async def test_arguments_of_a_list(wire: Wire, data: object) -> None:
    """Pages that the platform does not give, or a number where a list is due."""
    assert (await wire.doudian("afterSale.List", data))["code"] == 40004


async def test_detail_and_the_refund(doudian: DoudianWay) -> None:
    """An open refund with its parcel; agreed to once; then it is closed, and agreeing again is the wrong state."""
    await doudian.create()
    name = str(AFTER_SALE)
    info, parcels = await detail(doudian.wire, name)
    assert (info["after_sale_type"], info["after_sale_status"], info["aftersale_status_to_final_time"]) == (1, 6, 0)
    assert [p["tracking_no"] for p in parcels] == [doudian.number]
    item = {"aftersale_id": name, "update_time": info["update_time"]}
    agreed = await doudian.wire.doudian("afterSale.operate", {"type": 201, "items": [item]})
    assert agreed["data"]["items"] == [{"aftersale_id": name, "status_code": 0, "status_msg": "success"}]
    closed, _ = await detail(doudian.wire, name)
    assert (closed["after_sale_status"], closed["refund_status"]) == (12, 3)
    assert closed["aftersale_status_to_final_time"] == closed["update_time"] > info["update_time"]
    again = await doudian.wire.doudian("afterSale.operate", {"type": 201, "items": [{"aftersale_id": name}]})
    assert (again["code"], again["sub_code"]) == (50002, "isv.business-failed:20309541")


async def test_stale_decision_is_refused(wire: Wire) -> None:
    """Refusing changes the after-sale, so whoever decides by what he read before must read again."""
    info, _ = await detail(wire, "900")
    item = {"aftersale_id": "900", "update_time": info["update_time"]}
    assert (await wire.doudian("afterSale.operate", {"type": 202, "items": [item]}))["code"] == 10000
    stale = await wire.doudian("afterSale.operate", {"type": 201, "items": [item]})
    assert stale["sub_code"] == "isv.business-failed:20309541"
    info, _ = await detail(wire, "900")
    assert info["after_sale_status"] == 27
    item["update_time"] = info["update_time"]
    assert (await wire.doudian("afterSale.operate", {"type": 201, "items": [item]}))["code"] == 10000


@pytest.mark.parametrize(
    "data,code",
    [
        ({"type": 101, "items": [{"aftersale_id": "1"}]}, 50002),
        ({"type": [201], "items": [{"aftersale_id": "1"}]}, 50002),
        ({"type": 201, "items": []}, 40004),
        ({"type": 201, "items": [{"aftersale_id": 1}]}, 40004),
        ({"type": 201, "items": ["1"]}, 40004),
        ({"type": 201, "items": [{"aftersale_id": "1"}] * 21}, 40004),
    ],
)
async def test_arguments_of_an_operation(wire: Wire, data: object, code: int) -> None:
    """Other operations belong to the console, and what cannot be read is an argument error."""
    assert (await wire.doudian("afterSale.operate", data))["code"] == code


@pytest.mark.parametrize("after_sale_id", [1, "", "x", None])
async def test_detail_wants_the_id_as_text(wire: Wire, after_sale_id: object) -> None:
    """Here the id is text, unlike in an apply."""
    assert (await wire.doudian("afterSale.Detail", {"after_sale_id": after_sale_id}))["code"] == 40004


async def detail(wire: Wire, after_sale_id: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """After-sale and parcels out of `afterSale.Detail`."""
    answer = await wire.doudian("afterSale.Detail", {"after_sale_id": after_sale_id, "need_operation_record": False})
    process = answer["data"]["process_info"]
    return process["after_sale_info"], process["logistics_info"]["order"]
