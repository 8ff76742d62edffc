"""Slack's signature against Slack's own words and its own SDK."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.slack.verify import is_genuine, signature

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))
SECRET, AT = VECTORS["signing_secret"], VECTORS["timestamp"]
SIGNED = [(one["name"], one["body"].encode(), one["signature"]) for one in VECTORS["vectors"]]


def headers(timestamp: str, value: str) -> dict[str, str]:
    """As the bot gets them."""
    return {"x-slack-request-timestamp": timestamp, "x-slack-signature": value}


@pytest.mark.parametrize("name, body, expected", SIGNED)
def test_vectors(name: str, body: bytes, expected: str) -> None:
    """Each vector has the signature that three official SDKs gave it."""
    assert signature(SECRET, AT, body) == expected
    assert is_genuine(SECRET, headers(AT, expected), body, float(AT))


def test_the_published_example() -> None:
    """The example of Slack's documentation."""
    one = VECTORS["published"]
    assert signature(one["signing_secret"], one["timestamp"], one["body"].encode()) == one["signature"]


@pytest.mark.parametrize("offset", [0, 299, 300, -300])
def test_fresh_enough(offset: int) -> None:
    """Five minutes either way are accepted, as the SDK does."""
    _, body, value = SIGNED[0]
    assert is_genuine(SECRET, headers(AT, value), body, float(AT) + offset)


@pytest.mark.parametrize("offset", [301, -301, 86_400])
def test_too_old_or_too_new(offset: int) -> None:
    """One second more is refused."""
    _, body, value = SIGNED[0]
    assert not is_genuine(SECRET, headers(AT, value), body, float(AT) + offset)


@pytest.mark.parametrize("timestamp", ["", "now", "-1", "1e9", "१७०००", "9" * 13, " 1700000000"])
def test_no_time_at_all(timestamp: str) -> None:
    """A time that is no time is refused, whatever was signed."""
    body = b"x=1"
    value = signature(SECRET, timestamp, body)
    assert not is_genuine(SECRET, headers(timestamp, value), body, float(AT))


def test_without_a_secret_nothing_is_genuine() -> None:
    """An empty secret would make the right signature known to everybody."""
    body = b"x=1"
    assert not is_genuine("", headers(AT, signature("", AT, body)), body, float(AT))


@pytest.mark.parametrize("value", ["", "v0=", "v1=" + "0" * 64, "v0=" + "é" * 64, SIGNED[1][2]])
def test_wrong_signatures(value: str) -> None:
    """Anything but the one signature is refused."""
    assert not is_genuine(SECRET, headers(AT, value), SIGNED[0][1], float(AT))


async def test_bolt_agrees() -> None:
    """Slack's framework takes and refuses the same requests as we do."""
    app = AsyncApp(signing_secret=SECRET, client=AsyncWebClient(token="xoxb-1", base_url="http://127.0.0.1:9/api/"))
    for body in (b"ssl=0&command=%2Fx", SIGNED[0][1]):
        stale = SignatureVerifier(SECRET).generate_signature(timestamp=AT, body=body)
        assert stale is not None
        sent = {"X-Slack-Request-Timestamp": [AT], "X-Slack-Signature": [stale]}
        answer = await app.async_dispatch(AsyncBoltRequest(body=body.decode(), headers=sent))
        assert answer.status == 401
        assert not is_genuine(SECRET, headers(AT, stale), body, float(AT) + 10_000_000)
