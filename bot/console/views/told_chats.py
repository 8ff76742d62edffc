"""Chats that are told of new after-sales: seen, and ended, on the owner's page."""

from __future__ import annotations

from typing import Any

import structlog
from aiohttp import web

from bot.console.house import House
from bot.console.visit import Visit
from bot.domain.people import Asker
from bot.merchants import told_chats
from bot.merchants.permissions import PermissionDenied
from bot.store import telling
from bot.store.database import now
from bot.store.telling import Chosen, Quiet

log = structlog.get_logger(__name__)

END = 8
"""So many characters of a long id are seen at either end: where ids begin alike, they end differently."""


async def told_facts(house: House, asker: Asker) -> dict[str, Any]:
    """What the owner's page shows of the shop's chosen chats."""
    found = await house.database.read(lambda c: telling.chosen(c, asker.shop_id))
    return {"told_chats": [_shown(house, one) for one in found]}


async def end(visit: Visit) -> web.Response:
    """「不再推送」: the same as `/unsubscribe` in that chat. Pressed again it changes nothing."""
    channel, chat = visit.field("channel", 200), visit.field("chat", 200)
    asker = visit.asker
    try:
        was = await visit.house.database.write(lambda c: told_chats.end(c, asker, channel, chat, now(c)))
    except PermissionDenied:
        raise web.HTTPForbidden(text=visit.word("permissions.owner_only")) from None
    if was:
        log.info("chat.unsubscribed", shop=asker.shop_id, channel=channel, person=asker.person_id)
    return visit.go("/permissions")


def shortened(chat: str) -> str:
    """A chat's id without its middle, where that saves something."""
    return chat if len(chat) <= 2 * END + 4 else f"{chat[:END]}…{chat[-END:]}"


def _shown(house: House, one: Chosen) -> dict[str, Any]:
    """A chat with the name of its platform. What is no longer connected keeps the name of its section."""
    return {
        "it": one,
        "tool": house.channel_names.get(one.place.channel, one.place.channel),
        "chat": shortened(one.place.chat),
        "quiet": None if one.quiet is None else _hours(one.quiet),
    }


def _hours(quiet: Quiet) -> str:
    begin, end = (f"{minute // 60:02}:{minute % 60:02}" for minute in (quiet.begin, quiet.end))
    return f"{begin}–{end}"
