"""Who is there, and whether a request may be answered: cookie, form token, rate, and the headers of every page.

Each handler of a page is wrapped by `Door.open` or `Door.signed_in` and gets a `Visit`.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import quote, urlsplit

import structlog
from aiohttp import web
from multidict import MultiDict

from bot.console.drawing import LANGUAGES, Drawing
from bot.console.frame import refusal
from bot.console.house import House
from bot.console.limits import Buckets
from bot.console.visit import Form, Handler, Visit
from bot.store.database import NotStored

log = structlog.get_logger(__name__)

COOKIE = "intercept_session"
FORM_COOKIE = "intercept_form"
BESIDE = "_beside"
"""Ends the names of both cookies inside a frame of another site, where browsers send no others (decision 0061)."""
LANG_COOKIE = "intercept_lang"
THEME_COOKIE = "intercept_theme"
YEAR_S = 365 * 86_400
BODY_LIMIT = 256 * 1024
LONGEST_PATH = 2_000

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""No inline style and no inline script anywhere (console README 6)."""

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}

AiohttpHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def inside(path: str | None, otherwise: str = "/") -> str:
    """A path of ours to go on to; anything that could lead elsewhere is `otherwise`."""
    if not path or len(path) > LONGEST_PATH or not path.startswith("/") or path.startswith(("//", "/\\")):
        return otherwise
    parts = urlsplit(path)
    return otherwise if parts.scheme or parts.netloc or any(ord(sign) < 32 for sign in path) else path


def is_secure(request: web.Request) -> bool:
    """Whether the browser came over https, perhaps through a proxy of ours."""
    return request.secure or request.headers.get("X-Forwarded-Proto", "").split(",")[0].strip() == "https"


def kept(request: web.Request, name: str) -> str:
    """A cookie of ours: as every page has it, or as it is inside a frame."""
    return request.cookies.get(name) or request.cookies.get(name + BESIDE, "")


class Door:
    """Lets requests in. `opened` is called when the first one comes."""

    def __init__(self, house: House, drawing: Drawing, opened: Callable[[], object]) -> None:
        self._house = house
        self._drawing = drawing
        self._opened: Callable[[], object] | None = opened
        self._posts = Buckets(rate=10, burst=60)
        self._sign_ins = Buckets(rate=0.5, burst=30)

    def anyone(self, handler: Handler) -> AiohttpHandler:
        """A page that needs nobody to be signed in."""

        async def answer(request: web.Request) -> web.StreamResponse:
            visit = await self._visit(request)
            return await self._answer(visit, handler)

        return answer

    def signed_in(self, handler: Handler) -> AiohttpHandler:
        """A page for people; whoever is not signed in gets the sign-in page, and then what was asked for."""

        async def answer(request: web.Request) -> web.StreamResponse:
            visit = await self._visit(request)
            if visit.session is None:
                return self._dressed(visit, await self._sign_in_first(visit))
            return await self._answer(visit, handler)

        return answer

    async def _visit(self, request: web.Request) -> Visit:
        opened, self._opened = self._opened, None
        if opened is not None:
            opened()
        token = kept(request, COOKIE)
        session = await self._house.sessions.find(token) if token else None
        lang = request.cookies.get(LANG_COOKIE, "zh")
        theme = request.cookies.get(THEME_COOKIE, "")
        form: Form = MultiDict()
        if request.method == "POST":
            form = MultiDict(await request.post())
        return Visit(
            request=request,
            house=self._house,
            drawing=self._drawing,
            session=session,
            speech=self._drawing.speech(lang if lang in LANGUAGES else "zh", self._house.clock()),
            theme=theme if theme in {"light", "dark"} else "",
            form=form,
            pre_token=kept(request, FORM_COOKIE)[:64] or secrets.token_urlsafe(24),
        )

    async def _answer(self, visit: Visit, handler: Handler) -> web.StreamResponse:
        if visit.request.method == "POST":
            problem = self._objection(visit)
            if problem is not None:
                return self._dressed(visit, problem)
        try:
            response = await handler(visit)
        except web.HTTPException as problem:
            if problem.status < 400:
                raise
            response = refusal(visit, problem.status, problem.text or "")
        except (ConnectionError, asyncio.CancelledError):
            raise
        except NotStored as problem:
            number = _noted(visit, "console.not_stored", problem)
            response = refusal(visit, 503, visit.word("error.not_stored", number=number))
        except Exception as problem:  # noqa: BLE001 - whatever it is, people get words and a number, and the operator the rest
            response = refusal(visit, 500, visit.word("error.defect", number=_noted(visit, "console.defect", problem)))
        return self._dressed(visit, response)

    def _objection(self, visit: Visit) -> web.Response | None:
        """Why a post is not even looked at: too many, or not from a form of this session's."""
        request = visit.request
        if visit.session is None:
            wait = self._sign_ins.take(request.remote or "?")
        else:
            wait = self._posts.take(visit.session.person.id)
        if wait:
            response = refusal(visit, 429, visit.word("error.too_often", seconds=wait))
            response.headers["Retry-After"] = str(wait)
            return response
        given = visit.field("csrf")
        if visit.session is not None:
            ours = visit.session.is_from(given)
        else:
            cookie = kept(request, FORM_COOKIE)
            ours = bool(cookie) and secrets.compare_digest(given.encode(), cookie.encode())
        return None if ours else refusal(visit, 403, visit.word("error.old_page"))

    async def _sign_in_first(self, visit: Visit) -> web.StreamResponse:
        """Nothing typed is lost: the text goes on to the page after the sign-in."""
        request = visit.request
        if request.path == "/events":
            return web.Response(text="event: signed_out\ndata: {}\n\n", content_type="text/event-stream")
        if visit.by_script:
            return web.json_response({}, status=401)
        there = request.path_qs if request.method == "GET" else inside(visit.field("next"))
        say = visit.field("text", 1_000)
        if request.method == "POST" and say:
            there = f"/?c={quote(request.match_info.get('id', ''))}&say={quote(say)}"
        return web.Response(status=303, headers={"Location": f"/sign-in?next={quote(inside(there), safe='')}"})

    def _dressed(self, visit: Visit, response: web.StreamResponse) -> web.StreamResponse:
        if response.prepared:
            return response
        in_frame = "Content-Security-Policy" in response.headers
        for name, value in HEADERS.items():
            if not (in_frame and name == "X-Frame-Options"):
                response.headers.setdefault(name, value)
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        if visit.session is None and not kept(visit.request, FORM_COOKIE) and not in_frame:
            set_cookie(visit.request, response, FORM_COOKIE, visit.pre_token, None)
        return response


def _noted(visit: Visit, event: str, problem: Exception) -> str:
    """Writes the defect down for the operator under a short number, which people can read out."""
    number = secrets.token_hex(4)
    log.error(event, exc_info=problem, number=f"{number[:4]}-{number[4:]}", path=visit.request.path)
    return f"{number[:4]}-{number[4:]}"


def framed(visit: Visit, response: web.Response, origin: str) -> web.Response:
    """A page that `origin` alone may show inside its own. The form token comes along for whoever signs in there."""
    policy = POLICY.replace("frame-ancestors 'none'", f"frame-ancestors {origin}")
    response.headers["Content-Security-Policy"] = policy
    if not kept(visit.request, FORM_COOKIE):
        set_framed(response, FORM_COOKIE, visit.pre_token)
    return response


def signed_in_by(request: web.Request, response: web.StreamResponse, token: str) -> None:
    """The cookie of a session, of the kind that the browser keeps where the form stood."""
    if FORM_COOKIE + BESIDE in request.cookies and FORM_COOKIE not in request.cookies:
        set_framed(response, COOKIE, token)
    else:
        set_cookie(request, response, COOKIE, token, None)


def set_framed(response: web.StreamResponse, name: str, value: str) -> None:
    """A cookie for our page inside another site's: kept apart for each site around it, and over https alone. Written
    by hand, since Python's cookies know `Partitioned` from 3.14 on only.
    """
    told = f"{name}{BESIDE}={value}; Path=/; HttpOnly; SameSite=None; Secure; Partitioned"
    response.headers.add("Set-Cookie", told)


def set_cookie(request: web.Request, response: web.StreamResponse, name: str, value: str, max_age: int | None) -> None:
    """A cookie that no script reads and no other site sends along."""
    response.set_cookie(
        name, value, max_age=max_age, path="/", httponly=True, samesite="Lax", secure=is_secure(request)
    )
