"""The frame of every page, and the page that says why something was not done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from bot.console.visit import Visit
from bot.domain.people import Role


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks, as the page's head shows it. By `id` the script knows whether somebody else has come."""

    id: str
    name: str
    initial: str
    role: str


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What the frame of every page needs."""

    here: str
    title: str
    viewer: Viewer | None
    csrf: str
    theme: str
    path: str
    menu: tuple[tuple[str, str], ...]
    waiting: int
    app: bool
    events: str
    after: int
    script_words: Mapping[str, str | Mapping[str, str]]


MENU = (("workbench", "/"), ("batch", "/batch"), ("records", "/records"))
OWNERS = (("questions", "/questions"), ("permissions", "/permissions"))
SCRIPT_WORDS = ("on", "off", "offline", "sending", "copied", "new", "changed", "failed", "signed_in")


def page_facts(
    visit: Visit, here: str, *, title: str = "", waiting: int = 0, app: bool = False, events: str = "", after: int = 0
) -> PageFacts:
    """The frame of a page. The menu has the owner's pages for the owner alone (ruling 23)."""
    session = visit.session
    viewer = None
    menu: tuple[tuple[str, str], ...] = ()
    if session is not None:
        person = session.person
        viewer = Viewer(person.id, person.name, initial(person.name), person.role.value)
        menu = (*MENU, *OWNERS) if person.role is Role.OWNER else MENU
    return PageFacts(
        here=here,
        title=title or visit.word(f"menu.{here}"),
        viewer=viewer,
        csrf=visit.csrf,
        theme=visit.theme,
        path=visit.request.path_qs if visit.request.method == "GET" else visit.request.path,
        menu=menu,
        waiting=waiting,
        app=app,
        events=events or f"page={here}",
        after=after,
        script_words=_script_words(visit),
    )


def _script_words(visit: Visit) -> Mapping[str, str | Mapping[str, str]]:
    """What the script says, with its `{…}` left open."""
    own = {name: visit.word(f"script.{name}") for name in SCRIPT_WORDS}
    times = {name: visit.speech(f"time.{name}") for name in ("seconds", "minutes", "hours", "days", "waited")}
    counts = {
        name: {number: visit.word(f"script.{name}_{number}") for number in ("one", "many")} for name in ("held", "pill")
    }
    return {**own, **times, **counts, "left": visit.word("panel.left")}


def initial(name: str) -> str:
    """The sign on somebody's picture."""
    return name[:1] or "?"


def refusal(visit: Visit, status: int, words: str) -> web.Response:
    """What was not done and why, as a page or for the script."""
    if visit.by_script:
        return web.json_response({"problem": words}, status=status)
    html = visit.drawing.draw(
        "problem.html",
        visit.speech,
        {"page": page_facts(visit, "problem"), "status": status, "words": words, "back": "/"},
    )
    return web.Response(status=status, text=html, content_type="text/html")
