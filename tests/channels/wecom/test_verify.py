"""企业微信's encryption and signature against what its own code made."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.wecom.verify import Crypt, is_aes_key, signature

VECTORS = json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))
TOKEN, KEY, AT, NONCE = (VECTORS[name] for name in ("token", "aes_key", "timestamp", "nonce"))
ALL = VECTORS["vectors"]
ROBOT = Crypt(TOKEN, KEY)


def query(value: str, timestamp: str = AT) -> dict[str, str]:
    """As the bot gets it."""
    return {"msg_signature": value, "timestamp": timestamp, "nonce": NONCE}


@pytest.mark.parametrize("vector", ALL, ids=lambda one: one["name"])
def test_vectors(vector: dict[str, str]) -> None:
    """Signature, cipher text and plain text of each vector, both ways, for its receiver alone."""
    crypt = Crypt(TOKEN, KEY, vector["receiveid"])
    assert signature(TOKEN, AT, NONCE, vector["encrypt"]) == vector["msg_signature"]
    assert crypt.is_genuine(query(vector["msg_signature"]), vector["encrypt"], float(AT))
    assert crypt.open(vector["encrypt"]) == vector["plaintext"].encode()
    assert crypt.seal(vector["plaintext"].encode(), VECTORS["random16"].encode()) == vector["encrypt"]
    assert Crypt(TOKEN, KEY, "ww-somebody-else").open(vector["encrypt"]) is None


@pytest.mark.parametrize("offset, fine", [(0, True), (600, True), (-600, True), (601, False), (-601, False)])
def test_freshness(offset: int, *, fine: bool) -> None:
    """Ten minutes either way; the platform's own code looks at no age."""
    vector = ALL[2]
    assert ROBOT.is_genuine(query(vector["msg_signature"]), vector["encrypt"], float(AT) + offset) is fine


@pytest.mark.parametrize("broken", [{}, query(""), query("0" * 40), query(ALL[2]["msg_signature"], "x"), query("é")])
def test_wrong_queries(broken: dict[str, str]) -> None:
    """Nothing missing, nothing of another message."""
    assert not ROBOT.is_genuine(broken, ALL[2]["encrypt"], float(AT))
    assert not Crypt("", KEY).is_genuine(query(signature("", AT, NONCE, "x")), "x", float(AT))


@given(st.binary(max_size=300))
def test_what_is_sealed_opens(message: bytes) -> None:
    """Whatever is sealed comes back as it was, for the same receiver."""
    crypt = Crypt(TOKEN, KEY, "ww0123")
    assert crypt.open(crypt.seal(message)) == message


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: base64.b64encode(raw).decode()))
def test_nothing_breaks_the_opening(sealed: str) -> None:
    """Whatever comes, the answer is the words or nothing."""
    found = ROBOT.open(sealed)
    assert found is None or isinstance(found, bytes)


def test_the_form_of_a_key() -> None:
    """43 characters of Base64, told when the bot starts and not at the first message."""
    assert is_aes_key(KEY)
    assert not is_aes_key(KEY[:-1])
    assert not is_aes_key("!" * 43)
