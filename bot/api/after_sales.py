"""`POST /after-sales`: the merchant's system tells its after-sales."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from bot.api.body import read_documents
from bot.api.documents import RejectedDocument, TakenDocument
from bot.api.parts import Call, Endpoint, answer
from bot.api.problems import Code, problem
from bot.domain.people import Scope
from bot.shops.contract import Taken

MOST = 1_000
MOST_BYTES = 16 * 1024 * 1024


async def enter(call: Call) -> web.Response:
    """Keeps the good ones; of each other one its place and why."""
    documents = await documents_of(call, MOST)
    return taken(await call.parts.intake.after_sales(call.asker.shop_id, documents))


async def documents_of(call: Call, most: int) -> Sequence[object]:
    """The documents of the body, at most so many."""
    documents = await read_documents(call.request, MOST_BYTES)
    if len(documents) > most:
        raise problem(Code.TOO_MANY, "many_documents", limit=most, count=len(documents))
    return documents


def taken(result: Taken) -> web.Response:
    """What became of them."""
    rejected = [RejectedDocument(index=one.index, reason=one.reason) for one in result.rejected]
    return answer(TakenDocument(accepted=result.accepted, rejected=rejected))


ENDPOINTS = (
    Endpoint(
        method="POST",
        path="/after-sales",
        scope=Scope.DATA_WRITE,
        handler=enter,
        summary=f"导入售后单 · enter after-sales, at most {MOST:,}; one that is there already is replaced",
        gives={200: TakenDocument},
        takes="AfterSaleDocument",
        refuses=("TOO_MANY",),
    ),
)
