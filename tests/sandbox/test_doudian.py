"""The gateway of 抖店's twin, tokens, companies and the trace."""

import time

import pytest

from tests.sandbox.wire import SHOP, VECTORS, DoudianWay, Wire, dumps, until

APPLY = "afterSale.applyLogisticsIntercept"


def path_of(method: str, sign: str, /, **change: str) -> str:
    """The address of a published call."""
    query = {
        "app_key": SHOP["app_key"],
        "method": method,
        "timestamp": "1737000000",
        "v": "2",
        "sign_method": "hmac-sha256",
        "sign": sign,
        "access_token": "demo-token",
    }
    return f"/doudian/{method.replace('.', '/')}?" + "&".join(f"{k}={v}" for k, v in (query | change).items() if v)


async def test_the_vectors_own_bytes_are_taken(wire: Wire) -> None:
    """The sample apply with its published signature makes an order, by HMAC and by MD5."""
    for sign_method, field in (("hmac-sha256", "sign_hmac_sha256"), ("md5", "sign_md5")):
        path = path_of(APPLY, SHOP[field], sign_method=sign_method)
        answer = await wire.send(path, SHOP["param_json"])
        assert answer["code"] == 10000
        assert answer["log_id"]
    assert wire.made("75400000000001") == 2
    assert wire.lines()[0]["request_id"] == "7300000000000000001"


async def test_unescaped_angle_brackets_and_chinese(wire: Wire) -> None:
    """The sample with `<>&` and Chinese as they are is well signed."""
    vector = VECTORS["doudian_api_escape"]
    answer = await wire.send(path_of("afterSale.Detail", vector["sign_hmac_sha256"]), vector["param_json"])
    assert answer["code"] == 10000


@pytest.mark.parametrize(
    "change",
    [
        {"sign": "00"},
        {"sign": ""},
        {"sign": "签"},
        {"sign": SHOP["sign_hmac_sha256"].upper()},
        {"app_key": "7000000000000000001"},
        {"timestamp": "1737000001"},
        {"method": "afterSale.Detail"},
        {"v": "1"},
        {"sign_method": "md5"},
        {"sign_method": "sha1"},
        {"sign_method": ""},
    ],
)
async def test_wrong_signature(wire: Wire, change: dict[str, str]) -> None:
    """Whatever was not signed like this is refused, and the log names no parcel."""
    path = path_of(APPLY, SHOP["sign_hmac_sha256"], **change)
    answer = await wire.send(path, SHOP["param_json"])
    assert answer["code"] == 40003
    (line,) = wire.lines()
    assert (line["result"], line["tracking_number"], line["new_order"]) == ("rejected_signature", None, False)


@pytest.mark.parametrize("token", [None, "demo-token2"])
async def test_wrong_token(wire: Wire, token: str | None) -> None:
    """A well signed call without the shop's token is refused."""
    answer = await wire.doudian("order.logisticsCompanyList", {}, token)
    assert answer["code"] == 30001
    assert wire.lines()[0]["result"] == "rejected_signature"


async def test_method_that_is_not_there(wire: Wire) -> None:
    """A signed call of an unknown method says so."""
    assert (await wire.doudian("afterSale.previewIntercept", {}))["code"] == 40001


async def test_body_that_is_no_object(wire: Wire) -> None:
    """Well signed nonsense is an argument error."""
    assert (await wire.doudian("afterSale.Detail", []))["code"] == 40004


async def test_tokens(wire: Wire) -> None:
    """Both ways to a token, and its renewal, need no token themselves and give the demo token."""
    calls = [
        ("token.create", {"code": "x", "grant_type": "authorization_code"}),
        ("token.create", {"code": "", "grant_type": "authorization_self", "shop_id": "1111111"}),
    ]
    for method, data in calls:
        answer = await wire.doudian(method, data, None)
        assert answer["data"]["access_token"] == "demo-token"
        assert answer["data"]["expires_in"] == 604800
        calls_refresh = {"grant_type": "refresh_token", "refresh_token": answer["data"]["refresh_token"]}
        assert (await wire.doudian("token.refresh", calls_refresh, None))["data"]["access_token"] == "demo-token"


@pytest.mark.parametrize(
    "method,data",
    [
        ("token.create", {"code": "", "grant_type": "authorization_code"}),
        ("token.create", {}),
        ("token.refresh", {"grant_type": "refresh_token", "refresh_token": "x"}),
    ],
)
async def test_token_for_the_wrong_thing(wire: Wire, method: str, data: object) -> None:
    """Without a code or with another refresh token there is no token."""
    answer = await wire.doudian(method, data, None)
    assert (answer["code"], answer["data"]) == (40004, None)


async def test_company_list(wire: Wire) -> None:
    """Companies with the codes that an apply takes."""
    companies = (await wire.doudian("order.logisticsCompanyList", {}))["data"]
    assert {"zhongtong", "yuantong", "yunda"} <= {company["code"] for company in companies}
    assert all(company["id"] and company["name"] for company in companies)


async def test_trace_in_the_platforms_words(doudian: DoudianWay) -> None:
    """Two underscores, seconds as text, a description of the state and words that a person reads."""
    await doudian.create()
    await until(doudian.scenes, lambda seen: len(seen) == 2)
    data = {"logistics_code": "yunda", "track_no": doudian.number}
    answer = (await doudian.wire.doudian("logistics.trackNoRouteDetail", data))["data"]
    back, home = answer["route__node_list"]
    assert answer["track_info"] == {"track_no": doudian.number, "express": "yunda"}
    assert abs(int(back["timestamp"]) - time.time()) < 10
    assert isinstance(back["timestamp"], str)
    assert ("退回" in back["content"], "退件签收" in home["content"]) == (True, True)
    assert doudian.wire.lines(doudian.number)[-1]["operation"] == "trace.query"


@pytest.mark.parametrize(
    "data", [{"track_no": "1"}, {"logistics_code": "yunda"}, {"track_no": 1, "logistics_code": "y"}]
)
async def test_trace_without_number_or_company(wire: Wire, data: object) -> None:
    """Both are needed."""
    assert (await wire.doudian("logistics.trackNoRouteDetail", data))["code"] == 40002


async def test_signature_is_over_the_body_as_it_was_sent(wire: Wire) -> None:
    """A body in another form than the one that was signed is refused, even where it means the same."""
    path = wire.shop_path("order.logisticsCompanyList", dumps({}))
    assert (await wire.send(path, "{ }"))["code"] == 40003
