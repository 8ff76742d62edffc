"""`/intercept` and 「发起拦截」, then 「确认拦截」: one path, typed or clicked (U1, U2, U4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.cards.views import Draw
from bot.domain.after_sale import AfterSale, AfterSaleStatus
from bot.domain.reason import Reason, ReasonCode
from bot.handlers.contract import Incoming, Reply, Shown
from bot.handlers.grammar import Parsed
from bot.handlers.outgoing import ONLY_STEPS, Outgoing
from bot.handlers.rooms import Rooms
from bot.interception.asking import Target
from bot.interception.batch import Outcome
from bot.interception.errors import TooMany
from bot.interception.facts import Candidate
from bot.interception.news import BATCH
from bot.store.cards import Offer, offer, offered, use
from bot.store.cases import of_click
from bot.store.database import now

MOST_NAMED = 20
"""So many unknown numbers are named on a card; a batch names each of them on its page."""


class Intercept:
    """From a number to a confirmation, and from a confirmation to interceptions."""

    def __init__(self, rooms: Rooms, outgoing: Outgoing) -> None:
        self._rooms = rooms
        self._outgoing = outgoing

    async def typed(self, incoming: Incoming, parsed: Parsed) -> Reply:
        """The command: one number leads to a confirmation or a choice, several after-sales to a batch."""
        asker, lang = incoming.asker, incoming.chat.lang
        if not parsed.ids:
            return await self._outgoing.reply(["usage"], asker, lang)
        found = await self._rooms.interceptions.find(asker.shop_id, parsed.ids)
        unknown = [number for number in parsed.ids if not found[number]]
        if len(unknown) == len(parsed.ids) and len(unknown) <= MOST_NAMED:
            return await self._outgoing.reply([f"not_found:{','.join(unknown)}"], asker, lang)
        meant = {one.after_sale_id for number in parsed.ids for one in _meant(found[number])}
        if len(meant) > 1 and len(parsed.ids) == 1:
            return await self._outgoing.reply([f"choice:{parsed.ids[0]}"], asker, lang)
        if len(meant) != 1:  # none of so many numbers is the shop's: the batch's page names each
            return await self._batch(incoming, parsed.ids)
        reply = await self.open(incoming, meant.pop(), named=parsed.ids)
        if unknown:
            missing = await self._outgoing.reply([f"not_found:{','.join(unknown)}"], asker, lang)
            return Reply(reply.shown + missing.shown)
        return reply

    async def _batch(self, incoming: Incoming, numbers: Sequence[str]) -> Reply:
        try:
            batch = await self._rooms.batches.draft(incoming.asker, numbers, incoming.conversation)
        except TooMany:
            return await self._outgoing.reply(["usage"], incoming.asker, incoming.chat.lang)
        target = f"batch:{batch.id}"
        if not any(row.outcome is Outcome.ELIGIBLE for row in batch.rows):
            step = _step([row.reasons for row in batch.rows if row.outcome is Outcome.REFUSED])
            target = {ReasonCode.AGREEMENT_NOT_SIGNED: f"signup:{batch.id}", None: target}.get(step, "denied")
        return await self._outgoing.reply([target], incoming.asker, incoming.chat.lang)

    async def _again(self, incoming: Incoming, batch_id: str) -> Reply:
        """The same numbers once more, after what stood in their way was lifted."""
        before = await self._rooms.batches.get(incoming.asker.shop_id, batch_id)
        if before is None:
            return await self._outgoing.reply([f"not_found:{batch_id}"], incoming.asker, incoming.chat.lang)
        return await self._batch(incoming, list(dict.fromkeys(row.typed for row in before.rows)))

    async def pressed_open(self, incoming: Incoming, after_sale_id: str) -> Reply:
        """The button of an after-sale; a number that the shop does not have is said so."""
        return await self.open(incoming, after_sale_id)

    async def open(self, incoming: Incoming, after_sale_id: str, *, named: Sequence[str] = ()) -> Reply:
        """The confirmation, or what has to happen before it: signing (U3), a permission (R11).

        A parcel that was named is picked, and so is the only one that can go; several are a choice, never a guess. A
        batch in place of an after-sale is checked again.
        """
        asker, lang = incoming.asker, incoming.chat.lang
        if after_sale_id.startswith(BATCH):
            return await self._again(incoming, after_sale_id)
        candidates = await self._rooms.interceptions.candidates(asker, after_sale_id, fresh=True)
        if not candidates:
            return await self._outgoing.reply([f"not_found:{after_sale_id}"], asker, lang)
        step = _step([candidate.verdict.reasons for candidate in candidates])
        if step is ReasonCode.AGREEMENT_NOT_SIGNED:
            return await self._outgoing.reply([f"signup:{after_sale_id}"], asker, lang)
        if step is ReasonCode.PERMISSION_DENIED:
            return await self._outgoing.reply(["denied"], asker, lang)
        eligible = [c.parcel.tracking_number for c in candidates if c.verdict.eligible]
        parcels = {c.parcel.tracking_number for c in candidates}
        # Where parcels were named only those are picked, even if none of them can go: never another one instead.
        picked = [number for number in eligible if number in named]
        if not parcels.intersection(named) and len(eligible) == 1:
            picked = eligible
        subject = {"after_sale_id": after_sale_id, "picked": picked}
        made = await self._rooms.database.write(lambda c: offer(c, asker.shop_id, "confirm", subject, now(c)))
        card = self._outgoing.draw_confirmation(made, candidates, Draw(lang, datetime.now(UTC)))
        return Reply((Shown(f"confirm:{made.id}", card),))

    async def confirm(self, incoming: Incoming, offer_id: str) -> Reply:
        """Asks for the picked parcels, once: the same card pressed again shows what the first press did."""
        asker, lang = incoming.asker, incoming.chat.lang
        found = await self._rooms.database.read(lambda c: offered(c, asker.shop_id, offer_id))
        if found is None:
            return await self._outgoing.reply([f"not_found:{offer_id}"], asker, lang)
        if found.used_at is not None:
            return await self._pressed_before(incoming, found)
        candidates = await self._rooms.interceptions.candidates(asker, found.subject["after_sale_id"])
        picked = incoming.values.get("parcels", tuple(found.subject["picked"]))
        chosen = [c for c in candidates if c.parcel.tracking_number in picked]
        draw = Draw(lang, datetime.now(UTC))
        if not chosen:
            card = self._outgoing.draw_confirmation(found, candidates, draw, picked=())
            return Reply((Shown(f"confirm:{offer_id}", card),))
        changed = [candidate.verdict.reasons for candidate in chosen if _changed(candidate)]
        if changed:
            begun = await self._rooms.database.read(lambda c: of_click(c, asker.shop_id, offer_id))
            if begun:  # whoever asked was killed before he could note it, and what came since changes nothing of it
                ids, by = [case.id for case in begun], begun[0].asked_by
                await self._rooms.database.write(lambda c: use(c, offer_id, by, ids, now(c)))
                return await self._outgoing.reply([f"case:{i}" for i in ids], asker, lang)
        if _step(changed) is ReasonCode.PERMISSION_DENIED:
            return await self._outgoing.reply(["denied"], asker, lang)
        if changed:
            stale = await self._outgoing.stale(found, chosen, draw)
            return Reply((Shown(f"confirm:{offer_id}", stale),))
        targets = [Target(c.after_sale.after_sale_id, c.parcel.tracking_number) for c in chosen]
        cases = await self._rooms.interceptions.ask(asker, targets, click=offer_id)
        ids = [case.id for case in cases]
        if await self._rooms.database.write(lambda c: use(c, offer_id, asker.name, ids, now(c))):
            return await self._outgoing.reply([f"case:{i}" for i in ids], asker, lang)
        # Somebody pressed at the same moment: it was one ask, and this one is told who was first.
        first = await self._rooms.database.read(lambda c: offered(c, asker.shop_id, offer_id))
        return await self._pressed_before(incoming, first or found)

    async def dismiss(self, incoming: Incoming, offer_id: str) -> Reply:
        """「先不拦」: the card folds, nothing is asked for."""
        asker = incoming.asker
        found = await self._rooms.database.read(lambda c: offered(c, asker.shop_id, offer_id))
        if found is not None:
            await self._rooms.database.write(lambda c: use(c, offer_id, asker.name, [], now(c)))
        return await self._outgoing.reply([f"confirm:{offer_id}"], asker, incoming.chat.lang)

    async def _pressed_before(self, incoming: Incoming, found: Offer) -> Reply:
        shown = []
        for case_id in found.result:
            case = await self._rooms.interceptions.get(incoming.asker.shop_id, case_id)
            if case is not None:
                card = await self._outgoing.late(case, incoming.asker, found, incoming.chat.lang)
                shown.append(Shown(f"case:{case_id}", card))
        if shown:
            return Reply(tuple(shown), repeated=True)
        return await self._outgoing.reply([f"confirm:{found.id}"], incoming.asker, incoming.chat.lang, repeated=True)


def _meant(found: Sequence[AfterSale]) -> Sequence[AfterSale]:
    """Of several after-sales the only open one; else all of them, to be chosen from."""
    still_open = [one for one in found if one.status is AfterSaleStatus.OPEN]
    return still_open if len(found) > 1 and len(still_open) == 1 else found


def _step(parcels: Sequence[Sequence[Reason]]) -> ReasonCode | None:
    """What a person can do right now so that a parcel may go: nothing else stands in its way.

    A platform agent outside arbitration is granted nothing by the owner: that reason stands on the parcel.
    """
    for reasons in parcels:
        if any(reason.facts.get("why") == "arbitration" for reason in reasons):
            continue
        codes = {reason.code for reason in reasons}
        if codes and codes <= ONLY_STEPS:
            return max(codes & ONLY_STEPS, key=lambda code: code is ReasonCode.AGREEMENT_NOT_SIGNED)
    return None


def _changed(candidate: Candidate) -> bool:
    """Whether it can no longer go, for another reason than an interception of it: that one becomes a record (R10)."""
    return any(reason.code is not ReasonCode.ALREADY_INTERCEPTED for reason in candidate.verdict.reasons)
