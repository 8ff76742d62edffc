"""`/batch`: many parcels at once (mock 08): paste, check, one confirmation, progress."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from aiohttp import web

from bot.console import export
from bot.console.bench import Lister
from bot.console.drawing import stamp
from bot.console.frame import page_facts
from bot.console.tally import GROUPS, Tally, tally
from bot.console.visit import Visit
from bot.domain.people import Asker
from bot.domain.reason import ReasonCode
from bot.interception.batch import Batch
from bot.interception.errors import NotFound
from bot.interception.service import MOST
from bot.merchants.permissions import PermissionDenied
from bot.store.events import latest

LONGEST_PASTE = 40_000
_NUMBER = re.compile(r"(?=[A-Za-z]*[0-9])[A-Za-z0-9]{6,40}")

Switch = Callable[[Asker, str], Awaitable[Batch]]


class BatchPages:
    """The paste field, and the page of each batch."""

    def __init__(self, lister: Lister) -> None:
        self._lister = lister

    async def start(self, visit: Visit) -> web.Response:
        """The paste field, an example, and the latest batches."""
        return await self._start(visit, 200, typed="", problem="")

    async def draft(self, visit: Visit) -> web.Response:
        """Checks what was pasted; nothing is sent. What is wrong is said at the field, which keeps what was typed."""
        typed = visit.field("numbers", LONGEST_PASTE)
        numbers = list(dict.fromkeys(found.upper() for found in _NUMBER.findall(typed)))
        problem = ""
        if not numbers:
            problem = visit.word("batch.nothing")
        elif len(numbers) > MOST:
            problem = visit.word("batch.too_many", n=len(numbers), most=MOST)
        if problem:
            return await self._start(visit, 422, typed=typed, problem=problem)
        batch = await visit.house.batches.draft(visit.asker, numbers)
        return visit.go(f"/batch/{batch.id}")

    async def page(self, visit: Visit) -> web.Response:
        """Before: what can go, and the highest fee. During: the bar, counts as filters. After: what is left."""
        batch_id = visit.request.match_info["id"]
        after = await visit.house.database.read(lambda c: latest(c, visit.asker.shop_id))
        batch = await self._batch(visit, batch_id)
        counts = await self._lister.counts(visit.asker, visit.speech)
        only = visit.request.query.get("only", "")
        told = tally(visit.house, visit.speech, batch)
        frame = page_facts(
            visit,
            "batch",
            title=visit.word("batch.title", number=batch.number),
            waiting=counts["yours"],
            events=f"page=batch&id={quote(batch_id, safe='')}&at={quote(stamp(visit.now), safe='')}",
            after=after,
        )
        facts = batch_facts(told, only if only in GROUPS else "")
        html = visit.drawing.draw("batch.html", visit.speech, {**facts, "page": frame, "version": after})
        return web.Response(text=html, content_type="text/html")

    async def switch(self, visit: Visit) -> web.Response:
        """The one confirmation, a pause, going on."""
        batch_id, batches = visit.request.match_info["id"], visit.house.batches
        moves: dict[str, Switch] = {"confirm": batches.confirm, "pause": batches.pause, "resume": batches.go_on}
        move = moves.get(visit.field("do"))
        if move is None:
            raise web.HTTPNotFound(text=visit.word("error.no_page"))
        try:
            await move(visit.asker, batch_id)
        except PermissionDenied:
            raise web.HTTPForbidden(text=visit.word("batch.denied")) from None
        except NotFound:
            raise web.HTTPNotFound(text=visit.word("batch.unknown")) from None
        return web.json_response({"done": True}) if visit.by_script else visit.go(f"/batch/{quote(batch_id)}")

    async def csv(self, visit: Visit) -> web.Response:
        """What became of each number."""
        told = tally(visit.house, visit.speech, await self._batch(visit, visit.request.match_info["id"]))
        head = [visit.word(f"batch.c_{name}") for name in ("position", "carrier", "number", "state", "fee", "reasons")]
        rows = [
            [str(line.position), line.carrier, line.number, line.word, line.fee, " / ".join(line.reasons)]
            for line in told.lines
        ]
        name = quote(f"{visit.word('batch.title', number=told.batch.number)}.csv")
        return web.Response(
            body=b"\xef\xbb\xbf" + export.csv_rows([head, *rows]),
            headers={"Content-Disposition": f"attachment; filename=batch.csv; filename*=UTF-8''{name}"},
            content_type="text/csv",
            charset="utf-8",
        )

    async def _start(self, visit: Visit, status: int, *, typed: str, problem: str) -> web.Response:
        recent = await visit.house.batches.recent(visit.asker.shop_id, 10)
        counts = await self._lister.counts(visit.asker, visit.speech)
        facts = {
            "page": page_facts(visit, "batch", waiting=counts["yours"]),
            "typed": typed,
            "problem": problem,
            "most": MOST,
            "recent": [tally(visit.house, visit.speech, batch) for batch in recent],
        }
        html = visit.drawing.draw("batch_new.html", visit.speech, facts)
        return web.Response(status=status, text=html, content_type="text/html")

    async def _batch(self, visit: Visit, batch_id: str) -> Batch:
        batch = await visit.house.batches.get(visit.asker.shop_id, batch_id)
        if batch is None:
            raise web.HTTPNotFound(text=visit.word("batch.unknown"))
        return batch


def batch_facts(told: Tally, only: str) -> dict[str, Any]:
    """What the templates of a batch read."""
    codes = {reason.code for row in told.batch.rows for reason in row.reasons}
    return {
        "tally": told,
        "batch": told.batch,
        "only": only,
        "groups": [name for name in GROUPS if told.counts[name]],
        "unsigned": ReasonCode.AGREEMENT_NOT_SIGNED in codes,
        "denied": ReasonCode.PERMISSION_DENIED in codes,
        "columns": told.columns(only),
    }
