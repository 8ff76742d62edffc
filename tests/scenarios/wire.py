"""What a merchant's system sends and gets: after-sales, and requests with a key."""

from __future__ import annotations

import itertools
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

FORMS = {"zto": "754{:011}", "yto": "YT{:013}", "yunda": "3{:012}", "sf": "SF{:013}", "jd": "JDVA{:011}"}
PICKED_UP = {"at": "2026-11-23T19:00:00+08:00", "text": "【杭州】快件已揽收"}
ON_ITS_WAY = {"at": "2026-11-23T23:00:00+08:00", "text": "快件离开【杭州转运中心】已发往【成都转运中心】"}
_count = itertools.count(1)

SHIRT = {"name": "棉质短袖", "category": "apparel", "quantity": 1, "price_fen": 12900}


def fresh_number() -> int:
    """A number that no other story uses, in no process: the sandbox remembers every parcel."""
    return int(time.time() * 10) % 10_000_000 * 10_000 + next(_count)


def parcel(n: int, carrier: str = "zto", **over: Any) -> dict[str, Any]:
    """A parcel that can be intercepted."""
    return {
        "tracking_number": FORMS[carrier].format(n % 10**11),
        "carrier": carrier,
        "shipped_at": "2026-11-23T18:00:00+08:00",
        "items": [SHIRT],
        "trace": [PICKED_UP, ON_ITS_WAY],
        **over,
    }


PARCEL_FIELDS = ("items", "trace", "value_fen", "tracking_number")


def after_sale(n: int, carrier: str = "zto", **over: Any) -> dict[str, Any]:
    """An after-sale with one parcel that can be intercepted; `over` changes fields of either, `more` adds parcels."""
    changed = {name: over.pop(name) for name in PARCEL_FIELDS if name in over}
    more = over.pop("more", [])
    return {
        "after_sale_id": str(7_310_000_000_000_000_000 + n),
        "order_id": str(6_910_000_000_000_000_000 + n),
        "type": "refund_only",
        "status": "open",
        "in_arbitration": False,
        "applied_at": "2026-11-24T09:00:00+08:00",
        "refund_fen": 12900,
        "buyer": "买***",
        "parcels": [parcel(n, carrier, **changed), *more],
        **over,
    }


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: Any

    @property
    def code(self) -> str:
        """The stable code of a problem document."""
        return str(self.body["code"])


class Api:
    """A merchant's system with one key."""

    def __init__(self, session: aiohttp.ClientSession, base: str, key: str) -> None:
        self.session = session
        self.base = base
        self.key = key

    async def call(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
        """One request."""
        data = None if body is None else json.dumps(body)
        sent = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json", **(headers or {})}
        async with self.session.request(method, f"{self.base}/api/v1{path}", data=data, headers=sent) as response:
            return Answer(response.status, await response.json(content_type=None))

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Looks something up."""
        return await self.call("GET", path, headers=headers)

    async def post(self, path: str, body: Any = None) -> Answer:
        """Tells something."""
        return await self.call("POST", path, body)

    async def ask(self, body: Any, key: str = "", query: str = "", lang: str = "zh") -> Answer:
        """Asks for interceptions, under a key of its own unless one is named."""
        headers = {"Idempotency-Key": key or secrets.token_hex(8), "Accept-Language": lang}
        return await self.call("POST", f"/interceptions{query}", body, headers)
