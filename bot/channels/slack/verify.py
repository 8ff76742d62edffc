"""Slack's signature, version 0 (`chat-slack.md` 1): over the time and the raw body, at most five minutes old."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

FRESH_S = 300
VERSION = "v0"


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What Slack writes into `X-Slack-Signature`."""
    base = f"{VERSION}:{timestamp}:".encode() + body
    return f"{VERSION}={hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()}"


def is_genuine(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether Slack signed exactly this body within the last five minutes. Without a secret nothing is genuine.

    `headers` by lower-case name; `now` in seconds since 1970.
    """
    timestamp = headers.get("x-slack-request-timestamp", "")
    given = headers.get("x-slack-signature", "")
    if not secret or not given or not timestamp.isascii() or not timestamp.isdecimal() or len(timestamp) > 12:
        return False
    if abs(now - int(timestamp)) > FRESH_S:
        return False
    return hmac.compare_digest(signature(secret, timestamp, body).encode(), given.encode("utf-8", "replace"))
