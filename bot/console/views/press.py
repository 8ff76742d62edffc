"""Buttons: 「发起拦截」 as a dialog or a page of its own (mock 02), and every button of a card."""

from __future__ import annotations

from urllib.parse import quote

from aiohttp import web

from bot.cards.card import Card
from bot.console.frame import page_facts
from bot.console.session import inside
from bot.console.visit import Visit
from bot.handlers.contract import Reply
from bot.store import after_sales

STAYS = ("case:", "batch:")
"""Answers that are messages of the conversation; all others are shown where the button was."""

BESIDE = frozenset({"open", "refresh"})
"""What these lead to never takes the place of the card that they stand on."""

ASKS = frozenset({"remind", "ask_grant"})
ASKS_MORE = frozenset({("confirm", "confirm"), ("sign", "signup")})
"""Nothing was picked, or not both were ticked: the same card again, with what is missing."""


def _there(conversation: str) -> str:
    return f"/?c={quote(conversation, safe='')}" if conversation else "/"


async def confirm(visit: Visit) -> web.Response:
    """The confirmation of an after-sale, or what comes before it. Looking costs nothing and sends nothing."""
    conversation = visit.request.match_info["id"]
    reply = await visit.house.chat.press(visit.asker, f"open.{conversation}", visit.lang)
    card = reply.card
    if card is None or card.kind == "not_found":
        raise web.HTTPNotFound(text=visit.word("error.no_after_sale"))
    return _shown(visit, card, conversation)


async def press(visit: Visit) -> web.Response:
    """A button of a card: where the answer stays in the conversation it is found there, else it is shown at once."""
    conversation, action = visit.field("conversation", 64), visit.field("action", 200)
    verb = action.partition(".")[0]
    message = "" if verb in BESIDE else visit.field("message", 20)
    if conversation and not await visit.house.database.read(
        lambda c: after_sales.load(c, visit.asker.shop_id, conversation)
    ):
        raise web.HTTPNotFound(text=visit.word("error.no_after_sale"))
    reply = await visit.house.chat.press(
        visit.asker,
        action,
        visit.lang,
        conversation=conversation or None,
        picked=visit.fields("parcels"),
        ticked=visit.fields("ticked"),
        message=message,
    )
    there = inside(visit.field("next"), f"{_there(conversation)}#say")
    kept = _is_kept(reply, verb, conversation=conversation or visit.field("next"), message=message)
    if reply.card is not None and not kept:
        return _shown(visit, reply.card, conversation)
    if visit.by_script:
        said = visit.word("script.asked") if verb in ASKS else ""
        return web.json_response({"done": True, "said": said, "go": there})
    return visit.go(there)


def _is_kept(reply: Reply, verb: str, *, conversation: str, message: str) -> bool:
    """Whether the page shows the answer by itself: a result, or a card that took the place of the clicked one.

    Pressed late it is shown at once as well, since it says who was first; so is a card that asks for more.
    """
    if not conversation or reply.repeated:
        return False
    if (reply.target or "").startswith(STAYS):
        return True
    kind = "" if reply.card is None else reply.card.kind
    return bool(message) and kind != "stale" and (verb, kind) not in ASKS_MORE


def _shown(visit: Visit, card: Card, conversation: str) -> web.Response:
    facts = {"card": card, "conversation": conversation, "back": _there(conversation)}
    if visit.by_script:
        frame = page_facts(visit, "confirm")
        html = visit.drawing.draw("parts/dialog.html", visit.speech, {**facts, "page": frame})
        return web.json_response({"dialog": html})
    page = page_facts(visit, "confirm", title=card.title)
    return web.Response(
        text=visit.drawing.draw("confirm.html", visit.speech, {**facts, "page": page}), content_type="text/html"
    )
