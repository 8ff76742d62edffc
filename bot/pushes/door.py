"""`POST /push/{name}`: a carrier's traces, or a platform's news of after-sales.

Whose it is, the signature over the raw bytes tells, and the shops whose account made it are the only ones that hear of
it. A trace is kept and moves its interception, and news becomes a due row, before the answer is given; whatever was not
kept is not acknowledged, and comes again. Neither has a time in it: each is taken once, and what it leads to is decided
by the state that is read then.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import structlog
from aiohttp import web

from bot.carriers.routing import PushTaken
from bot.domain.parcel import TraceEvent
from bot.interception.service import Interceptions
from bot.shops.contract import Notice, PushReply
from bot.store import notices
from bot.store.database import Database, NotStored, now

log = structlog.get_logger(__name__)

MOST_BYTES = 256 * 1024
"""A push is one event, or a handful; its signature is computed for each account, so it must not be long."""

READ_S = 10.0

Counted = Callable[[str, str], None]
"""The system, and what became of its push."""


class CarrierPushes(Protocol):
    """Who reads a carrier's push."""

    def push(self, carrier: str, content_type: str, body: bytes) -> PushTaken | None:
        """The shops that it is for, its events and the reply; None where nobody takes pushes of that carrier."""
        ...


class PlatformPushes(Protocol):
    """Who reads a platform's push."""

    def push(
        self, platform: str, headers: Mapping[str, str], raw_body: bytes
    ) -> tuple[dict[str, list[Notice]], PushReply | None]:
        """What it says to each shop, and the reply; no reply where no shop has an account there."""
        ...


@dataclass(frozen=True, slots=True)
class Door:
    """The neighbours, as `app.py` hands them in."""

    carriers: CarrierPushes
    platforms: PlatformPushes
    interceptions: Interceptions
    database: Database
    count: Counted

    async def take(self, request: web.Request) -> web.Response:
        """One push, from whichever system the path names."""
        name = request.match_info["name"]
        try:
            async with asyncio.timeout(READ_S):
                body = await request.clone(client_max_size=MOST_BYTES).read()
        except TimeoutError:
            raise web.HTTPRequestTimeout from None
        try:
            return await self._platform(name, request, body) or await self._carrier(name, request, body)
        except NotStored:
            self._tell(name, "not_stored")
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "5"}) from None

    async def _platform(self, name: str, request: web.Request, body: bytes) -> web.Response | None:
        told, reply = self.platforms.push(name, request.headers, body)
        if reply is None:
            return None
        if told:
            await self._keep(name, told)
        self._tell(name, "taken" if told else "refused", shops=len(told), count=sum(map(len, told.values())))
        return web.Response(status=reply.status, body=reply.body, headers={"Content-Type": reply.content_type})

    async def _keep(self, name: str, told: Mapping[str, list[Notice]]) -> None:
        news = [(shop_id, one) for shop_id, several in told.items() for one in several]
        if not news:
            return
        await self.database.write(
            lambda c: [notices.keep(c, name, shop, one.message_id, one.after_sale_id, now(c)) for shop, one in news]
        )
        self.interceptions.nudge()

    async def _carrier(self, name: str, request: web.Request, body: bytes) -> web.Response:
        taken = self.carriers.push(name, request.headers.get("Content-Type", ""), body)
        if taken is None:
            raise web.HTTPNotFound
        by_number: defaultdict[str, list[TraceEvent]] = defaultdict(list)
        for number, event in taken.events:
            by_number[number].append(event)
        for shop_id in taken.shops:
            await self.interceptions.traced(shop_id, by_number)
        outcome = "taken" if taken.shops else "refused"
        self._tell(name, outcome, shops=len(taken.shops), count=len(taken.events))
        status = 200 if taken.shops else 401
        return web.Response(status=status, body=taken.reply.body, headers={"Content-Type": taken.reply.content_type})

    def _tell(self, system: str, outcome: str, **facts: int) -> None:
        say = log.info if outcome == "taken" else log.warning
        say("push.came", system=system, outcome=outcome, **facts)
        self.count(system, outcome)


def mount(app: web.Application, door: Door) -> None:
    """Adds the address."""
    app.router.add_post("/push/{name:[a-z0-9_]{1,32}}", door.take)
