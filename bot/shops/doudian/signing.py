"""抖店's signatures (`protocols/shop-doudian.md`). Pure."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class SignMethod(StrEnum):
    """`sign_method` of a call; pushes and calls to us name theirs in other spellings too."""

    HMAC_SHA256 = "hmac-sha256"
    MD5 = "md5"


def canonical(params: Mapping[str, Any]) -> str:
    """`param_json`: keys sorted at every depth, no blanks, nothing escaped that need not be; `{}` for none."""
    return json.dumps(params, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sign(
    app_key: str,
    secret: str,
    method: str,
    param_json: str,
    timestamp: str,
    sign_method: SignMethod = SignMethod.HMAC_SHA256,
) -> str:
    """`sign` of a call to the platform. Token and sign_method are not part of it."""
    text = f"{secret}app_key{app_key}method{method}param_json{param_json}timestamp{timestamp}v2{secret}"
    return _digest(text.encode("utf-8", "surrogatepass"), secret, sign_method)


def spi_sign(app_key: str, secret: str, param_json: str, timestamp: str, sign_method: SignMethod) -> str:
    """`sign` of a call from the platform: without method and version."""
    text = f"{secret}app_key{app_key}param_json{param_json}timestamp{timestamp}{secret}"
    return _digest(text.encode("utf-8", "surrogatepass"), secret, sign_method)


def event_sign(app_key: str, secret: str, raw_body: bytes, sign_method: SignMethod) -> str:
    """`event-sign` of a push, over the bytes as they came."""
    return _digest(app_key.encode() + raw_body + secret.encode(), secret, sign_method)


def event_matches(app_key: str, secret: str, raw_body: bytes, said: str, sign_method: str) -> bool:
    """Whether a push is 抖店's, compared in constant time. Any method but MD5 is HMAC-SHA256."""
    method = SignMethod.MD5 if sign_method.strip().lower() == "md5" else SignMethod.HMAC_SHA256
    wanted = event_sign(app_key, secret, raw_body, method)
    return hmac.compare_digest(wanted.encode(), said.strip().lower().encode("utf-8", "surrogatepass"))


def _digest(text: bytes, secret: str, sign_method: SignMethod) -> str:
    if sign_method is SignMethod.MD5:
        return hashlib.md5(text, usedforsecurity=False).hexdigest()
    return hmac.digest(secret.encode(), text, "sha256").hex()
