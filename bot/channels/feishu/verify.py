"""飞书's encryption and signature (`chat-feishu.md` 2).

The signature is over time, nonce, Encrypt Key and the body as it came, still encrypted. Only the check of the address
carries none; it proves itself by the token inside. A body in the clear is refused: with an Encrypt Key set 飞书 sends
none, and its own SDK would take it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

FRESH_S = 600
"""The time is that of the sending; how 飞书 fills it at a repeat is not documented, so ten minutes are let pass.
Repeats are known by their ids."""

BLOCK = 16


def signature(timestamp: str, nonce: str, encrypt_key: str, body: bytes) -> str:
    """What 飞书 writes into `X-Lark-Signature`."""
    return hashlib.sha256(f"{timestamp}{nonce}{encrypt_key}".encode() + body).hexdigest()


def is_signed(headers: Mapping[str, str]) -> bool:
    """Whether there is a signature at all, right or wrong."""
    return "x-lark-signature" in headers


def is_genuine(encrypt_key: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether 飞书 signed exactly this body within the last ten minutes. `headers` by lower-case name."""
    timestamp, nonce = headers.get("x-lark-request-timestamp", ""), headers.get("x-lark-request-nonce", "")
    given = headers.get("x-lark-signature", "")
    if not encrypt_key or not given or not nonce or not timestamp.isascii() or not timestamp.isdecimal():
        return False
    if len(timestamp) > 12 or abs(now - int(timestamp)) > FRESH_S:
        return False
    return hmac.compare_digest(
        signature(timestamp, nonce, encrypt_key, body).encode(), given.encode("utf-8", "replace")
    )


def decrypt(encrypt_key: str, sealed: str) -> bytes | None:
    """AES-256-CBC under the key's SHA-256, the first block is the initial vector; None for what is no such text."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415 - 10 MB that only who uses this channel needs
    from cryptography.hazmat.primitives.padding import PKCS7  # noqa: PLC0415 - the same

    try:
        raw = base64.b64decode(sealed, validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(raw) < 2 * BLOCK or len(raw) % BLOCK:
        return None
    key = hashlib.sha256(encrypt_key.encode()).digest()
    opened = Cipher(algorithms.AES(key), modes.CBC(raw[:BLOCK])).decryptor()
    padded = opened.update(raw[BLOCK:]) + opened.finalize()
    unpadder = PKCS7(8 * BLOCK).unpadder()
    try:
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError:
        return None


def is_token(expected: str, given: str) -> bool:
    """The Verification Token, compared in constant time."""
    return bool(expected) and hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))
