"""圆通's signatures (`protocols/carrier-yto.md`, "Transport and signature"). Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac

VERSION = "v1"


def sign(param: str, method: str, secret: str, version: str = VERSION) -> str:
    """`sign` of a call: Base64 of the MD5 of param, method, version and secret."""
    return _base64_md5(param + method + version + secret)


def push_matches(logistics_interface: str, secret: str, data_digest: str) -> bool:
    """Whether a push is 圆通's: Base64 of the MD5 of the field and secret, compared in constant time."""
    wanted = _base64_md5(logistics_interface + secret)
    return hmac.compare_digest(wanted.encode(), data_digest.encode("utf-8", "surrogatepass"))


def _base64_md5(text: str) -> str:
    raw = hashlib.md5(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).digest()
    return base64.b64encode(raw).decode()
