"""`/`: the list, the talk, the after-sale (mocks 01, 11), and what is typed there."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from urllib.parse import quote

from aiohttp import web
from sqlalchemy import Connection, select

from bot.console.bench import Lister
from bot.console.frame import page_facts
from bot.console.panel import Panel, panel
from bot.console.talk import Talk, talk
from bot.console.visit import Visit
from bot.merchants import agreements
from bot.store.after_sales import is_there
from bot.store.events import latest
from bot.store.shops import shops

PANES = ("list", "chat", "case")
LONGEST_TEXT = 20_000
NOTHING_OPEN: Mapping[str, Panel | Talk | str | None] = {
    "panel": None,
    "talk": None,
    "heading": "",
    "people": "",
    "applied": "",
}


class Workbench:
    """The page and the post of its message field."""

    def __init__(self, lister: Lister) -> None:
        self._lister = lister

    async def page(self, visit: Visit) -> web.Response:
        """The workbench with one conversation open: the asked one, else the first that can be intercepted."""
        query = visit.request.query
        after, shop, signed = await visit.house.database.read(lambda c: _around(c, visit.asker.shop_id))
        search = query.get("q", "").strip()[:64] or None
        bench = await self._lister.bench(visit.asker, visit.speech, search)
        counts = bench.counts if search is None else await self._lister.counts(visit.asker, visit.speech)
        open_id = query.get("c", "")[:64] or bench.first() or ""
        facts = await self._open(visit, open_id, after)
        if "c" in query and facts["panel"] is None and open_id:
            raise web.HTTPNotFound(text=visit.word("error.no_after_sale"))
        open_id = open_id if facts["panel"] is not None else ""
        html = visit.drawing.draw(
            "workbench.html",
            visit.speech,
            {
                **facts,
                "page": page_facts(
                    visit,
                    "workbench",
                    waiting=counts["yours"],
                    app=True,
                    events=f"page=workbench&c={quote(open_id, safe='')}",
                    after=after,
                ),
                "bench": bench,
                "open_id": open_id,
                "pane": query.get("pane", "") if query.get("pane", "") in PANES else "chat" if "c" in query else "list",
                "shop_name": shop,
                "signed": signed,
                "say": query.get("say", "")[:LONGEST_TEXT],
                "message_id": secrets.token_urlsafe(12),
            },
        )
        return web.Response(text=html, content_type="text/html")

    async def _open(self, visit: Visit, open_id: str, after: int) -> Mapping[str, Panel | Talk | str | None]:
        if not open_id:
            return NOTHING_OPEN
        shown = await panel(visit.house, visit.asker, visit.speech, open_id)
        if shown is None:
            return NOTHING_OPEN
        before = visit.request.query.get("before", "")
        number = int(before) if before.isdecimal() and len(before) < 18 else 0
        said = await talk(visit.house, visit.asker, visit.speech, open_id, after, number)
        buyer = shown.buyer or visit.word("bench.after_sale", last=open_id[-4:])
        people = (*said.people, visit.word("page.name"))
        return {
            "panel": shown,
            "talk": said,
            "heading": visit.word("talk.title", buyer=buyer),
            "applied": visit.word(
                "talk.applied" if shown.reason else "talk.applied_plain",
                at=visit.speech.when(shown.applied_at),
                type=visit.speech(f"type.{shown.type}"),
                reason=shown.reason or "",
            ),
            "people": visit.word("talk.people", people=("、" if visit.lang == "zh" else ", ").join(people)),
        }

    async def trace(self, visit: Visit) -> web.Response:
        """Asks the carriers for the parcels' traces once more; sending works whether they answer or not."""
        after_sale_id = visit.request.match_info["id"]
        before = await visit.house.interceptions.candidates(visit.asker, after_sale_id)
        if not before:
            raise web.HTTPNotFound(text=visit.word("error.no_after_sale"))
        after = await visit.house.interceptions.candidates(visit.asker, after_sale_id, fresh=True)
        is_new = [c.reading for c in before] != [c.reading for c in after]
        if visit.by_script:
            said = visit.word("panel.trace_new" if is_new else "panel.trace_same")
            return web.json_response({"done": True, "said": said})
        return visit.go(f"/?c={quote(after_sale_id, safe='')}&pane=case")

    async def say(self, visit: Visit) -> web.Response:
        """A message: kept, answered, and shown in the conversation."""
        conversation = visit.request.match_info["id"]
        text = visit.field("text", LONGEST_TEXT).strip()
        if not await visit.house.database.read(lambda c: is_there(c, visit.asker.shop_id, conversation)):
            raise web.HTTPNotFound(text=visit.word("error.no_after_sale"))
        if text:
            await visit.house.chat.say(visit.asker, conversation, text, visit.field("id", 64), visit.lang)
        if visit.by_script:
            return web.json_response({"done": True})
        return visit.go(f"/?c={quote(conversation, safe='')}#say")


def _around(connection: Connection, shop_id: str) -> tuple[int, str, bool]:
    """The live event up to which the page is true, the shop's name, and whether it has signed."""
    name = connection.execute(select(shops.c.name).where(shops.c.id == shop_id)).scalar() or ""
    return latest(connection, shop_id), name, len(agreements.signed(connection, shop_id)) == len(agreements.KINDS)
