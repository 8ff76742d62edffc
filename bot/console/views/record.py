"""`/records/{id}`: one interception from the ask to the way home (mock 05b). Another shop's does not exist."""

from __future__ import annotations

from itertools import groupby
from typing import Any
from urllib.parse import quote

from aiohttp import web
from sqlalchemy import Connection

from bot.console.bench import Lister, shown_state
from bot.console.drawing import BEIJING, Speech
from bot.console.frame import page_facts
from bot.console.house import House
from bot.console.panel import panel
from bot.console.story import Moment, rules, story
from bot.console.views.records import may_see
from bot.console.visit import Visit
from bot.domain.people import Asker
from bot.interception.service import Record
from bot.merchants import shops
from bot.store.events import latest

WEEKDAYS = 7


class RecordPage:
    """The page, and the part of it that live pages redraw."""

    def __init__(self, lister: Lister) -> None:
        self._lister = lister

    async def page(self, visit: Visit) -> web.Response:
        """404 without a hint that it exists, where this viewer may not see it."""
        case_id = visit.request.match_info["id"]
        after = await visit.house.database.read(lambda c: latest(c, visit.asker.shop_id))
        facts = await record_facts(visit.house, visit.asker, visit.speech, case_id)
        if facts is None:
            raise web.HTTPNotFound(text=visit.word("error.no_record"))
        counts = await self._lister.counts(visit.asker, visit.speech)
        title = visit.word("record.title", number=facts["case"].number)
        frame = page_facts(
            visit,
            "records",
            title=title,
            waiting=counts["yours"],
            events=f"page=record&id={quote(case_id, safe='')}",
            after=after,
        )
        html = visit.drawing.draw("record.html", visit.speech, {**facts, "page": frame, "version": after})
        return web.Response(text=html, content_type="text/html")


async def record_facts(house: House, asker: Asker, speech: Speech, case_id: str) -> dict[str, Any] | None:
    """Everything that the page shows of a record; None where the viewer may not see it."""
    found = await house.interceptions.record(asker.shop_id, case_id)
    if found is None or not await house.database.read(lambda c: may_see(c, asker, case_id)):
        return None
    case = found.interception
    shown = await panel(house, asker, speech, case.after_sale_id)
    parcel = None
    if shown is not None:
        parcel = next((p for p in shown.parcels if p.card.tracking_number == case.tracking_number), None)
    card = await house.desk.card(f"case:{case_id}", asker, speech.lang)
    state = shown_state(case)
    return {
        "case": case,
        "card": card,
        "buttons": [b for b in (card.buttons if card else ()) if b.kind != "link" and not b.action.startswith("open.")],
        "state": state,
        "word": speech(f"state.{state}"),
        "carrier": house.rules().carrier_name(case.carrier).of(speech.lang),
        "days": _days(speech, story(house, speech, case, found.events, found.checks)),
        "rules": rules(house, speech, found.checks),
        "gauge_card": parcel.card.gauge if parcel else None,
        "after_sale": found.after_sale,
        "return_to": await house.database.read(lambda c: _return_to(c, asker.shop_id)),
        "has_raw": _has_raw(found),
    }


def _has_raw(found: Record) -> bool:
    return any({"sent", "got", "carrier_text"} & set(event.facts) for event in found.events)


def _days(speech: Speech, moments: list[Moment]) -> list[tuple[str, list[Moment]]]:
    """The timeline by days, each day in words."""
    days: list[tuple[str, list[Moment]]] = []
    for day, lines in groupby(moments, key=lambda m: m.at.astimezone(BEIJING).date()):
        word = speech.page(
            "record.day",
            month=day.month,
            day=day.day,
            weekday=speech.page(f"record.weekday_{day.weekday() % WEEKDAYS}"),
        )
        days.append((word, list(lines)))
    return days


def _return_to(connection: Connection, shop_id: str) -> str:
    shop = shops.facts(connection, shop_id)
    return (shop.return_to or "") if shop is not None else ""
