"""中通's digests (`protocols/carrier-zto.md`, "Transport and signature"). Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
from enum import StrEnum


class Digest(StrEnum):
    """The variant that the app is set to in the console; the first is the platform's default."""

    MD5_BASE64 = "md5_base64"
    MD5_HEX = "md5_hex"
    SHA256_BASE64 = "sha256_base64"
    SHA256_HEX = "sha256_hex"
    HMAC_SHA256_BASE64 = "hmac_sha256_base64"
    HMAC_SHA256_HEX = "hmac_sha256_hex"


def digest(
    body: bytes,
    secret: str,
    *,
    variant: Digest = Digest.MD5_BASE64,
    hmac_key: str = "",
    timestamp_ms: int | None = None,
) -> str:
    """`x-datadigest` of exactly these bytes; with a timestamp, that goes in front of them."""
    text = body + secret.encode()
    if timestamp_ms is not None:
        text = str(timestamp_ms).encode() + text
    if variant in (Digest.MD5_BASE64, Digest.MD5_HEX):
        raw = hashlib.md5(text, usedforsecurity=False).digest()
    elif variant in (Digest.SHA256_BASE64, Digest.SHA256_HEX):
        raw = hashlib.sha256(text).digest()
    else:
        raw = hmac.digest(hmac_key.encode(), text, "sha256")
    return raw.hex() if variant.endswith("_hex") else base64.b64encode(raw).decode()


def push_matches(data: str, secret: str, data_digest: str) -> bool:
    """Whether a push is 中通's: Base64 of the MD5 of `data` and secret, compared in constant time."""
    wanted = digest(data.encode("utf-8", "surrogatepass"), secret)
    return hmac.compare_digest(wanted.encode(), data_digest.encode("utf-8", "surrogatepass"))
