"""The published vectors, recomputed by the twins' own signing."""

import json

import pytest

from bot.sandbox import signing
from tests.sandbox.wire import VECTORS


@pytest.mark.parametrize(
    "variant,field",
    [
        ("md5-base64", "digest_md5_base64"),
        ("md5-hex", "digest_md5_hex"),
        ("sha256-base64", "digest_sha256_base64"),
        ("hmacsha256-base64", "digest_hmacsha256_base64"),
    ],
)
def test_zto_digest_of_each_variant(variant: str, field: str) -> None:
    """The digest of the sample request is the published one, for each way of signing of the console."""
    vector = VECTORS["zto_request"]
    assert signing.zto_digest(vector["body"].encode(), variant=variant) == vector[field]


def test_zto_digest_with_timestamp() -> None:
    """With a timestamp header the timestamp is digested too."""
    vector = VECTORS["zto_request"]
    digest = signing.zto_digest(vector["body"].encode(), timestamp=str(vector["timestamp_ms"]))
    assert digest == vector["digest_md5_base64_with_timestamp"]


@pytest.mark.parametrize(
    "vector,text,sign",
    [
        ("zto_push", "data", "data_digest"),
        ("yto_push", "logistics_interface", "data_digest"),
        ("yto_official", "data", "sign"),
        ("yto_official_push", "data", "data_digest"),
    ],
)
def test_digest_of_a_text_and_a_secret(vector: str, text: str, sign: str) -> None:
    """Pushes of 中通 and 圆通, and 圆通's own two samples, are Base64 of MD5 over text and secret."""
    sample = VECTORS[vector]
    secret = sample.get("app_secret") or sample["secret"]
    assert signing.md5_base64((sample[text] + secret).encode()) == sample[sign]


@pytest.mark.parametrize("name", ["yto_wanted_report_adapter", "yto_wanted_cancel_adapter", "yto_track_query_adapter"])
def test_yto_sign(name: str) -> None:
    """圆通's signature of parameter, method and version is the published one."""
    vector = VECTORS[name]
    assert signing.yto_sign(vector["param"], vector["method"], vector["v"]) == vector["sign"]


def test_yunda_sign() -> None:
    """韵达's signature of the official sample body is the published one."""
    vector = VECTORS["yunda_query"]
    assert signing.yunda_sign(vector["body"].encode()) == vector["sign"]


@pytest.mark.parametrize(
    "name,method,timestamp",
    [
        ("doudian_api", "afterSale.applyLogisticsIntercept", "1737000000"),
        ("doudian_api_escape", "afterSale.Detail", "1737000000"),
    ],
)
def test_doudian_sign(name: str, method: str, timestamp: str) -> None:
    """抖店's text to sign and its HMAC are the published ones, Chinese and angle brackets as they are."""
    vector = VECTORS[name]
    text = signing.doudian_text(method, vector["param_json"].encode(), timestamp)
    assert text.decode() == vector["string_to_sign"]
    assert signing.doudian_sign(text, "hmac-sha256") == vector["sign_hmac_sha256"]


def test_doudian_sign_by_md5() -> None:
    """The older way of signing, by MD5, is the published one."""
    vector = VECTORS["doudian_api"]
    assert signing.doudian_sign(vector["string_to_sign"].encode(), "md5") == vector["sign_md5"]


def test_doudian_push_and_spi() -> None:
    """What the platform sends to others is signed by the same two functions over other texts."""
    push, spi = VECTORS["doudian_push"], VECTORS["doudian_spi"]
    text = (push["app_key"] + push["raw_body"] + push["app_secret"]).encode()
    assert signing.doudian_sign(text, "md5") == push["event_sign_md5"]
    assert signing.doudian_sign(text, "hmac-sha256") == push["event_sign_hmac_sha256"]
    assert signing.doudian_sign(spi["string_to_sign"].encode(), "md5") == spi["sign_md5"]
    assert signing.doudian_sign(spi["string_to_sign"].encode(), "hmac-sha256") == spi["sign_hmac_sha256"]


def test_demo_credentials_are_those_of_the_vectors() -> None:
    """Whoever configures the bot with the vectors' credentials is known to the twins."""
    zto, shop = VECTORS["zto_request"], VECTORS["doudian_api"]
    assert (zto["app_key"], zto["app_secret"]) == (signing.ZTO_KEY, signing.ZTO_SECRET)
    assert VECTORS["yto_wanted_report_adapter"]["secret"] == signing.YTO_SECRET
    assert (
        VECTORS["yunda_query"]["app_key"],
        VECTORS["yunda_query"]["app_secret"],
    ) == (signing.YUNDA_KEY, signing.YUNDA_SECRET)
    assert (shop["app_key"], shop["app_secret"]) == (signing.DOUDIAN_KEY, signing.DOUDIAN_SECRET)


def test_comparing_takes_any_text() -> None:
    """A signature out of a header or out of JSON may hold anything; it is compared, never a crash."""
    assert signing.same("签", "签")
    assert not signing.same("a", json.loads(r'"\ud800"'))
