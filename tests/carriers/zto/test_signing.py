"""中通's digests against the worked examples."""

from typing import Any

import pytest

from bot.carriers.zto.signing import Digest, digest, push_matches
from bot.carriers.zto.wire import CreateIntercept


@pytest.mark.parametrize(
    "variant, name",
    [
        (Digest.MD5_BASE64, "digest_md5_base64"),
        (Digest.MD5_HEX, "digest_md5_hex"),
        (Digest.SHA256_BASE64, "digest_sha256_base64"),
        (Digest.HMAC_SHA256_BASE64, "digest_hmacsha256_base64"),
    ],
)
def test_each_variant_signs_as_the_example(vectors: dict[str, Any], variant: Digest, name: str) -> None:
    """Every way of signing that the console offers gives the example's digest."""
    v = vectors["zto_request"]
    assert digest(v["body"].encode(), v["app_secret"], variant=variant, hmac_key=v["hmac_key"]) == v[name]


def test_a_timestamp_is_signed_in_front(vectors: dict[str, Any]) -> None:
    """With `x-timestamp` the digest covers it."""
    v = vectors["zto_request"]
    got = digest(v["body"].encode(), v["app_secret"], timestamp_ms=v["timestamp_ms"])
    assert got == v["digest_md5_base64_with_timestamp"]


def test_hex_and_base64_are_the_same_bytes(vectors: dict[str, Any]) -> None:
    """The hexadecimal variants differ in spelling only."""
    v = vectors["zto_request"]
    body, secret = v["body"].encode(), v["app_secret"]
    assert len(digest(body, secret, variant=Digest.SHA256_HEX)) == 64
    assert len(digest(body, secret, variant=Digest.HMAC_SHA256_HEX, hmac_key="k")) == 64


def test_the_wire_form_is_the_examples(vectors: dict[str, Any]) -> None:
    """What is signed is what is sent, in the example's own order and spelling."""
    message = CreateIntercept(
        bill_code="75400000000001",
        request_id="icpt-0001",
        destination_type=2,
        third_biz_no="icpt-0001",
        customer_name="示例店铺",
    )
    assert message.wire() == vectors["zto_request"]["body"].encode()


def test_a_push_is_known_by_its_digest(vectors: dict[str, Any]) -> None:
    """The example's push is 中通's; a changed one, another secret or a strange digest is not."""
    v = vectors["zto_push"]
    assert push_matches(v["data"], v["app_secret"], v["data_digest"])
    assert not push_matches(v["data"] + " ", v["app_secret"], v["data_digest"])
    assert not push_matches(v["data"], "another", v["data_digest"])
    assert not push_matches(v["data"], v["app_secret"], "")
    assert not push_matches(v["data"], v["app_secret"], "中\ud800")
