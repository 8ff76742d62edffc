"""How the real systems sign, and the demo credentials the twins hold: pure, and checked byte for byte.

Texts are signed as bytes exactly as they came off the wire. Sources: the protocol pages, section "signature" of each.
"""

import base64
import hashlib
import hmac
from typing import Final

ZTO_KEY: Final = "demo-zto-key"
ZTO_SECRET: Final = "demo-zto-secret"  # noqa: S105 - invented, of the published vectors
ZTO_HMAC_KEY: Final = "demo-zto-hmac"
YTO_SECRET: Final = "demo-yto-secret"  # noqa: S105 - the same
YTO_TOKEN: Final = "demotok"  # noqa: S105 - part of the address, no secret
YTO_CUSTOMER: Final = "DEMO"
YUNDA_KEY: Final = "demo-yunda-key"
YUNDA_SECRET: Final = "demo-yunda-secret"  # noqa: S105 - invented, of the published vectors
DOUDIAN_KEY: Final = "7000000000000000000"
DOUDIAN_SECRET: Final = "00000000-0000-4000-8000-000000000000"  # noqa: S105 - the same
DOUDIAN_TOKEN: Final = "demo-token"  # noqa: S105 - the same
DOUDIAN_REFRESH_TOKEN: Final = "demo-refresh-token"  # noqa: S105 - the same

ZTO_DIGESTS: Final = ("md5-base64", "md5-hex", "sha256-base64", "sha256-hex", "hmacsha256-base64", "hmacsha256-hex")
"""What a merchant can choose for its app in 中通's console; the first is what an app starts with."""


def same(ours: str, theirs: str) -> bool:
    """Whether both are equal, in a time that tells nothing about where they differ."""
    return hmac.compare_digest(ours.encode(), theirs.encode("utf-8", "surrogatepass"))


def md5_base64(text: bytes) -> str:
    """Base64 of the 16 raw bytes of MD5: 中通's default, and all of 圆通's signatures and push digests."""
    return base64.b64encode(hashlib.md5(text).digest()).decode()


def zto_digest(body: bytes, *, timestamp: str = "", variant: str = ZTO_DIGESTS[0]) -> str:
    """中通's `x-datadigest` over `timestamp + body + appSecret`; the timestamp only where its header was sent."""
    algorithm, _, encoding = variant.partition("-")
    text = timestamp.encode("utf-8", "surrogatepass") + body + ZTO_SECRET.encode()
    if algorithm == "hmacsha256":
        raw = hmac.digest(ZTO_HMAC_KEY.encode(), text, "sha256")
    else:
        raw = hashlib.new(algorithm, text).digest()
    return raw.hex() if encoding == "hex" else base64.b64encode(raw).decode()


def yto_sign(param: str, method: str, version: str) -> str:
    """圆通's `sign` over `param + method + version + secret`."""
    return md5_base64((param + method + version + YTO_SECRET).encode("utf-8", "surrogatepass"))


def yunda_sign(body: bytes) -> str:
    """韵达's `sign`: lower-case hex MD5 over `body + "_" + appSecret`; the request time is not signed."""
    return hashlib.md5(body + b"_" + YUNDA_SECRET.encode()).hexdigest()


def doudian_text(method: str, param_json: bytes, timestamp: str) -> bytes:
    """The text that 抖店's `sign` stands for; the access token and the way of signing are no part of it."""
    head = f"{DOUDIAN_SECRET}app_key{DOUDIAN_KEY}method{method}param_json"
    return head.encode("utf-8", "surrogatepass") + param_json + f"timestamp{timestamp}v2{DOUDIAN_SECRET}".encode()


def doudian_sign(text: bytes, sign_method: str) -> str:
    """抖店's signature of a text: hex HMAC-SHA256 keyed by the secret, or hex MD5 where that is asked for."""
    if sign_method == "md5":
        return hashlib.md5(text).hexdigest()
    return hmac.digest(DOUDIAN_SECRET.encode(), text, "sha256").hex()
