"""中通's pushes: the example is believed, everything else is not."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from bot.carriers.zto import callback
from bot.carriers.zto.carrier import ZtoSettings
from bot.domain.parcel import Stage

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def fields(vectors: dict[str, Any]) -> dict[str, str]:
    """The example as 中通 would post it."""
    v = vectors["zto_push"]
    return {"data": v["data"], "data_digest": v["data_digest"], "company_id": v["app_key"], "msg_type": "Traces"}


@pytest.fixture
def settings(vectors: dict[str, Any]) -> ZtoSettings:
    """The account that the example is signed for."""
    v = vectors["zto_push"]
    return ZtoSettings.model_validate({"app_key": v["app_key"], "app_secret": v["app_secret"]})


@pytest.mark.parametrize("content_type", [FORM, "application/json; charset=utf-8"])
def test_the_example_is_believed_and_read(fields: dict[str, str], settings: ZtoSettings, content_type: str) -> None:
    """By form or by JSON; the event has its stage, its own time and its words."""
    body = json.dumps(fields) if "json" in content_type else urlencode({**fields, "token": ""})
    push = callback.read(content_type, body.encode())
    assert push is not None
    assert callback.verified(push, settings)
    ((number, event),) = callback.events(push)
    assert (number, event.stage, event.code) == ("75400000000001", Stage.RETURNING, "RETURN_SCAN")
    assert event.at.isoformat() == "2025-01-16T12:00:00+08:00"
    assert event.text == "【上海市】退回寄件人"


@pytest.mark.parametrize(
    "change",
    [{"data_digest": "AAAA"}, {"data_digest": ""}, {"company_id": "other"}, {"data": '{"billCode":"75400000000002"}'}],
)
def test_a_forged_push_is_not_believed(fields: dict[str, str], settings: ZtoSettings, change: dict[str, str]) -> None:
    """Another digest, another account, other data: nothing is acted upon."""
    push = callback.read(FORM, urlencode({**fields, **change}).encode())
    assert push is not None
    assert not callback.verified(push, settings)


@pytest.mark.parametrize(
    "content_type, body",
    [
        (FORM, b""),
        (FORM, b"\xff\xfe"),
        (FORM, b"data=1&data_digest=2"),
        (FORM, b"a=1&" * 1000),
        ("application/json", b"[]"),
        ("application/json", b"{"),
        ("application/json", b'{"data": {"a": 1}, "data_digest": "x", "company_id": "y"}'),
        ("", b"%"),
    ],
)
def test_what_is_no_push_is_none(content_type: str, body: bytes) -> None:
    """Nothing that comes in raises."""
    assert callback.read(content_type, body) is None


def test_other_messages_are_none(fields: dict[str, str]) -> None:
    """Only traces are taken."""
    assert callback.read(FORM, urlencode({**fields, "msg_type": "Order"}).encode()) is None


def test_the_reply_is_in_the_carriers_form() -> None:
    """`status: true` ends it, anything else has it pushed again."""
    assert json.loads(callback.reply(None, True).body) == {
        "status": True,
        "message": "",
        "result": "",
        "statusCode": "0000",
    }
    assert json.loads(callback.reply(None, False).body)["status"] is False
