"""Pages to read: the rules with their present limits, the two agreements; and sign-up as a page (mock 04)."""

from __future__ import annotations

from aiohttp import web

from bot.console.drawing import Speech
from bot.console.frame import page_facts
from bot.console.house import House
from bot.console.visit import Visit

RULES = tuple(f"R{n}" for n in range(1, 12))
CLAUSES = {"service": 12, "debit": 5}
FEES = tuple(f"F{n}" for n in range(1, 6))


async def rules(visit: Visit) -> web.Response:
    """R1–R11 and F1–F5 as they hold now: where every rule number on a card leads."""
    facts = {
        "page": page_facts(visit, "rules"),
        "version": visit.house.rules().version,
        "laws": [(name, visit.word(f"rules.{name}", **_limits(visit.house, visit.speech))) for name in (*RULES, *FEES)],
    }
    return web.Response(text=visit.drawing.draw("rules.html", visit.speech, facts), content_type="text/html")


async def agreement(visit: Visit) -> web.Response:
    """The full text of one agreement, in the version that is offered for signing (R3)."""
    kind = visit.request.match_info["kind"]
    told = next((a for a in visit.house.rules().agreements if a.kind == kind), None)
    if told is None or kind not in CLAUSES:
        raise web.HTTPNotFound(text=visit.word("error.no_page"))
    limits = _limits(visit.house, visit.speech)
    clauses = [visit.word(f"agreement.{kind}_{n}", **limits) for n in range(1, CLAUSES[kind] + 1)]
    facts = {
        "page": page_facts(visit, "rules", title=told.name.of(visit.lang)),
        "title": told.name.of(visit.lang),
        "version": told.version,
        "clauses": clauses,
        "minutes": told.minutes,
    }
    return web.Response(text=visit.drawing.draw("agreement.html", visit.speech, facts), content_type="text/html")


async def sign_up(visit: Visit) -> web.Response:
    """Sign-up, or that it is done: date, person, link."""
    card = await visit.house.desk.card("signup:", visit.asker, visit.lang)
    if card is None:
        raise web.HTTPNotFound(text=visit.word("error.no_page"))
    facts = {"page": page_facts(visit, "confirm", title=card.title), "card": card}
    return web.Response(text=visit.drawing.draw("sign_up.html", visit.speech, facts), content_type="text/html")


def _limits(house: House, speech: Speech) -> dict[str, str]:
    """What the rules' words are filled with: the rules that hold now, never fixed text."""
    told = house.rules()
    join = "、" if speech.lang == "zh" else ", "
    return {
        "value": speech.money(told.value_limit_fen),
        "compensation": speech.money(told.compensation_limit_fen),
        "carriers": join.join(carrier.name.of(speech.lang) for carrier in told.carriers.values()),
        "categories": join.join(name.of(speech.lang) for name in told.categories.values()),
        "fees": join.join(f"{c.name.of(speech.lang)} {speech.money(c.fee_fen)}" for c in told.carriers.values()),
    }
