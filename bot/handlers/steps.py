"""What a person does on the way to an interception, and after it: sign, ask for a permission, cancel, look again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.cards.views import Draw
from bot.domain.people import Asker, Permission
from bot.handlers.contract import Incoming, Reply, Shown
from bot.handlers.grammar import Parsed
from bot.handlers.intercept import Intercept
from bot.handlers.outgoing import Outgoing
from bot.handlers.rooms import Rooms
from bot.interception.batch import Batch
from bot.interception.errors import NotCancellable, NotFound
from bot.merchants import agreements, people, permissions
from bot.merchants.permissions import PermissionDenied
from bot.store.database import now

LONGEST_LOGIN = 64
"""No login is longer; whatever else stands behind `/grant` is cut off before it is named on a card."""

Switch = Callable[[Asker, str], Awaitable[Batch]]


class Steps:
    """One method for each command or button."""

    def __init__(self, rooms: Rooms, outgoing: Outgoing, intercept: Intercept) -> None:
        self._rooms = rooms
        self._outgoing = outgoing
        self._intercept = intercept

    async def sign_typed(self, incoming: Incoming, _parsed: Parsed) -> Reply:
        """`/sign`: both agreements to read and tick."""
        return await self._outgoing.reply(["signup:"], incoming.asker, incoming.chat.lang)

    async def sign(self, incoming: Incoming, after_sale_id: str) -> Reply:
        """「立即签约」: both must be ticked; afterwards the interception goes on where it stopped (U3)."""
        asker, lang = incoming.asker, incoming.chat.lang
        offered = self._rooms.rules().agreements
        ticked = {a.kind: a.version for a in offered if incoming.values.get(f"agree_{a.kind}")}
        try:
            await self._rooms.database.write(lambda c: agreements.sign(c, asker, ticked, now(c)))
        except PermissionDenied:
            return await self._outgoing.reply(["denied:sign"], asker, lang)
        except agreements.NotBoth:
            at = await self._rooms.database.read(now)
            card = await self._outgoing.sign_up(after_sale_id, asker, Draw(lang, at), frozenset(ticked))
            return Reply() if card is None else Reply((Shown(f"signup:{after_sale_id}", card),))
        if not after_sale_id:
            return await self._outgoing.reply(["signup:"], asker, lang)
        return await self._intercept.open(incoming, after_sale_id)

    async def remind(self, incoming: Incoming, after_sale_id: str) -> Reply:
        """「提醒主账号」: the owner finds the request on top of the permissions page."""
        return await self._ask_for(incoming, Permission.SIGN_AGREEMENTS, f"signup:{after_sale_id}")

    async def ask_grant(self, incoming: Incoming, permission: str) -> Reply:
        """「请主账号开通」."""
        wanted = Permission(permission) if permission in set(Permission) else Permission.LOGISTICS_TOOLS
        return await self._ask_for(incoming, wanted, "denied:asked")

    async def _ask_for(self, incoming: Incoming, permission: Permission, target: str) -> Reply:
        asker = incoming.asker
        try:
            await self._rooms.database.write(lambda c: permissions.ask(c, asker, permission, now(c)))
        except PermissionDenied:
            target = "denied:grant"
        return await self._outgoing.reply([target], asker, incoming.chat.lang)

    async def grant(self, incoming: Incoming, parsed: Parsed) -> Reply:
        """`/grant LOGIN`: the owner lets an agent of the shop use the logistics tools."""
        asker, lang = incoming.asker, incoming.chat.lang
        login = parsed.argument.strip()[:LONGEST_LOGIN]
        person = await self._rooms.database.read(lambda c: people.by_login(c, login)) if login else None
        if person is None or person.shop_id != asker.shop_id or not person.active:
            return await self._outgoing.reply([f"no_person:{login}"], asker, lang)
        tools = Permission.LOGISTICS_TOOLS
        try:
            await self._rooms.database.write(lambda c: permissions.grant(c, asker, person.id, tools, now(c)))
        except PermissionDenied:
            return await self._outgoing.reply(["denied:grant"], asker, lang)
        except LookupError:  # no agent, or one who has just left
            return await self._outgoing.reply([f"no_person:{login}"], asker, lang)
        return await self._outgoing.reply([f"granted:{person.id}"], asker, lang)

    async def cancel(self, incoming: Incoming, case_id: str) -> Reply:
        """「取消拦截」: only while pending and where the route can; the card says why it cannot (U6)."""
        asker, lang = incoming.asker, incoming.chat.lang
        try:
            await self._rooms.interceptions.cancel(asker, case_id)
        except PermissionDenied:
            return await self._outgoing.reply(["denied"], asker, lang)
        except NotFound:
            return await self._outgoing.reply([f"not_found:{case_id}"], asker, lang)
        except NotCancellable:
            return await self._outgoing.reply([f"case:{case_id}"], asker, lang, repeated=True)
        return await self._outgoing.reply([f"case:{case_id}"], asker, lang)

    async def look_again(self, incoming: Incoming, case_id: str) -> Reply:
        """「再查一次」: asks what became of it; never sends it again."""
        asker, lang = incoming.asker, incoming.chat.lang
        try:
            await self._rooms.interceptions.look_again(asker, case_id)
        except NotFound:
            return await self._outgoing.reply([f"not_found:{case_id}"], asker, lang)
        return await self._outgoing.reply([f"case:{case_id}"], asker, lang)

    async def confirm_batch(self, incoming: Incoming, batch_id: str) -> Reply:
        """The one confirmation of a batch."""
        return await self._batch(incoming, batch_id, self._rooms.batches.confirm)

    async def pause_batch(self, incoming: Incoming, batch_id: str) -> Reply:
        """Nothing further is opened."""
        return await self._batch(incoming, batch_id, self._rooms.batches.pause)

    async def resume_batch(self, incoming: Incoming, batch_id: str) -> Reply:
        """Goes on."""
        return await self._batch(incoming, batch_id, self._rooms.batches.go_on)

    async def _batch(self, incoming: Incoming, batch_id: str, switch: Switch) -> Reply:
        try:
            await switch(incoming.asker, batch_id)
        except PermissionDenied:
            return await self._outgoing.reply(["denied"], incoming.asker, incoming.chat.lang)
        except NotFound:
            return await self._outgoing.reply([f"not_found:{batch_id}"], incoming.asker, incoming.chat.lang)
        return await self._outgoing.reply([f"batch:{batch_id}"], incoming.asker, incoming.chat.lang)
