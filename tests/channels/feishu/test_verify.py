"""飞书's signature and encryption against what its two SDKs made."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.feishu.verify import decrypt, is_genuine, is_token, signature
from tests.channels.feishu.peer import encrypt

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))
KEY, AT, NONCE = VECTORS["encrypt_key"], VECTORS["timestamp"], VECTORS["nonce"]
SIGNED = [one for one in VECTORS["vectors"] if one["signature"]]
SEALED = [one for one in VECTORS["vectors"] if "plaintext" in one]


def headers(value: str, timestamp: str = AT, nonce: str = NONCE) -> dict[str, str]:
    """As the bot gets them."""
    return {"x-lark-request-timestamp": timestamp, "x-lark-request-nonce": nonce, "x-lark-signature": value}


@pytest.mark.parametrize("vector", SIGNED, ids=lambda one: one["name"])
def test_signatures(vector: dict[str, str]) -> None:
    """Each vector has the signature that both official SDKs gave it."""
    body = vector["body"].encode()
    assert signature(AT, NONCE, KEY, body) == vector["signature"]
    assert is_genuine(KEY, headers(vector["signature"]), body, float(AT))


@pytest.mark.parametrize("vector", SEALED, ids=lambda one: one["name"])
def test_decryption(vector: dict[str, str]) -> None:
    """Each vector opens to the words that were sealed, and the same words sealed with the same start are the same."""
    sealed = json.loads(vector["body"])["encrypt"]
    assert decrypt(KEY, sealed) == vector["plaintext"].encode()
    assert encrypt(vector["plaintext"].encode(), KEY, bytes(range(16))) == sealed
    assert decrypt("another key", sealed) != vector["plaintext"].encode()


@pytest.mark.parametrize("offset, fine", [(0, True), (600, True), (-600, True), (601, False), (-601, False)])
def test_freshness(offset: int, *, fine: bool) -> None:
    """Ten minutes either way; 飞书's own SDK looks at no age at all."""
    vector = SIGNED[0]
    genuine = is_genuine(KEY, headers(vector["signature"]), vector["body"].encode(), float(AT) + offset)
    assert genuine is fine


def test_a_stamp_of_1970_is_refused() -> None:
    """What the SDK takes as genuine, rightly signed and stamped with 1, is refused."""
    body = SIGNED[0]["body"].encode()
    stale = VECTORS["stale"]
    assert stale["timestamp"] == "1"
    assert not is_genuine(KEY, headers(stale["signature"], "1"), body, float(AT))


@pytest.mark.parametrize(
    "changed", [{"x-lark-signature": ""}, {"x-lark-request-nonce": ""}, {"x-lark-request-timestamp": "x"}]
)
def test_missing_headers(changed: dict[str, str]) -> None:
    """A request without all three is refused instead of ending in an error."""
    vector = SIGNED[0]
    body = vector["body"].encode()
    assert not is_genuine(KEY, {**headers(vector["signature"]), **changed}, body, float(AT))
    assert not is_genuine("", headers(signature(AT, NONCE, "", body)), body, float(AT))


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: base64.b64encode(raw).decode()))
def test_nothing_breaks_the_decryption(sealed: str) -> None:
    """Whatever comes, the answer is the words or nothing."""
    found = decrypt(KEY, sealed)
    assert found is None or isinstance(found, bytes)


def test_the_token() -> None:
    """Compared as a whole; an empty one is nobody's."""
    assert is_token("vtoken", "vtoken")
    assert not is_token("vtoken", "vtoke")
    assert not is_token("vtoken", "é")
    assert not is_token("", "")
