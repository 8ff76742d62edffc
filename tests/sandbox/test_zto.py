"""中通's twin."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.app import LISTENER, build
from tests.sandbox.wire import VECTORS, DoudianWay, Wire, ZtoWay, dumps, md5_base64, until

VECTOR = VECTORS["zto_request"]
CREATE = "/zto/thirdcenter.createIntercept"


async def test_the_vectors_own_bytes_are_taken(wire: Wire) -> None:
    """The sample request with its published digest makes an order."""
    headers = {"x-companyid": VECTOR["app_key"], "x-datadigest": VECTOR["digest_md5_base64"]}
    answer = await wire.send(CREATE, VECTOR["body"], headers)
    assert answer["status"] is True
    assert answer["statusCode"] == "SYS000"
    assert answer["data"]["centerBizNo"]
    (line,) = wire.lines()
    assert (line["tracking_number"], line["request_id"], line["code"]) == ("75400000000001", "icpt-0001", "SYS000")


async def test_timestamp_is_digested_where_it_is_sent(wire: Wire) -> None:
    """With the header the published digest with timestamp is right and the one without is wrong."""
    headers = {"x-companyid": VECTOR["app_key"], "x-timestamp": str(VECTOR["timestamp_ms"])}
    right = headers | {"x-datadigest": VECTOR["digest_md5_base64_with_timestamp"]}
    wrong = headers | {"x-datadigest": VECTOR["digest_md5_base64"]}
    assert (await wire.send(CREATE, VECTOR["body"], right))["status"] is True
    assert (await wire.send(CREATE, VECTOR["body"], wrong))["statusCode"] == "S211"


async def test_newer_header_names(wire: Wire) -> None:
    """The names of the newer console text are read as well."""
    headers = {"x-appKey": VECTOR["app_key"], "x-dataDigest": VECTOR["digest_md5_base64"]}
    assert (await wire.send(CREATE, VECTOR["body"], headers))["status"] is True


@pytest.mark.parametrize(
    "change",
    [
        {"x-companyid": "demo-zto-kez"},
        {"x-datadigest": VECTOR["digest_md5_hex"]},
        {"x-datadigest": VECTOR["digest_sha256_base64"]},
        {"x-datadigest": "签"},
        {"x-datadigest": ""},
    ],
)
async def test_wrong_signature(wire: Wire, change: dict[str, str]) -> None:
    """Another key, another way of signing than the app's, or none: refused, and the log names no parcel."""
    headers = {"x-companyid": VECTOR["app_key"], "x-datadigest": VECTOR["digest_md5_base64"]} | change
    answer = await wire.send(CREATE, VECTOR["body"], headers)
    assert (answer["status"], answer["statusCode"]) == (False, "S211")
    (line,) = wire.lines()
    assert (line["result"], line["tracking_number"], line["operation"]) == (
        "rejected_signature",
        None,
        "intercept.create",
    )


async def test_one_changed_byte(wire: Wire) -> None:
    """A body that is not the one that was signed is refused."""
    headers = {"x-companyid": VECTOR["app_key"], "x-datadigest": VECTOR["digest_md5_base64"]}
    answer = await wire.send(CREATE, VECTOR["body"].replace("icpt-0001", "icpt-0002"), headers)
    assert answer["statusCode"] == "S211"
    assert wire.made("75400000000001") == 0


async def test_repeat_and_second(zto: ZtoWay) -> None:
    """The same request id gets the first answer again; another one is refused while the order is effective."""
    first, repeat, second = await zto.create("A"), await zto.create("A"), await zto.create("B")
    assert repeat == first
    assert second["statusCode"] == "E23121"
    assert [(x["result"], x["code"]) for x in zto.wire.lines(zto.number)] == [
        ("accepted", "SYS000"),
        ("repeat", "SYS000"),
        ("refused", "E23121"),
    ]


async def test_status_of_late_success_and_the_way_home(zto: ZtoWay) -> None:
    """INTERCEPTING, then caught, on its way back, and closed, always under the order's own number."""
    await zto.wire.arm(zto.number, outcome="late_success", later_s=0.3)
    number = (await zto.create())["data"]["centerBizNo"]
    assert await zto.status() == "INTERCEPTING"
    for word in ("INTERCEPT_SUCCESS", "PACKAGE_DELIVERYING", "INTERCEPT_DISCONTINUE"):
        assert await until(zto.status, lambda seen, word=word: seen == word) == word
    answer = await zto.wire.zto("thirdcenter.queryInterceptAndReturnStatus", {"billCode": zto.number})
    assert answer["data"]["serviceCode"] == number
    assert answer["data"]["billCode"] == zto.number
    assert answer["data"]["statusName"] == "拦截完结"
    assert zto.wire.lines(zto.number)[-1]["operation"] == "intercept.query"


async def test_late_failure_frees_the_parcel(zto: ZtoWay) -> None:
    """INTERCEPTING, then failed; another request id may order anew and meets success, the old one its old answer."""
    await zto.wire.arm(zto.number, outcome="late_failure")
    first = await zto.create("A")
    assert await zto.status() == "INTERCEPTING"
    assert await until(zto.status, lambda seen: seen != "INTERCEPTING") == "INTERCEPT_FAIL"
    assert await zto.create("A") == first
    assert await zto.scenes() == []
    assert zto.accepted(await zto.create("B"))
    assert await zto.wire.state(zto.number) == ["failed", "succeeded"]
    assert zto.wire.made(zto.number) == 2


async def test_cancel(zto: ZtoWay) -> None:
    """Only by its initiator and only while intercepting; then the parcel is free for another order."""
    assert (await zto.cancel())["statusCode"] == "E23102"
    await zto.wire.arm(zto.number, outcome="late_success", later_s=30)
    await zto.create("A")
    assert (await zto.cancel("B"))["statusCode"] == "E23135"
    assert (await zto.cancel("A"))["status"] is True
    assert await zto.status() == "INTERCEPT_CANCEL"
    assert (await zto.cancel("A"))["statusCode"] == "E23130"
    cancels = [x["result"] for x in zto.wire.lines(zto.number) if x["operation"] == "intercept.cancel"]
    assert cancels == ["refused", "refused", "accepted", "refused"]
    assert zto.accepted(await zto.create("B"))


async def test_success_cannot_be_cancelled(zto: ZtoWay) -> None:
    """What was caught stays caught."""
    await zto.create("A")
    assert (await zto.cancel("A"))["statusCode"] == "E23130"


async def test_cancel_is_told_after_the_delay(zto: ZtoWay) -> None:
    """A slow carrier is slow at cancelling too."""
    await zto.wire.arm(zto.number, outcome="late_success", delay_s=0.2, later_s=30)
    await zto.create()
    began = time.monotonic()
    await zto.cancel()
    assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize("given,code", [({}, "E23120"), ({"code": "E23137"}, "E23137"), ({"code": "S202"}, "S202")])
async def test_code_of_a_refusal(zto: ZtoWay, given: dict[str, str], code: str) -> None:
    """The code that was set, and the delivery scan where none was."""
    await zto.wire.arm(zto.number, outcome="refuse", **given)
    answer = await zto.create()
    assert (answer["status"], answer["statusCode"]) == (False, code)
    assert answer["message"]
    assert zto.wire.lines(zto.number)[0]["code"] == code


async def test_somebody_elses_order_shows_in_the_status(zto: ZtoWay) -> None:
    """The query is by waybill: it tells of an order under a number that we do not hold."""
    await zto.wire.arm(zto.number, outcome="already")
    assert (await zto.create())["statusCode"] == "E23160"
    answer = await zto.wire.zto("thirdcenter.queryInterceptAndReturnStatus", {"billCode": zto.number})
    assert answer["data"]["status"] == "INTERCEPT_SUCCESS"
    assert "ZTO" not in answer["data"]["serviceCode"]


async def test_the_shops_order_is_met(zto: ZtoWay, doudian: DoudianWay) -> None:
    """中通 refuses a parcel that the shop platform intercepts already."""
    doudian.number = zto.number
    await doudian.create()
    assert (await zto.create())["statusCode"] == "E23160"


async def test_status_of_a_parcel_without_an_order(zto: ZtoWay) -> None:
    """Nothing to tell of: order unknown."""
    assert await zto.status() == "E23102"


async def test_trace_in_the_carriers_words(zto: ZtoWay) -> None:
    """Scan type, time in milliseconds, site with its marks, and words that a person reads."""
    before = int(time.time() * 1000)
    await zto.create()
    await until(zto.scenes, lambda seen: len(seen) == 2)
    answer = await zto.wire.zto("zto.merchant.waybill.track.query", {"billCode": zto.number})
    back, home = answer["result"]
    assert (back["scanType"], back["billCode"], home["signMan"]) == ("退件", zto.number, "寄件人")
    assert before < back["scanDate"] < home["scanDate"] <= int(time.time() * 1000)
    assert back["scanSite"]["isCenter"] is True
    assert "退回" in back["desc"]


@pytest.mark.parametrize(
    "api,data,code",
    [
        ("thirdcenter.createIntercept", {"requestId": "A", "destinationType": 2}, "S208"),
        ("thirdcenter.createIntercept", {"billCode": "1", "destinationType": 2}, "S208"),
        ("thirdcenter.createIntercept", {"billCode": "1", "requestId": "A"}, "S208"),
        ("thirdcenter.createIntercept", {"billCode": 1, "requestId": "A", "destinationType": 2}, "S208"),
        ("thirdcenter.createIntercept", {"billCode": "1", "requestId": "A", "destinationType": 5}, "E23108"),
        ("thirdcenter.createIntercept", {"billCode": "1", "requestId": "A", "destinationType": [2]}, "E23108"),
        ("thirdcenter.cancelIntercept", {"billCode": "1"}, "S208"),
        ("thirdcenter.queryInterceptAndReturnStatus", {}, "S208"),
        ("zto.merchant.waybill.track.query", {}, "S208"),
        ("zto.merchant.waybill.track.subsrcibe", {}, "S208"),
        ("zto.open.cancelPreOrder", {"billCode": "1"}, "S207"),
        ("thirdcenter.createIntercept", ["1"], "S208"),
    ],
)
async def test_what_cannot_be_done(wire: Wire, api: str, data: object, code: str) -> None:
    """A missing or strange argument, or an interface that is not there: its code, one line `error`, no order."""
    answer = await wire.zto(api, data)
    assert (answer["status"], answer["statusCode"]) == (False, code)
    (line,) = wire.lines()
    assert (line["result"], line["code"], line["new_order"]) == ("error", code, False)


async def test_body_that_is_no_json(wire: Wire) -> None:
    """Well signed nonsense is an argument error."""
    headers = {"x-companyid": VECTOR["app_key"], "x-datadigest": md5_base64("{" + VECTOR["app_secret"])}
    assert (await wire.send(CREATE, "{", headers))["statusCode"] == "S208"


async def test_subscription(wire: Wire) -> None:
    """Subscribing under the carrier's own spelling is taken."""
    assert (await wire.zto("zto.merchant.waybill.track.subsrcibe", {"billCode": "1"}))["status"] is True


async def test_app_with_another_way_of_signing(tmp_path: Path, aiohttp_client: Any) -> None:
    """A sandbox whose app chose HMAC takes that and not the default."""
    app = build(tmp_path / "calls.jsonl", 0, zto_digest="hmacsha256-base64")
    assert app[LISTENER]
    client = await aiohttp_client(app)
    headers = {"x-companyid": VECTOR["app_key"]}
    seen = []
    for field in ("digest_hmacsha256_base64", "digest_md5_base64"):
        answer = await client.post(
            CREATE, data=VECTOR["body"].encode(), headers=headers | {"x-datadigest": VECTOR[field]}
        )
        seen.append((await answer.json())["status"])
    assert seen == [True, False]


async def test_sixty_four_at_once_make_one_order(zto: ZtoWay) -> None:
    """However many ask at once with one request id, one order is made and all get its number."""
    answers = await asyncio.gather(*(zto.create("A") for _ in range(64)))
    assert len({dumps(answer) for answer in answers}) == 1
    assert zto.wire.made(zto.number) == 1
