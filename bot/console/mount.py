"""Puts the pages onto the application: the table of contents of the console."""

from __future__ import annotations

import asyncio

from aiohttp import web
from aiohttp.typedefs import Handler as AiohttpHandler
from aiohttp.typedefs import Middleware

from bot.background import Background
from bot.console.bench import Lister
from bot.console.drawing import Drawing
from bot.console.frame import refusal
from bot.console.house import House
from bot.console.live import Feeds, Live
from bot.console.parts import Parts
from bot.console.session import Door
from bot.console.views import accounts, beside, files, leaving, me, papers, press, told_chats
from bot.console.views.batch import BatchPages
from bot.console.views.files import Files
from bot.console.views.permissions import Permissions
from bot.console.views.questions import QuestionsPage
from bot.console.views.record import RecordPage
from bot.console.views.records import Records
from bot.console.views.sign_in import SignIn
from bot.console.views.workbench import Workbench
from bot.console.visit import Handler, Visit

OTHERS = ("/api/", "/metrics", "/healthz", "/readyz")
"""Paths that are not pages: what is missing there is told by whoever owns them."""


PAUSE_S = 0.05


def mount(app: web.Application, house: House) -> None:
    """Adds every page; also what a path that leads nowhere shows."""
    drawing = Drawing(house.words)
    feeds, lister = Feeds(house), Lister(house)
    background = Background()
    door = Door(house, drawing, lambda: background.run("templates", _compile(drawing)))
    pages = _Pages(app.router, door, feeds)
    _files(app.router, Files(drawing.static))
    _people(pages, SignIn(lister))
    _work(pages, Workbench(lister), Live(house, feeds, Parts(lister)))
    _records(pages, Records(lister), RecordPage(lister))
    _rest(pages, Permissions(lister), BatchPages(lister))
    _questions(pages, QuestionsPage(lister))
    app.middlewares.append(_missing(door))

    async def close(_app: web.Application) -> None:
        feeds.close()
        await background.stop(0)

    app.on_shutdown.append(close)


async def _compile(drawing: Drawing) -> None:
    """One template after another, between what people ask for: together they take a third of a second and 4 MB, which
    a house without visitors saves.
    """
    for name in drawing.names:
        await asyncio.sleep(PAUSE_S)
        await asyncio.to_thread(drawing.template, name)


class _Pages:
    """Adds routes, each behind the door."""

    def __init__(self, router: web.UrlDispatcher, door: Door, feeds: Feeds) -> None:
        self._router = router
        self._door = door
        self._feeds = feeds

    def get(self, path: str, handler: Handler, *, for_anyone: bool = False) -> None:
        """A page to look at."""
        self._router.add_get(path, self._door.anyone(handler) if for_anyone else self._door.signed_in(handler))

    def post(self, path: str, handler: Handler, *, for_anyone: bool = False) -> None:
        """A form. Once it is answered, live pages look at once."""

        async def then_look(visit: Visit) -> web.StreamResponse:
            response = await handler(visit)
            if visit.session is not None:
                self._feeds.nudge(visit.session.asker.shop_id)
            return response

        self._router.add_post(path, self._door.anyone(handler) if for_anyone else self._door.signed_in(then_look))


def _files(router: web.UrlDispatcher, static: Files) -> None:
    router.add_get("/static/{name}", static.file)
    router.add_get("/favicon.svg", files.icon)
    router.add_get("/favicon.ico", files.icon)


def _people(pages: _Pages, sign_in: SignIn) -> None:
    pages.get("/sign-in", sign_in.page, for_anyone=True)
    pages.post("/sign-in", sign_in.post, for_anyone=True)
    pages.post("/sign-out", sign_in.leave)
    pages.get("/beside/{channel}", beside.page, for_anyone=True)
    pages.get("/me", me.page)
    pages.get("/me/code", me.code)
    pages.post("/me/code", me.code)
    pages.post("/me/unbind", accounts.unbind)
    pages.get("/lang/{lang}", me.language, for_anyone=True)
    pages.get("/theme/{theme}", me.theme, for_anyone=True)


def _work(pages: _Pages, workbench: Workbench, live: Live) -> None:
    pages.get("/", workbench.page)
    pages.get("/events", live.events)
    pages.post("/conversations/{id}/messages", workbench.say)
    pages.get("/after-sales/{id}/confirm", press.confirm)
    pages.post("/after-sales/{id}/trace", workbench.trace)
    pages.post("/press", press.press)


def _records(pages: _Pages, records: Records, record: RecordPage) -> None:
    pages.get("/records", records.page)
    pages.get("/records.csv", records.csv)
    pages.get("/records.xlsx", records.xlsx)
    pages.get("/records/{id}", record.page)


def _rest(pages: _Pages, permissions: Permissions, batch: BatchPages) -> None:
    pages.get("/permissions", permissions.page)
    pages.post("/permissions", permissions.change)
    pages.post("/permissions/ask", permissions.ask)
    pages.post("/permissions/accounts", accounts.answer)
    pages.post("/permissions/chats", told_chats.end)
    pages.post("/permissions/people", leaving.change)
    pages.get("/batch", batch.start)
    pages.post("/batch", batch.draft)
    pages.get("/batch/{id}.csv", batch.csv)
    pages.get("/batch/{id}", batch.page)
    pages.post("/batch/{id}", batch.switch)
    pages.get("/sign-up", papers.sign_up)
    pages.get("/rules", papers.rules, for_anyone=True)
    pages.get("/agreements/{kind}", papers.agreement)


def _questions(pages: _Pages, questions: QuestionsPage) -> None:
    pages.get("/questions", questions.page)
    pages.post("/questions", questions.change)
    pages.post("/questions/try", questions.try_phrase)


def _missing(door: Door) -> Middleware:
    async def nowhere(visit: Visit) -> web.StreamResponse:
        return refusal(visit, 404, visit.word("error.no_page"))

    page = door.anyone(nowhere)

    @web.middleware
    async def answer(request: web.Request, handler: AiohttpHandler) -> web.StreamResponse:
        """A path that leads nowhere gets a page that says so."""
        try:
            return await handler(request)
        except web.HTTPNotFound:
            found = request.match_info.http_exception is not None
            if found and request.method == "GET" and not request.path.startswith(OTHERS):
                return await page(request)
            raise

    return answer
