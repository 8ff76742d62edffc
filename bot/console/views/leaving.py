"""Somebody who has left the shop: taken out, and brought back, on the owner's page."""

from __future__ import annotations

from typing import Any

import structlog
from aiohttp import web
from sqlalchemy import Connection

from bot.console.house import House
from bot.console.visit import Visit
from bot.domain.people import Asker
from bot.merchants import departure
from bot.merchants.departure import LastOwner, Oneself
from bot.merchants.permissions import PermissionDenied
from bot.store.database import now

log = structlog.get_logger(__name__)


async def gone_facts(house: House, asker: Asker) -> dict[str, Any]:
    """What the owner's page shows of whoever has left."""
    return {"gone": await house.database.read(lambda c: departure.gone(c, asker.shop_id))}


async def change(visit: Visit) -> web.Response:
    """「停用」 and 「恢复」: what the person is to be, so that a second press changes nothing."""
    person, wanted = visit.field("person", 40), visit.field("to")
    if wanted not in {"leave", "return"}:
        raise web.HTTPNotFound(text=visit.word("error.no_page"))
    asker, talks = visit.asker, dict(visit.house.talks_of_two)

    def work(connection: Connection) -> bool:
        at = now(connection)
        if wanted == "return":
            return departure.bring_back(connection, asker, person, at)
        return departure.take_out(connection, asker, person, talks, at)

    try:
        changed = await visit.house.database.write(work)
    except PermissionDenied:
        raise web.HTTPForbidden(text=visit.word("permissions.owner_only")) from None
    except LookupError:
        raise web.HTTPNotFound(text=visit.word("leaving.nobody")) from None
    except Oneself:
        raise web.HTTPConflict(text=visit.word("leaving.oneself")) from None
    except LastOwner:
        raise web.HTTPConflict(text=visit.word("leaving.last_owner")) from None
    if changed:
        event = "person.left" if wanted == "leave" else "person.returned"
        log.info(event, shop=asker.shop_id, person=person, by=asker.person_id)
    return visit.go("/permissions")
