"""钉钉's headers of robot messages and of presses on cards (`chat-dingtalk.md` 2a, 2b). **They do not cover the body.**

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


def sign_press(secret: str, timestamp: str) -> str:
    """What 钉钉 writes into `x-ddpaas-signature`, under the secret that was registered with the address."""
    return base64.b64encode(hmac.new(secret.encode(), timestamp.encode(), hashlib.sha256).digest()).decode()


def secret_of_presses(secret: str, address: str) -> str:
    """The secret that we register for an address of ours, made from the app's: each process knows it, none keeps it."""
    words = f"intercept-bot card callback\0{address}"
    return base64.urlsafe_b64encode(hmac.new(secret.encode(), words.encode(), hashlib.sha256).digest()).decode()


def is_genuine(secret: str, headers: Mapping[str, str], now_ms: float) -> bool:
    """Whether the header was made with the app's secret within the last ten minutes. `headers` by lower-case name."""
    timestamp, given = headers.get("timestamp", ""), headers.get("sign", "")
    return bool(secret and given) and _is_fresh(timestamp, now_ms) and _same(sign(secret, timestamp), given)


def is_genuine_press(secret: str, headers: Mapping[str, str], now_ms: float) -> bool:
    """The same for a press on a card."""
    timestamp, given = headers.get("x-ddpaas-signature-timestamp", ""), headers.get("x-ddpaas-signature", "")
    return bool(secret and given) and _is_fresh(timestamp, now_ms) and _same(sign_press(secret, timestamp), given)


def is_secret(expected: str, given: str) -> bool:
    """The secret part of the address, in constant time."""
    return bool(expected) and _same(expected, given)


def _is_fresh(timestamp: str, now_ms: float) -> bool:
    """Ten minutes either way; milliseconds."""
    if not timestamp.isascii() or not timestamp.isdecimal() or len(timestamp) > 15:
        return False
    return abs(now_ms - int(timestamp)) <= FRESH_MS


def _same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))
