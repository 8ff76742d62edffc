"""Chat accounts: one's own on `/me`, everybody's on the owner's page; the code that binds one, and taking it back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bot.console.drawing import BEIJING, Speech
from bot.console.house import House
from bot.console.visit import Visit
from bot.domain.people import Asker, Permission, Role
from bot.merchants import chat_accounts, people, shops
from bot.merchants.chat_accounts import Account
from bot.merchants.permissions import PermissionDenied
from bot.store.chats import CODE_HOLDS
from bot.store.database import now
from bot.store.events import latest

OWN = "console"
"""The console's own chat needs no binding."""


@dataclass(frozen=True, slots=True)
class Code:
    """A fresh binding code, until when it holds, and what to send."""

    digits: str
    until: str

    @property
    def command(self) -> str:
        """What is typed in the chat."""
        return f"/bind {self.digits}"


def tools(house: House) -> list[str]:
    """The chat tools that this bot speaks on, as people call them."""
    return [title for name, title in house.channel_names.items() if name != OWN]


async def my_facts(house: House, asker: Asker, speech: Speech) -> dict[str, Any]:
    """Everything that `/me` shows of the person, and the live event up to which it is true."""
    found = await house.database.read(
        lambda c: (
            latest(c, asker.shop_id),
            people.get(c, asker.person_id or ""),
            shops.facts(c, asker.shop_id),
            chat_accounts.of_person(c, asker.person_id or ""),
        )
    )
    version, person, shop, accounts = found
    return {
        "version": version,
        "login": person.login if person is not None else "",
        "shop": shop.name if shop is not None else "",
        "accounts": [shown(house, account) for account in accounts],
        "tools": tools(house),
        "may": _may(asker, speech),
        "minutes": int(CODE_HOLDS.total_seconds() // 60),
    }


def _may(asker: Asker, speech: Speech) -> str:
    """What the person may do, in a few words."""
    if asker.role is Role.OWNER or asker.role is Role.PLATFORM:
        return speech.page(f"me.may_{asker.role.value}")
    granted = [speech.page(f"permissions.p_{one.value}") for one in Permission if one in asker.permissions]
    return ("、" if speech.lang == "zh" else ", ").join(granted) or speech.page("me.may_nothing")


def shown(house: House, account: Account) -> dict[str, Any]:
    """An account with the name of its platform. What is no longer connected keeps the name of its section."""
    return {"it": account, "tool": house.channel_names.get(account.channel, account.channel)}


async def owners_facts(house: House, asker: Asker) -> dict[str, Any]:
    """What the owner's page shows of everybody's accounts, and what waits there."""
    at = await house.database.read(now)
    accounts, waiting = await house.database.read(
        lambda c: (chat_accounts.of_shop(c, asker.shop_id), chat_accounts.open_requests(c, asker.shop_id, at))
    )
    return {
        "accounts": [shown(house, account) for account in accounts],
        "bind_requests": [
            {"it": request, "tool": house.channel_names.get(request.channel, request.channel)} for request in waiting
        ],
    }


async def fresh_code(visit: Visit) -> Code:
    """A code for whoever is signed in; earlier ones hold no longer."""
    person_id = visit.asker.person_id or ""
    digits, at = await visit.house.database.write(
        lambda c: (chat_accounts.new_code(c, person_id, moment := now(c)), moment)
    )
    return Code(digits, (at + CODE_HOLDS).astimezone(BEIJING).strftime("%H:%M"))


async def unbind(visit: Visit) -> web.Response:
    """Takes a binding back: one's own, or as the owner anybody's. Pressed again it changes nothing."""
    person, channel, tenant, user = (visit.field(name, 200) for name in ("person", "channel", "tenant", "user"))
    try:
        await visit.house.database.write(
            lambda c: chat_accounts.unbind(c, visit.asker, person, channel, tenant, user, now(c))
        )
    except PermissionDenied:
        raise web.HTTPForbidden(text=visit.word("permissions.owner_only")) from None
    return visit.go("/permissions" if visit.field("next") == "/permissions" else "/me")


async def answer(visit: Visit) -> web.Response:
    """The owner's yes or no to an account that asks to be somebody's."""
    wanted = visit.field("to")
    if wanted not in {"yes", "no"}:
        raise web.HTTPNotFound(text=visit.word("error.no_page"))
    request = visit.field("request", 40)
    try:
        await visit.house.database.write(
            lambda c: chat_accounts.answer(c, visit.asker, request, now(c), yes=wanted == "yes")
        )
    except PermissionDenied:
        raise web.HTTPForbidden(text=visit.word("permissions.owner_only")) from None
    except LookupError:
        raise web.HTTPNotFound(text=visit.word("accounts.no_request")) from None
    return web.json_response({"done": True}) if visit.by_script else visit.go("/permissions")
