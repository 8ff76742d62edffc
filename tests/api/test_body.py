"""Bodies: bounded, UTF-8, JSON; and what makes two of them the same."""

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.api.body import digest
from tests.api.conftest import Client, sale

DATA = ("/after-sales", "/traces")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"{",
        b'{"after_sale_id": NaN}',
        b'{"after_sale_id": "1"} x',
        b"[" * 100_000,
        b"1" * 5_000,
        b'{"a": "\xff"}',
        '{"a": "短"}'.encode("gb18030"),
        '{"a": 1}'.encode("utf-16"),
    ],
)
async def test_what_is_no_json_is_refused(demo: Client, raw: bytes) -> None:
    """A body that is no JSON in UTF-8 is 400 everywhere, and the answer says where it ends to be some."""
    answers = [await demo.ask(None, raw=raw), *[await demo.call("POST", path, raw=raw) for path in DATA]]
    for answer in answers:
        assert (answer.status, answer.code) == (400, "BAD_REQUEST")
        assert "JSON" in answer.body["detail"] or "UTF-8" in answer.body["detail"]


async def test_a_place_in_the_body_is_named(demo: Client) -> None:
    """Line and character of the first mistake are told."""
    answer = await demo.call("POST", "/after-sales", raw=b'[\n  {"a": 1,}\n]')
    assert "第 2 行第 1" in answer.body["detail"]


@pytest.mark.parametrize("body", [[], 1, "x", True])
async def test_an_ask_is_an_object(demo: Client, body: object) -> None:
    """Anything else is 400."""
    assert (await demo.ask(body)).code == "BAD_REQUEST"


@pytest.mark.parametrize(
    "body, field, reason",
    [
        ({}, "", "after_sale_id 和 tracking_numbers 至少要有一个"),
        ({"after_sale_id": None}, "", "after_sale_id 和 tracking_numbers 至少要有一个"),
        ({"after_sale_id": 7300000000000000001}, "after_sale_id", "应为字符串"),
        ({"after_sale_id": "7 3"}, "after_sale_id", "应为 1 至 64 个可见的半角字符"),
        ({"after_sale_id": "\ud800"}, "after_sale_id", "应为 1 至 64 个可见的半角字符"),
        ({"tracking_numbers": []}, "tracking_numbers", "不能是空数组"),
        ({"tracking_numbers": "754"}, "tracking_numbers", "应为数组"),
        ({"tracking_numbers": ["754", 5]}, "tracking_numbers[1]", "应为字符串"),
        ({"tracking_number": "754", "after_sale_id": "7"}, "tracking_number", "没有这一项"),
    ],
)
async def test_each_wrong_field_is_named(demo: Client, body: object, field: str, reason: str) -> None:
    """A field that is wrong, or that nobody knows, is named with its reason: an ask that costs money is not guessed."""
    answer = await demo.ask(body)
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")
    assert answer.body["errors"][0]["field"] == field
    assert answer.body["errors"][0]["reason"].startswith(reason)
    assert reason in answer.body["detail"]


@pytest.mark.parametrize("key", ["", " ", "\t"])
async def test_a_key_is_needed(demo: Client, key: str) -> None:
    """Without an Idempotency-Key nothing is asked for."""
    answer = await demo.ask({"after_sale_id": "7"}, key=key)
    assert (answer.status, answer.code) == (400, "IDEMPOTENCY_KEY_REQUIRED")
    missing = await demo.post("/interceptions", {"after_sale_id": "7"})
    assert missing.code == "IDEMPOTENCY_KEY_REQUIRED"


async def test_a_key_has_a_form(demo: Client) -> None:
    """A key is 1 to 255 printable characters; the longest one is taken."""
    one = sale(1, type="exchange")
    await demo.post("/after-sales", one)
    for key in ("x" * 256, "a\tb"):
        assert (await demo.ask({"after_sale_id": one["after_sale_id"]}, key=key)).code == "BAD_REQUEST"
    for key in ("x" * 255, "一个 键"):
        assert (await demo.ask({"after_sale_id": one["after_sale_id"]}, key=key)).status == 200


async def test_too_many_parcels(demo: Client) -> None:
    """A hundred different parcels may be named, not one more; the same one twice counts once."""
    numbers = [f"754{n:011}" for n in range(101)]
    answer = await demo.ask({"tracking_numbers": numbers})
    assert (answer.status, answer.code) == (413, "TOO_MANY")
    assert (await demo.ask({"tracking_numbers": numbers[:100] * 2})).code == "NOT_FOUND"


async def test_too_long_a_body(demo: Client) -> None:
    """A body beyond the limit is 413, whether its length is told, streamed, or hidden by compression."""
    long = json.dumps({"tracking_numbers": ["x" * 300_000]}).encode()
    assert (await demo.ask(None, raw=long)).code == "TOO_MANY"
    packed = gzip.compress(b" " * 20_000_000)
    answer = await demo.call("POST", "/after-sales", raw=packed, headers={"Content-Encoding": "gzip"})
    assert (answer.status, answer.code) == (413, "TOO_MANY")


async def test_a_compressed_body_is_read(demo: Client) -> None:
    """A body may be compressed; one that is not what it says is 400."""
    raw = gzip.compress(json.dumps([sale(1)]).encode())
    answer = await demo.call("POST", "/after-sales", raw=raw, headers={"Content-Encoding": "gzip"})
    assert answer.body == {"accepted": 1, "rejected": []}
    broken = await demo.call("POST", "/after-sales", raw=b"[]", headers={"Content-Encoding": "gzip"})
    assert broken.status == 400


@pytest.mark.parametrize("wait", ["-1", "x", "", "nan", "inf", "1,5", "0x1"])
async def test_a_wait_is_a_number_of_seconds(demo: Client, wait: str) -> None:
    """What is no number of seconds is 400."""
    answer = await demo.ask({"after_sale_id": "7"}, query=f"?wait={wait}")
    assert (answer.code, answer.body["errors"][0]["field"]) == ("BAD_REQUEST", "wait")


@pytest.mark.parametrize("wait", ["0", "0.25", "10", "1e2", "99999999999999999999", "1e999", "-0.0"])
async def test_a_wait_may_be_fractional_or_too_long(demo: Client, wait: str) -> None:
    """Fractions count, and more than 10 is 10."""
    assert (await demo.ask({"after_sale_id": "7"}, query=f"?wait={wait}")).code == "NOT_FOUND"


@pytest.mark.parametrize(
    "query",
    [
        *("limit=0", "limit=-1", "limit=x", "limit=1.5", "limit=", "cursor=x", "cursor=1-2-3", "cursor="),
        *("state=done", "state=pending&state=x", "since=gestern", "since=", "tracking_number=", "after_sale_id=%00"),
        "trackingnumber=75400000000001",  # a mistyped filter must not find everything
    ],
)
async def test_a_wrong_query_is_refused(demo: Client, query: str) -> None:
    """What is no value of a parameter is 400 with its name."""
    answer = await demo.get(f"/interceptions?{query}")
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")
    assert answer.body["errors"][0]["field"].startswith(query.partition("=")[0])


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES, st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_a_digest_is_of_the_value(value: object, escaped: bool, indent: object) -> None:  # noqa: FBT001 - drawn
    """However a JSON value is spelled, its digest is the same."""
    spelled = json.dumps(value, ensure_ascii=escaped, indent=indent)  # type: ignore[arg-type]
    assert digest(json.loads(spelled)) == digest(value)


@given(VALUES, VALUES)
def test_other_values_have_other_digests(one: object, other: object) -> None:
    """Two values are the same exactly when their digests are."""
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (digest(one) == digest(other)) is same
