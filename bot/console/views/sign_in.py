"""Sign-in (mock 10), sign-out, and in demo mode the sample people with one press."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from sqlalchemy import Connection, select

from bot.console.bench import Lister
from bot.console.drawing import BEIJING
from bot.console.frame import page_facts
from bot.console.house import Demo
from bot.console.session import BESIDE, COOKIE, inside, signed_in_by
from bot.console.visit import Visit
from bot.merchants import people, permissions, shops
from bot.merchants.people import Person
from bot.merchants.sessions import Locked, Session, Wrong
from bot.store.cards import messages
from bot.store.cases import cases

LONGEST_PASSWORD = 1_000

TRIES = ("", "/intercept 75400000000562", "/intercept 75400000005512", "", "")
"""What 「先试这个」 has people type; numbers of the sample shop."""

SUCCESS, REFUSAL, LATE = "YT7400000000123", "75400000000562", "75400000005512"
CONTRADICTED = "7312045566778890481"


@dataclass(frozen=True, slots=True)
class Sample:
    """Somebody of the sample shop."""

    login: str
    name: str
    what: str
    hint: str


@dataclass(frozen=True, slots=True)
class Step:
    """One try; `done` is read from what is stored, not from clicks."""

    title: str
    text: str
    command: str
    done: bool


@dataclass(frozen=True, slots=True)
class DemoFacts:
    """The sample shop's part of the page."""

    shop: str
    people: tuple[Sample, ...]
    steps: tuple[Step, ...]


class SignIn:
    """The page and its posts."""

    def __init__(self, lister: Lister) -> None:
        self._lister = lister

    async def page(self, visit: Visit) -> web.Response:
        """The form. Our script asks for a form token alone, to sign in where somebody was signed out."""
        if visit.by_script:
            return web.json_response({"csrf": visit.pre_token})
        if visit.session is not None:
            return visit.go(inside(visit.request.query.get("next")))
        query = visit.request.query
        return await self._draw(visit, 200, inside(query.get("next")), login="", problem="")

    async def post(self, visit: Visit) -> web.Response:
        """Signs in with a password, or in demo mode as one of the sample people."""
        login, there = visit.field("login", 100), inside(visit.field("next"))
        sample = visit.field("as", 64)
        found: Session | Wrong | Locked
        if sample and visit.house.demo is not None and sample in visit.house.demo.logins:
            found = await self._sample(visit, sample)
        else:
            found = await visit.house.sessions.open(login, visit.field("password", LONGEST_PASSWORD))
        if isinstance(found, Session):
            return _let_in(visit, found, there)
        problem = _problem(visit, found)
        if visit.by_script:
            return web.json_response({"problem": problem}, status=422)
        return await self._draw(visit, 422, there, login=login, problem=problem)

    async def leave(self, visit: Visit) -> web.Response:
        """Signs out; the cookie is worth nothing from here on."""
        if visit.session is not None:
            await visit.house.sessions.close(visit.session.token)
        response = visit.go("/sign-in")
        for name in (COOKIE, COOKIE + BESIDE):
            response.del_cookie(name, path="/")
        return response

    async def _sample(self, visit: Visit, login: str) -> Session | Wrong:
        person = await visit.house.database.read(lambda c: people.by_login(c, login))
        begun = None if person is None else await visit.house.sessions.begin(person.id)
        return begun if begun is not None else Wrong(visit.house.limits.tries)

    async def _draw(self, visit: Visit, status: int, there: str, *, login: str, problem: str) -> web.Response:
        demo = visit.house.demo
        html = visit.drawing.draw(
            "sign_in.html",
            visit.speech,
            {
                "page": page_facts(visit, "signin"),
                "demo": None if demo is None else await self._demo(visit, demo),
                "next": there,
                "login": login,
                "problem": problem,
                "tries": visit.house.limits.tries,
                "minutes": math.ceil(visit.house.limits.lock.total_seconds() / 60),
            },
        )
        return web.Response(status=status, text=html, content_type="text/html")

    async def _demo(self, visit: Visit, demo: Demo) -> DemoFacts | None:
        read = await visit.house.database.read(lambda c: _read(c, demo))
        if read is None:
            return None
        shop, found, done = read
        waiting = 0
        if "agent" in found:
            asker = await visit.house.database.read(lambda c: permissions.asker(c, found["agent"]))
            waiting = (await self._lister.counts(asker, visit.speech))["yours"]
        samples = tuple(
            Sample(
                login,
                found[login].name,
                visit.word(f"signin.what_{login}"),
                visit.word(f"signin.hint_{login}", n=waiting),
            )
            for login in demo.logins
            if login in found and found[login].active
        )
        names = {login: found[login].name for login in found}
        steps = tuple(
            Step(
                visit.word(f"signin.step{n}_title", **{"agent": "", "newcomer": "", **names}),
                visit.word(f"signin.step{n}_text"),
                command,
                done[n - 1],
            )
            for n, command in enumerate(TRIES, start=1)
        )
        return DemoFacts(shop, samples, steps)


def _let_in(visit: Visit, session: Session, there: str) -> web.Response:
    if visit.by_script:
        response = web.json_response({"csrf": session.csrf, "who": session.person.id})
    else:
        response = visit.go(there)
    signed_in_by(visit.request, response, session.token)
    return response


def _problem(visit: Visit, found: Wrong | Locked) -> str:
    """「账号或密码不对，还可以试 3 次」, or until when it is locked."""
    if isinstance(found, Locked):
        return visit.word("signin.locked", at=found.until.astimezone(BEIJING).strftime("%H:%M:%S"))
    return visit.word("signin.wrong", n=found.left)


def _read(connection: Connection, demo: Demo) -> tuple[str, Mapping[str, Person], tuple[bool, ...]] | None:
    shop = shops.facts(connection, demo.shop_id)
    if shop is None:
        return None
    found = {login: people.by_login(connection, login) for login in demo.logins}
    known = {login: person for login, person in found.items() if person is not None}
    return shop.name, known, _done(connection, demo.shop_id, known)


def _done(connection: Connection, shop_id: str, known: Mapping[str, Person]) -> tuple[bool, ...]:
    rows = connection.execute(
        select(cases.c.tracking_number, cases.c.state).where(
            cases.c.shop_id == shop_id, cases.c.tracking_number.in_((SUCCESS, LATE))
        )
    ).all()
    succeeded = {row.tracking_number for row in rows if row.state == "succeeded"}
    contradicted = _typed(connection, shop_id, messages.c.conversation == CONTRADICTED)
    refusal = _typed(connection, shop_id, messages.c.body["text"].as_string().like(f"%{REFUSAL}%"))
    newcomer = known["newcomer"].id if "newcomer" in known else ""
    denied = _typed(connection, shop_id, messages.c.author_id == newcomer)
    return SUCCESS in succeeded, refusal, LATE in succeeded, contradicted, denied


def _typed(connection: Connection, shop_id: str, condition: Any) -> bool:
    wanted = select(messages.c.seq).where(messages.c.shop_id == shop_id, messages.c.kind == "text", condition)
    return connection.execute(wanted.limit(1)).first() is not None
