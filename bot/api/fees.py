"""`GET /fees`: the ledger."""

from __future__ import annotations

from aiohttp import web

from bot.api import shown
from bot.api.documents import FeePage
from bot.api.parts import Call, Endpoint, answer
from bot.api.query import FeesQuery, read_query
from bot.domain.people import Scope
from bot.ledger import fees


async def find(call: Call) -> web.Response:
    """The shop's entries, oldest first."""
    query = read_query(FeesQuery, call.request)
    after = None if query.cursor is None else fees.cursor_place(query.cursor)
    entries, place = await call.parts.database.read(
        lambda c: fees.entries(
            c,
            call.asker.shop_id,
            since=query.since,
            until=query.until,
            carrier=query.carrier,
            after=after,
            limit=query.limit,
        )
    )
    return answer(FeePage(items=[shown.fee(entry) for entry in entries], next=fees.cursor_text(place)))


ENDPOINTS = (
    Endpoint(
        method="GET",
        path="/fees",
        scope=Scope.LEDGER_READ,
        handler=find,
        summary="费用流水 · the ledger of fees, oldest first",
        gives={200: FeePage},
        query=FeesQuery,
    ),
)
