"""`/permissions`: who may intercept (mock 06). The owner's page; others get the path to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web
from sqlalchemy import Connection, func, select

from bot.console.bench import Lister
from bot.console.drawing import Speech
from bot.console.frame import page_facts
from bot.console.house import House
from bot.console.session import inside
from bot.console.views.accounts import owners_facts
from bot.console.views.leaving import gone_facts
from bot.console.views.told_chats import told_facts
from bot.console.visit import Visit
from bot.domain.people import Asker, Permission, Role
from bot.merchants import people, permissions
from bot.merchants.permissions import GrantChange, PermissionDenied
from bot.store.cases import cases
from bot.store.database import now
from bot.store.events import latest

DAYS = 30


@dataclass(frozen=True, slots=True)
class Agent:
    """A sub-account, or another owner: what it may do, when it last asked for an interception, how often in 30 days."""

    id: str
    login: str
    name: str
    granted: frozenset[Permission]
    last: str
    count: int
    is_owner: bool = False

    def may(self, permission: str) -> bool:
        """Whether the owner has granted it."""
        return permission in self.granted


@dataclass(frozen=True, slots=True)
class _Use:
    last_at: datetime
    last_state: str
    count: int


class Permissions:
    """The page, its switches, and the answers to requests."""

    def __init__(self, lister: Lister) -> None:
        self._lister = lister

    async def page(self, visit: Visit) -> web.Response:
        """The owner's page; whoever is not the owner sees where the owner grants it (R11)."""
        after = await visit.house.database.read(lambda c: latest(c, visit.asker.shop_id))
        counts = await self._lister.counts(visit.asker, visit.speech)
        frame = page_facts(visit, "permissions", waiting=counts["yours"], events="page=permissions", after=after)
        facts = await permission_facts(visit.house, visit.asker, visit.speech)
        html = visit.drawing.draw("permissions.html", visit.speech, {**facts, "page": frame, "version": after})
        return web.Response(text=html, content_type="text/html")

    async def change(self, visit: Visit) -> web.Response:
        """A switch: what it is set to, not that it was pressed, so that a second press changes nothing."""
        try:
            permission = Permission(visit.field("permission"))
        except ValueError:
            raise web.HTTPNotFound(text=visit.word("error.no_page")) from None
        person, wanted = visit.field("person", 40), visit.field("to")
        answer = {"on": permissions.grant, "off": permissions.revoke, "no": permissions.decline}.get(wanted)
        if answer is None:
            raise web.HTTPNotFound(text=visit.word("error.no_page"))
        try:
            await visit.house.database.write(lambda c: answer(c, visit.asker, person, permission, now(c)))
        except PermissionDenied:
            raise web.HTTPForbidden(text=visit.word("permissions.owner_only")) from None
        except LookupError:
            raise web.HTTPNotFound(text=visit.word("permissions.nobody")) from None
        return web.json_response({"done": True}) if visit.by_script else visit.go("/permissions")

    async def ask(self, visit: Visit) -> web.Response:
        """「请主账号开通」: the owner finds it on top of the page."""
        try:
            await visit.house.database.write(
                lambda c: permissions.ask(c, visit.asker, Permission.LOGISTICS_TOOLS, now(c))
            )
        except PermissionDenied:
            raise web.HTTPForbidden(text=visit.word("permissions.agents_only")) from None
        if visit.by_script:
            return web.json_response({"done": True, "said": visit.word("script.asked")})
        return visit.go(inside(visit.field("next")))


async def permission_facts(house: House, asker: Asker, speech: Speech) -> dict[str, Any]:
    """Everything that the page shows."""
    if asker.role is not Role.OWNER:
        owner = await house.database.read(lambda c: people.owner_name(c, asker.shop_id))
        asked = await house.database.read(lambda c: _has_asked(c, asker))
        may = Permission.LOGISTICS_TOOLS in asker.permissions
        return {"is_owner": False, "owner": owner, "asked": asked, "may": may, "role": asker.role}
    since = speech.now - timedelta(days=DAYS)
    staff, uses, requests, history = await house.database.read(lambda c: _read(c, asker, since))
    fees = [told.fee_fen for told in house.rules().carriers.values()]
    return {
        **await owners_facts(house, asker),
        **await told_facts(house, asker),
        **await gone_facts(house, asker),
        "is_owner": True,
        "staff": [_agent(speech, person, granted, uses) for person, granted in staff],
        "agents": sum(person.role is Role.AGENT for person, _ in staff),
        "able": sum(Permission.LOGISTICS_TOOLS in granted for _, granted in staff),
        "requests": requests,
        "history": history,
        "least": min(fees),
        "most": max(fees),
    }


def _agent(speech: Speech, person: people.Person, granted: frozenset[Permission], uses: Mapping[str, _Use]) -> Agent:
    use = uses.get(person.id)
    last = speech.page("permissions.never")
    if use is not None:
        key = "permissions.refused_at" if use.last_state == "refused" else "permissions.used_at"
        last = speech.page(key, at=speech.when(use.last_at))
    count, is_owner = use.count if use else 0, person.role is Role.OWNER
    return Agent(person.id, person.login, person.name, granted, last, count, is_owner)


def _read(
    connection: Connection, asker: Asker, since: datetime
) -> tuple[
    Sequence[tuple[people.Person, frozenset[Permission]]],
    Mapping[str, _Use],
    Sequence[GrantChange],
    Sequence[GrantChange],
]:
    shop_id = asker.shop_id
    here = [p for p in people.of_shop(connection, shop_id) if p.active and p.id != asker.person_id]
    staff = sorted((p for p in here if p.role is not Role.PLATFORM), key=lambda p: p.role is Role.OWNER)
    granted = [(person, permissions.granted(connection, person.id)) for person in staff]
    requests = permissions.open_requests(connection, shop_id)
    return granted, _uses(connection, shop_id, since), requests, permissions.history(connection, shop_id, 12)


def _uses(connection: Connection, shop_id: str, since: datetime) -> Mapping[str, _Use]:
    counts = connection.execute(
        select(cases.c.asker_id, func.count(), func.max(cases.c.seq))
        .where(cases.c.shop_id == shop_id, cases.c.created_at >= since)
        .group_by(cases.c.asker_id)
    ).all()
    newest = select(cases.c.seq, cases.c.created_at, cases.c.state).where(cases.c.seq.in_([row[2] for row in counts]))
    last = {row.seq: row for row in connection.execute(newest)}
    return {asker_id: _Use(last[seq].created_at, last[seq].state, n) for asker_id, n, seq in counts}


def _has_asked(connection: Connection, asker: Asker) -> bool:
    return any(
        request.person_id == asker.person_id and request.permission is Permission.LOGISTICS_TOOLS
        for request in permissions.open_requests(connection, asker.shop_id)
    )
