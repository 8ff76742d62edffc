"""韵达's signature (`protocols/carrier-yunda.md`, "Transport and signature"). Pure."""

from __future__ import annotations

import hashlib


def sign(body: bytes, secret: str) -> str:
    """The header `sign` of exactly these bytes: lower-case hex MD5 of body, `_` and secret."""
    return hashlib.md5(body + b"_" + secret.encode(), usedforsecurity=False).hexdigest()
