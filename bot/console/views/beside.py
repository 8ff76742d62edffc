"""`/beside/{channel}`: the after-sale beside an open conversation, inside another desk's page (`chat-chatwoot.md` 4).

What that page tells is unsigned: it only suggests numbers, of which those are found that are the signed-in person's own
shop's. Only the desk that is configured may frame it, and no other page of ours may be framed at all.
"""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web
from sqlalchemy import Connection, select

from bot.console.frame import page_facts
from bot.console.panel import panel
from bot.console.session import framed
from bot.console.talk import talk
from bot.console.visit import Visit
from bot.store import after_sales
from bot.store.cards import outbox
from bot.store.cases import cases
from bot.store.events import latest

MOST_NUMBERS = 12
LONGEST_NUMBER = 32
MOST_FOUND = 5


async def page(visit: Visit) -> web.Response:
    """The card of the conversation's after-sale with its button; what to choose from; or the sign-in of this frame."""
    channel = visit.request.match_info["channel"]
    origin = visit.house.frames.get(channel)
    if origin is None:
        raise web.HTTPNotFound(text=visit.word("error.no_page"))
    facts: dict[str, object] = {"origin": origin, "channel": channel, "found": [], "typed": "", "panel": None}
    facts |= {"request_chat": visit.request.query.get("chat", ""), "request_numbers": visit.request.query.get("n", "")}
    open_id, after = "", 0
    if visit.session is not None:
        found = await _found(visit, channel)
        asked = visit.request.query.get("c", "")
        open_id = asked if asked in found else next(iter(found), "")
        after = await visit.house.database.read(lambda c: latest(c, visit.asker.shop_id))
        facts |= {"found": found, "typed": visit.request.query.get("q", "").strip()[:LONGEST_NUMBER]}
        facts |= await _open(visit, open_id, after)
    events = f"page=workbench&c={open_id}"
    facts |= {"open_id": open_id, "page": page_facts(visit, "beside", events=events, after=after)}
    text = visit.drawing.draw("beside.html", visit.speech, facts)
    return framed(visit, web.Response(text=text, content_type="text/html"), origin)


async def _open(visit: Visit, open_id: str, after: int) -> dict[str, object]:
    shown = await panel(visit.house, visit.asker, visit.speech, open_id) if open_id else None
    if shown is None:
        return {"panel": None}
    return {"panel": shown, "talk": await talk(visit.house, visit.asker, visit.speech, open_id, after)}


async def _found(visit: Visit, channel: str) -> list[str]:
    """The after-sales of the person's own shop that are meant: what was typed, then what the numbers of the
    conversation lead to, then what was asked for in it.
    """
    query, shop = visit.request.query, visit.asker.shop_id
    typed = query.get("q", "").strip()[:LONGEST_NUMBER]
    if typed:
        return [one.after_sale_id for one in (await visit.house.interceptions.find(shop, [typed]))[typed]][:MOST_FOUND]
    numbers = [n for n in query.get("n", "")[:800].split(",") if 0 < len(n) <= LONGEST_NUMBER][:MOST_NUMBERS]
    chat = query.get("chat", "")[:20]
    return await visit.house.database.read(lambda c: _meant(c, shop, channel, chat, numbers))


def _meant(connection: Connection, shop_id: str, channel: str, chat: str, numbers: Sequence[str]) -> list[str]:
    """Only what is stored: a number that anybody may have written there asks no platform."""
    found = [one.after_sale_id for number in numbers for one in after_sales.find(connection, shop_id, number)]
    if chat:
        here = (outbox.c.channel == channel) & (outbox.c.chat == chat) & (outbox.c.shop_id == shop_id)
        newest = select(outbox.c.target).where(here, outbox.c.target.like("case:%")).order_by(outbox.c.seq.desc())
        ids = [target.partition(":")[2] for target in connection.execute(newest.limit(MOST_FOUND)).scalars()]
        spoken = select(cases.c.after_sale_id).where(cases.c.shop_id == shop_id, cases.c.id.in_(ids))
        found += connection.execute(spoken.order_by(cases.c.seq.desc())).scalars()
    return list(dict.fromkeys(found))[:MOST_FOUND]
