"""圆通's pushes: the example is believed, everything else is not."""

from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest

from bot.carriers.yto import callback
from bot.carriers.yto.carrier import YtoSettings
from bot.domain.parcel import Stage

FORM = "application/x-www-form-urlencoded"


def parsed(body: bytes) -> ET.Element:
    """A reply of our own."""
    return ET.fromstring(body)  # noqa: S314 - we wrote it


ONE = {"base_url": "https://openapi.yto.net.cn", "token": "t1", "customer_code": "DEMO", "secret": "s"}


@pytest.fixture
def fields(vectors: dict[str, Any]) -> dict[str, str]:
    """The example as 圆通 would post it."""
    v = vectors["yto_push"]
    return {
        "logistics_interface": v["logistics_interface"],
        "data_digest": v["data_digest"],
        "clientId": "DEMO",
        "type": "online",
    }


@pytest.fixture
def settings(vectors: dict[str, Any]) -> YtoSettings:
    """The customer that the example is signed for."""
    push = {"client_id": "DEMO", "secret": vectors["yto_push"]["secret"]}
    return YtoSettings.model_validate({"intercept": ONE, "push": push})


def test_the_example_is_believed_and_read(fields: dict[str, str], settings: YtoSettings) -> None:
    """The event has its stage, its own time and its number."""
    push = callback.read(FORM, urlencode(fields).encode())
    assert push is not None
    assert callback.verified(push, settings)
    ((number, event),) = callback.events(push)
    assert (number, event.stage, event.code) == ("YT0000000000001", Stage.RETURNING, "TMS_RETURN")
    assert event.at.isoformat() == "2025-01-16T12:00:00+08:00"


@pytest.mark.parametrize(
    "change", [{"data_digest": "AAAA"}, {"clientId": "other"}, {"logistics_interface": "<UpdateInfo></UpdateInfo>"}]
)
def test_a_forged_push_is_not_believed(fields: dict[str, str], settings: YtoSettings, change: dict[str, str]) -> None:
    """Another digest, another customer, other text: nothing is acted upon."""
    push = callback.read(FORM, urlencode({**fields, **change}).encode())
    assert push is not None
    assert not callback.verified(push, settings)


def test_without_a_secret_no_push_is_believed(fields: dict[str, str]) -> None:
    """A shop that has not configured pushes takes none."""
    push = callback.read(FORM, urlencode(fields).encode())
    assert push is not None
    assert not callback.verified(push, YtoSettings.model_validate({"intercept": ONE}))


@pytest.mark.parametrize("body", [b"", b"\xff", b"logistics_interface=1", b"a=1&" * 1000])
def test_what_is_no_push_is_none(body: bytes) -> None:
    """Nothing that comes in raises."""
    assert callback.read(FORM, body) is None


def test_the_reply_is_in_the_carriers_form(fields: dict[str, str]) -> None:
    """`success` true with the order's number ends it, anything else has it pushed again."""
    push = callback.read(FORM, urlencode(fields).encode())
    taken = parsed(callback.reply(push, True).body)
    assert [(element.tag, element.text or "") for element in taken] == [
        ("logisticProviderID", "YTO"),
        ("txLogisticID", "T1"),
        ("success", "true"),
        ("reason", ""),
    ]
    refused = parsed(callback.reply(None, False).body)
    assert refused.findtext("success") == "false"


def test_an_order_number_cannot_write_into_the_reply() -> None:
    """What comes in is escaped on its way out."""
    text = "<UpdateInfo><txLogisticID>&lt;success&gt;false&lt;/success&gt;</txLogisticID></UpdateInfo>"
    body = urlencode({"logistics_interface": text, "data_digest": "x", "clientId": "y"})
    reply = callback.reply(callback.read(FORM, body.encode()), True)
    assert parsed(reply.body).findtext("success") == "true"
