"""`/me`: who is signed in, the chat accounts and the code that binds one, the menu for narrow screens, language, look,
and signing out; `/lang` and `/theme`.
"""

from __future__ import annotations

from aiohttp import web

from bot.console.drawing import LANGUAGES
from bot.console.frame import page_facts
from bot.console.session import LANG_COOKIE, THEME_COOKIE, YEAR_S, inside, set_cookie
from bot.console.views import accounts
from bot.console.visit import Visit

THEMES = ("auto", "light", "dark")


async def page(visit: Visit) -> web.Response:
    """Who is signed in, the bound chat accounts, and everything that the head of the page has no room for."""
    return await _draw(visit, None)


async def code(visit: Visit) -> web.Response:
    """The same page with a fresh binding code, which stands nowhere else: no address and no log has it."""
    if visit.request.method == "GET":
        return visit.go("/me")
    return await _draw(visit, await accounts.fresh_code(visit))


async def _draw(visit: Visit, fresh: accounts.Code | None) -> web.Response:
    facts = await accounts.my_facts(visit.house, visit.asker, visit.speech)
    frame = page_facts(visit, "me", after=facts["version"])
    html = visit.drawing.draw("me.html", visit.speech, {**facts, "page": frame, "themes": THEMES, "code": fresh})
    return web.Response(text=html, content_type="text/html")


async def language(visit: Visit) -> web.Response:
    """Keeps the language and goes back; it changes nothing but a cookie."""
    wanted = visit.request.match_info["lang"]
    if wanted not in LANGUAGES:
        raise web.HTTPNotFound(text=visit.word("error.no_page"))
    response = visit.go(inside(visit.request.query.get("next")))
    set_cookie(visit.request, response, LANG_COOKIE, wanted, YEAR_S)
    return response


async def theme(visit: Visit) -> web.Response:
    """Keeps light, dark, or what the system says."""
    wanted = visit.request.match_info["theme"]
    if wanted not in THEMES:
        raise web.HTTPNotFound(text=visit.word("error.no_page"))
    response = visit.go(inside(visit.request.query.get("next")))
    set_cookie(visit.request, response, THEME_COOKIE, wanted, YEAR_S)
    return response
