"""抖店's pushes: the example is believed and read, everything else is not."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.shops.contract import Notice
from bot.shops.doudian import inbound
from bot.shops.doudian.signing import SignMethod, event_sign

VECTOR: dict[str, Any] = json.loads((Path(__file__).parents[2] / "vectors.json").read_text(encoding="utf-8"))[
    "doudian_push"
]
KEY, SECRET = VECTOR["app_key"], VECTOR["app_secret"]


def pushed(*messages: dict[str, Any], **headers: str) -> list[Notice] | None:
    """What a signed push of these messages says."""
    body = json.dumps(messages).encode()
    signed = {"app-id": KEY, "event-sign": event_sign(KEY, SECRET, body, SignMethod.HMAC_SHA256), **headers}
    return inbound.read(KEY, SECRET, signed, body)


def message(tag: str, **data: Any) -> dict[str, Any]:
    """One message; its data is JSON text inside JSON."""
    return {"tag": tag, "msg_id": f"m-{tag}", "data": json.dumps({"aftersale_id": 7300000000000000001, **data})}


@pytest.mark.parametrize("method, name", [("md5", "event_sign_md5"), ("hmac-sha256", "event_sign_hmac_sha256")])
def test_the_example_is_believed_and_read(method: str, name: str) -> None:
    """By either signature, with headers in any case; the number is text inside."""
    headers = {"App-Id": KEY, "Event-Sign": VECTOR[name], "Sign-Method": method}
    assert inbound.read(KEY, SECRET, headers, VECTOR["raw_body"].encode()) == [
        Notice("7300000000000000001:200:1", "7300000000000000001", "refund_requested")
    ]


@pytest.mark.parametrize("headers", [{"event-sign": "00"}, {"app-id": "1"}, {"event-sign": ""}])
def test_a_forged_push_is_not_believed(headers: dict[str, str]) -> None:
    """Another signature or another app: nothing is acted upon."""
    assert pushed(message("200"), **headers) is None


def test_every_tag_of_an_after_sale_is_read() -> None:
    """200 to 209, in order, each with what it means."""
    tags = [str(tag) for tag in range(200, 210)]
    notices = pushed(*(message(tag, update_time="1737000000", aftersale_type=1) for tag in tags))
    assert notices is not None
    assert [notice.message_id for notice in notices] == [f"m-{tag}" for tag in tags]
    assert {notice.after_sale_id for notice in notices} == {"7300000000000000001"}
    assert [notice.event for notice in notices] == list(inbound.EVENTS.values())


def test_other_tags_and_the_test_push_are_taken_and_left_alone() -> None:
    """Orders, arbitration and the platform's own test say nothing to us; nor does what cannot be read."""
    assert pushed(message("0"), message("102"), message("216")) == []
    assert pushed({"tag": 200, "msg_id": 1, "data": "?"}) == []
    assert pushed({"tag": 200, "msg_id": 1, "data": '{"aftersale_id": 7}'}) == [Notice("1", "7", "refund_requested")]


def test_what_is_signed_and_no_list_says_nothing() -> None:
    """A signed body of another shape is taken, so that it is not pushed for ever."""
    body = b'{"tag":"200"}'
    headers = {"event-sign": event_sign(KEY, SECRET, body, SignMethod.HMAC_SHA256)}
    assert inbound.read(KEY, SECRET, headers, body) == []


def test_the_reply_is_in_the_platforms_form() -> None:
    """`code` 0 ends it."""
    assert json.loads(inbound.TAKEN.body) == {"code": 0, "msg": "success"}
    assert inbound.TAKEN.status == 200
    assert inbound.REFUSED.status == 401
