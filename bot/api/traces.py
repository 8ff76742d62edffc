"""`POST /traces`: the merchant's system tells what it hears of parcels on their way."""

from __future__ import annotations

from aiohttp import web

from bot.api.after_sales import documents_of, taken
from bot.api.documents import TakenDocument
from bot.api.parts import Call, Endpoint
from bot.domain.people import Scope

MOST = 10_000


async def enter(call: Call) -> web.Response:
    """Adds the events, also of parcels that are not known yet; duplicates change nothing."""
    documents = await documents_of(call, MOST)
    return taken(await call.parts.intake.traces(call.asker.shop_id, documents))


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/traces",
        scope=Scope.DATA_WRITE,
        handler=enter,
        summary=f"上报轨迹 · enter trace events, at most {MOST:,}; duplicates change nothing",
        gives={200: TakenDocument},
        takes="TraceDocument",
        refuses=("TOO_MANY",),
    ),
)
