"""Chatwoot's signature of account webhooks (since 4.11.2; `chat-chatwoot.md` 2). An installation that signs nothing is
not served: then anybody who knows the address could command.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

FRESH_S = 300
PREFIX = "sha256="


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """What Chatwoot writes into `X-Chatwoot-Signature`."""
    return PREFIX + hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()


def is_genuine(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether Chatwoot signed exactly this body within the last five minutes. `headers` by lower-case name."""
    timestamp, given = headers.get("x-chatwoot-timestamp", ""), headers.get("x-chatwoot-signature", "")
    if not secret or not given or not timestamp.isascii() or not timestamp.isdecimal() or len(timestamp) > 12:
        return False
    if abs(now - int(timestamp)) > FRESH_S:
        return False
    return hmac.compare_digest(signature(secret, timestamp, body).encode(), given.encode("utf-8", "replace"))
