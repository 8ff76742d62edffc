"""钉钉's header of robot messages (`chat-dingtalk.md` 2a). **It does not cover the body.**

Whoever sees one pair of headers may send any body while it lasts. So the address holds a secret of its own, ten minutes
are let pass instead of 钉钉's hour, and company and robot are compared.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

FRESH_MS = 600_000


def sign(secret: str, timestamp: str) -> str:
    """What 钉钉 writes into `sign`; `timestamp` in milliseconds."""
    mac = hmac.new(secret.encode(), f"{timestamp}\n{secret}".encode(), hashlib.sha256)
    return base64.b64encode(mac.digest()).decode()


def is_genuine(secret: str, headers: Mapping[str, str], now_ms: float) -> bool:
    """Whether the header was made with the app's secret within the last ten minutes. `headers` by lower-case name."""
    timestamp, given = headers.get("timestamp", ""), headers.get("sign", "")
    if not secret or not given or not timestamp.isascii() or not timestamp.isdecimal() or len(timestamp) > 15:
        return False
    if abs(now_ms - int(timestamp)) > FRESH_MS:
        return False
    return hmac.compare_digest(sign(secret, timestamp).encode(), given.encode("utf-8", "replace"))


def is_secret(expected: str, given: str) -> bool:
    """The secret part of the address, in constant time."""
    return bool(expected) and hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))
