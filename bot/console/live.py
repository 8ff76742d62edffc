"""Live updates: one stream of events for each page that is open (console README 6, ruling 24).

What changed is read from the event table, so a page that was away gets what it missed (`Last-Event-ID`); how it looks
is drawn for the session at the moment of sending. A page that is told nothing for 30 s knows that it is cut off.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from time import monotonic

import structlog
from aiohttp import web

from bot.console.house import House
from bot.console.parts import Memory, Parts
from bot.console.visit import Visit
from bot.store.events import LiveEvent, latest, since

log = structlog.get_logger(__name__)

POLL_S = 0.3
PING_S = 15.0
WRITE_S = 10.0
STREAMS_EACH = 12
"""So many open pages a person may have. A page that was left is none of them, although its stream ends only when it is
next written to: somebody who looks through conversations quickly leaves many behind."""
BATCH = 200
TOO_FAR = 1_000
"""So many changes behind, a page is better drawn anew."""


@dataclass(slots=True)
class _Feed:
    """Watches one shop's events while somebody looks."""

    seen: int
    bells: set[asyncio.Event] = field(default_factory=set)
    hurry: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class Feeds:
    """One watcher for each shop that has a page open, however many pages that are."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._feeds: dict[str, _Feed] = {}
        self.closing = False

    async def listen(self, shop_id: str) -> asyncio.Event:
        """A bell that rings when something of the shop has changed."""
        feed = self._feeds.get(shop_id)
        if feed is None:
            feed = _Feed(await self._house.database.read(lambda c: latest(c, shop_id)))
            feed = self._feeds.setdefault(shop_id, feed)
        if feed.task is None:
            feed.task = asyncio.create_task(self._watch(shop_id, feed), name=f"live-{shop_id}")
        bell = asyncio.Event()
        feed.bells.add(bell)
        return bell

    def leave(self, shop_id: str, bell: asyncio.Event) -> None:
        """Nobody listens to this bell any more; the last one stops the watcher."""
        feed = self._feeds.get(shop_id)
        if feed is None:
            return
        feed.bells.discard(bell)
        if not feed.bells and feed.task is not None:
            feed.task.cancel()
            del self._feeds[shop_id]

    def nudge(self, shop_id: str) -> None:
        """Something has just been written here: look at once."""
        feed = self._feeds.get(shop_id)
        if feed is not None:
            feed.hurry.set()

    def close(self) -> None:
        """Lets every stream end, so that the server can stop."""
        self.closing = True
        for feed in self._feeds.values():
            for bell in feed.bells:
                bell.set()

    async def _watch(self, shop_id: str, feed: _Feed) -> None:
        while not self.closing:
            with suppress(TimeoutError):
                await asyncio.wait_for(feed.hurry.wait(), POLL_S)
            feed.hurry.clear()
            try:
                newest = await self._house.database.read(lambda c: latest(c, shop_id))
            except Exception:
                log.exception("live.not_read", shop=shop_id)
                await asyncio.sleep(1)
                continue
            if newest != feed.seen:
                feed.seen = newest
                for bell in feed.bells:
                    bell.set()


class Live:
    """`/events`."""

    def __init__(self, house: House, feeds: Feeds, parts: Parts) -> None:
        self._house = house
        self._feeds = feeds
        self._parts = parts
        self._streams: dict[str, set[asyncio.BaseTransport]] = {}

    async def events(self, visit: Visit) -> web.StreamResponse:
        """The stream of one page, until it closes, its session ends, or the server stops."""
        person = visit.asker.person_id or ""
        if sum(not one.is_closing() for one in self._streams.get(person, ())) >= STREAMS_EACH:
            return web.json_response({"problem": "too many pages open"}, status=429, headers={"Retry-After": "15"})
        response = web.StreamResponse(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        response.content_type = "text/event-stream"
        await response.prepare(visit.request)
        connection = visit.request.transport
        if connection is None:
            return response
        self._streams.setdefault(person, set()).add(connection)
        bell = await self._feeds.listen(visit.asker.shop_id)
        try:
            await self._run(visit, response, bell)
        except (ConnectionError, TimeoutError):
            log.debug("live.gone", person=person)
        finally:
            self._feeds.leave(visit.asker.shop_id, bell)
            self._streams[person].discard(connection)
            if not self._streams[person]:
                del self._streams[person]
        return response

    async def _run(self, visit: Visit, response: web.StreamResponse, bell: asyncio.Event) -> None:
        last, memory = _begin(visit), Memory()
        shop = visit.asker.shop_id
        newest, missed = await self._house.database.read(lambda c: (latest(c, shop), since(c, shop, last, TOO_FAR)))
        if last > newest or len(missed) == TOO_FAR:
            await _write(response, "reload", {}, newest)
            return
        bell.set()
        quiet_since, caught_up = monotonic(), False
        while not self._feeds.closing:
            with suppress(TimeoutError):
                await asyncio.wait_for(bell.wait(), PING_S)
            bell.clear()
            fresh = await self._again(visit)
            if fresh is None:
                await _write(response, "signed_out", {}, None)
                return
            told = await self._tell(fresh, response, last, memory)
            while told is not None:
                last, quiet_since = told, monotonic()
                told = await self._tell(fresh, response, last, memory)
            if not caught_up or monotonic() - quiet_since >= PING_S:
                await _write(response, "ping", {"at": fresh.now.timestamp()}, None)
                quiet_since, caught_up = monotonic(), True

    async def _tell(self, visit: Visit, response: web.StreamResponse, last: int, memory: Memory) -> int | None:
        """Sends the next changes; where the page stands then, or None when there are none."""
        changes = await self._house.database.read(lambda c: since(c, visit.asker.shop_id, last, BATCH))
        if not changes:
            return None
        body = await self._parts.draw(visit, _newest(changes), memory)
        await _write(response, "parts", body, changes[-1].id)
        return changes[-1].id

    async def _again(self, visit: Visit) -> Visit | None:
        """The same visit at this moment: whoever was signed out or lost a permission sees that at once."""
        session = None if visit.session is None else await self._house.sessions.find(visit.session.token)
        if session is None:
            return None
        return replace(visit, session=session, speech=visit.drawing.speech(visit.lang, self._house.clock()))


def _begin(visit: Visit) -> int:
    """From where this page goes on: what it was told last, else what it was drawn with."""
    given = visit.request.headers.get("Last-Event-ID") or visit.request.query.get("after", "")
    return int(given) if given.isdecimal() and len(given) < 18 else 0


def _newest(changes: Sequence[LiveEvent]) -> list[LiveEvent]:
    """Each target once, as it changed last."""
    return sorted({change.target: change for change in changes}.values(), key=lambda change: change.id)


async def _write(response: web.StreamResponse, kind: str, body: object, last: int | None) -> None:
    mark = "" if last is None else f"id: {last}\n"
    text = f"{mark}event: {kind}\ndata: {json.dumps(body, ensure_ascii=False, separators=(',', ':'))}\n\n"
    await asyncio.wait_for(response.write(text.encode()), WRITE_S)
