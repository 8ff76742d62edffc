"""圆通's twin."""

import json
from datetime import datetime
from urllib.parse import urlencode

import pytest

from bot.sandbox.log import SHANGHAI
from tests.sandbox.wire import VECTORS, Wire, YtoWay, dumps, md5_base64, until

VECTOR = VECTORS["yto_wanted_report_adapter"]
CREATE = "/yto/open/wanted_report_adapter/v1/demotok/DEMO"
NUMBER = "YT0000000000001"


async def test_the_vectors_own_bytes_are_taken(wire: Wire) -> None:
    """The sample body with its published signature makes an order."""
    assert (await wire.send(CREATE, VECTOR["wire_body"]))["statusCode"] == 0
    (line,) = wire.lines()
    assert (line["tracking_number"], line["request_id"], line["code"]) == (NUMBER, None, "0")


async def test_the_other_two_vectors(wire: Wire) -> None:
    """The sample trace query and the sample cancel are well signed too."""
    await wire.send(CREATE, VECTOR["wire_body"])
    for name in ("yto_track_query_adapter", "yto_wanted_cancel_adapter"):
        vector = VECTORS[name]
        body = {"timestamp": 1, "param": vector["param"], "sign": vector["sign"], "format": "JSON"}
        await wire.send(f"/yto/open/{vector['method']}/v1/demotok/DEMO", dumps(body))
    assert [x["operation"] for x in wire.lines(NUMBER)] == ["intercept.create", "trace.query", "intercept.cancel"]
    assert wire.lines(NUMBER)[-1]["result"] == "accepted"


async def test_form(wire: Wire) -> None:
    """The same four fields as a form are taken, as some clients send them."""
    form = urlencode({"timestamp": 1, "param": VECTOR["param"], "sign": VECTOR["sign"], "format": "JSON"})
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await wire.send(CREATE, form, headers))["statusCode"] == 0


@pytest.mark.parametrize(
    "path,change",
    [
        (CREATE, {"sign": "AAAA"}),
        (CREATE, {"sign": "签"}),
        (CREATE, {"sign": 1}),
        (CREATE, {"param": VECTOR["param"] + " "}),
        (CREATE, {"param": json.loads(VECTOR["param"])}),
        (CREATE.replace("report", "cancel"), {}),
        (CREATE.replace("/v1/", "/v2/"), {}),
        (CREATE.replace("demotok", "demotoc"), {}),
        (CREATE.replace("DEMO", "DEMA"), {}),
    ],
)
async def test_wrong_signature(wire: Wire, path: str, change: dict[str, object]) -> None:
    """Another text, method, version, token or customer than was signed for: 401, and the log names no parcel."""
    body = json.loads(VECTOR["wire_body"]) | change
    answer = await wire.send(path, dumps(body))
    assert answer == {"success": False, "code": 401, "reason": "请求加密校验失败"}
    (line,) = wire.lines()
    assert (line["result"], line["tracking_number"], line["new_order"]) == ("rejected_signature", None, False)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[]"])
async def test_body_that_is_no_envelope(wire: Wire, body: bytes) -> None:
    """What holds no signature is not signed."""
    assert (await wire.send(CREATE, body))["code"] == 401


async def test_second_while_one_is_effective(yto: YtoWay) -> None:
    """The waybill is the key: another create is told that one is effective, and makes none."""
    assert (await yto.create())["statusCode"] == 0
    again = await yto.create()
    assert again == {"statusCode": 1, "statusMessage": "已有有效拦截件，不能重复发起拦截"}
    assert [(x["result"], x["new_order"]) for x in yto.wire.lines(yto.number)] == [
        ("accepted", True),
        ("refused", False),
    ]


@pytest.mark.parametrize("outcome", ["late_success", "late_failure"])
async def test_accepted_is_the_end(yto: YtoWay, outcome: str) -> None:
    """What comes later shows in the trace alone; the order stays effective for good."""
    await yto.wire.arm(yto.number, outcome=outcome, later_s=0.1)
    assert (await yto.create())["statusCode"] == 0
    seen = await until(yto.scenes, lambda seen: len(seen) == 2)
    assert seen == [*(yto.words[:2] if outcome == "late_success" else yto.words[2:])]
    assert (await yto.create())["statusCode"] == 1
    assert await yto.wire.state(yto.number) == ["succeeded"]


@pytest.mark.parametrize("given,words", [({}, "快件已派件，无法拦截"), ({"code": "快件已签收"}, "快件已签收")])
async def test_prose_of_a_refusal(yto: YtoWay, given: dict[str, str], words: str) -> None:
    """The words that were set, and the delivery scan where none were."""
    await yto.wire.arm(yto.number, outcome="refuse", **given)
    assert await yto.create() == {"statusCode": 1, "statusMessage": words}
    assert yto.wire.lines(yto.number)[0]["code"] == words


async def test_already(yto: YtoWay) -> None:
    """Somebody else's order reads as ours would."""
    await yto.wire.arm(yto.number, outcome="already")
    assert "已有有效拦截件" in (await yto.create())["statusMessage"]


async def test_cancel_frees_the_parcel(yto: YtoWay) -> None:
    """Once, while nothing has happened yet; the trace then stays empty, and another order may be made."""
    assert (await yto.cancel())["statusCode"] == 1
    await yto.create()
    assert (await yto.cancel())["statusCode"] == 0
    assert (await yto.cancel())["statusCode"] == 1
    assert await yto.scenes() == []
    cancels = [x["result"] for x in yto.wire.lines(yto.number) if x["operation"] == "intercept.cancel"]
    assert cancels == ["refused", "accepted", "refused"]
    assert yto.accepted(await yto.create())
    assert yto.wire.made(yto.number) == 2


async def test_cancel_comes_too_late(yto: YtoWay) -> None:
    """What is on its way back is not turned again."""
    await yto.create()
    await until(yto.scenes, bool)
    assert (await yto.cancel())["statusCode"] == 1
    assert await yto.wire.state(yto.number) == ["succeeded"]


async def test_trace_is_an_object_where_nothing_is_found_and_an_array_else(yto: YtoWay) -> None:
    """The two shapes of the interface, and the time in Shanghai without offset."""
    empty = await yto.wire.yto("track_query_adapter", {"NUMBER": yto.number})
    assert (empty["success"], empty["code"], empty["map"]) == (True, "1001", {})
    await yto.create()
    await until(yto.scenes, lambda seen: len(seen) == 2)
    back, home = await yto.wire.yto("track_query_adapter", {"NUMBER": yto.number})
    assert back["waybill_No"] == home["waybill_No"] == yto.number
    assert "退回件" in home["processInfo"]
    at = datetime.strptime(back["upload_Time"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI)
    assert 0 <= (datetime.now(SHANGHAI) - at).total_seconds() < 10


@pytest.mark.parametrize(
    "data,number",
    [({"wantedDesc": "x"}, None), ({"waybillNo": 1, "wantedDesc": "x"}, None), ({"waybillNo": "1"}, "1")],
)
async def test_missing_argument(wire: Wire, data: object, number: str | None) -> None:
    """A create without waybill or without words is not taken."""
    answer = await wire.yto("wanted_report_adapter", data)
    assert answer["statusCode"] == 1
    (line,) = wire.lines()
    assert (line["result"], line["tracking_number"], line["new_order"]) == ("error", number, False)


async def test_cancel_without_a_number(wire: Wire) -> None:
    """A cancel that names no parcel is an error, not a refusal."""
    assert (await wire.yto("wanted_cancel_adapter", {}))["statusCode"] == 1
    assert wire.lines()[0]["result"] == "error"


async def test_method_that_is_not_there(wire: Wire) -> None:
    """A signed call of an unknown method, or with a parameter that is no object, is an argument error."""
    assert (await wire.yto("wanted_status_adapter", {}))["code"] == 400
    assert (await wire.yto("wanted_report_adapter", []))["code"] == 400


async def test_subscription(wire: Wire) -> None:
    """Subscribing, JSON inside JSON, is taken where it names a waybill."""
    inner = dumps({"clientId": "DEMO", "waybillNo": "YT1", "txLogisticId": "1"})
    data = {"client_id": "DEMO", "msg_type": "online", "logistics_interface": inner}
    assert await wire.yto("subscribe_adapter", data) == {"waybillNo": "YT1", "success": True}
    assert (await wire.yto("subscribe_adapter", {"logistics_interface": 1}))["success"] is False


async def test_signature_is_over_the_text_as_it_was_sent(wire: Wire) -> None:
    """Blanks inside the parameter are part of what is signed."""
    param = '{ "waybillNo": "YT7", "wantedDesc": "x" }'
    body = {"timestamp": 1, "param": param, "sign": md5_base64(f"{param}wanted_report_adapterv1{VECTOR['secret']}")}
    assert (await wire.send(CREATE, dumps(body)))["statusCode"] == 0
