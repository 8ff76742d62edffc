"""Draws the card of any target as it is now, for one viewer in one language.

Conversations, the outbox and live pages keep targets, never drawings: whatever is shown again shows the present state.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from bot.cards import batch as batch_cards
from bot.cards import confirm, info, signup
from bot.cards.card import Card
from bot.cards.result import already_confirmed, result_card
from bot.cards.views import AfterSaleView, Draw, Signer, Waiting
from bot.domain.interception import Interception
from bot.domain.people import Asker, Permission, Role
from bot.domain.reason import ReasonCode
from bot.handlers import views
from bot.handlers.actions import action
from bot.handlers.contract import Reply, Shown
from bot.handlers.rooms import Rooms
from bot.interception.facts import Candidate
from bot.interception.service import MOST
from bot.merchants import agreements, people, permissions, shops
from bot.store.cards import Offer, offered
from bot.store.cases import Filter, several

Drawer = Callable[[str, Asker, Draw], Awaitable[Card | None]]

ONLY_STEPS = frozenset({ReasonCode.AGREEMENT_NOT_SIGNED, ReasonCode.PERMISSION_DENIED})
"""Reasons that a person can lift on the spot: they lead to a card of their own when nothing else stands in the way."""

RECORDS_SHOWN = 5
NOBODY = "-"
"""The asker of no interception."""


class Outgoing:
    """One drawer for each kind of target."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._drawers: dict[str, Drawer] = {
            "case": self._case,
            "confirm": self._confirm,
            "choice": self._choice,
            "signup": self._signup,
            "denied": self._denied,
            "granted": self._granted,
            "batch": self._batch,
            "records": self._records,
            "not_found": self._not_found,
            "usage": self._usage,
            "help": self._help,
            "fees": self._fees,
            "too_old": self._too_old,
            "no_person": self._no_person,
        }

    def also(self, kind: str, drawer: Drawer) -> None:
        """A handler that draws targets of its own."""
        self._drawers[kind] = drawer

    async def card(self, target: str, asker: Asker, lang: str) -> Card | None:
        """The present card of a target; None when there is no such thing, or not in the asker's shop."""
        kind, _, rest = target.partition(":")
        drawer = self._drawers.get(kind)
        return None if drawer is None else await drawer(rest, asker, Draw(lang, datetime.now(UTC)))

    async def reply(self, targets: Sequence[str], asker: Asker, lang: str, *, repeated: bool = False) -> Reply:
        """The cards of several targets; those that the asker may not see are left out."""
        drawn = [(target, await self.card(target, asker, lang)) for target in targets]
        return Reply(tuple(Shown(target, card) for target, card in drawn if card is not None), repeated)

    async def _case(self, case_id: str, asker: Asker, draw: Draw) -> Card | None:
        case = await self._rooms.interceptions.get(asker.shop_id, case_id)
        if case is None:
            return None
        return await self.draw_case(case, asker, draw)

    async def draw_case(self, case: Interception, asker: Asker, draw: Draw) -> Card:
        """The result card of a record."""
        siblings = await self._rooms.interceptions.candidates(asker, case.after_sale_id)
        mine = next((c for c in siblings if c.parcel.tracking_number == case.tracking_number), None)
        shop = await self._rooms.database.read(lambda c: shops.facts(c, case.shop_id))
        view = views.result_view(
            case,
            self._rooms.rules(),
            draw.lang,
            latest=mine.parcel.trace[-1] if mine is not None and mine.parcel.trace else None,
            returns_to=(shop.return_to or "") if shop is not None else "",
            siblings=siblings,
            call_timeout_s=self._rooms.call_timeout_s,
            record_link=self._rooms.record_path(case.id),
        )
        verbs = {"open": case.after_sale_id, "cancel": case.id, "look_again": case.id, "records": case.after_sale_id}
        return result_card(case, view, draw, {verb: action(verb, subject) for verb, subject in verbs.items()})

    async def _confirm(self, offer_id: str, asker: Asker, draw: Draw) -> Card | None:
        offer = await self._rooms.database.read(lambda c: offered(c, asker.shop_id, offer_id))
        if offer is None:
            return None
        candidates = await self._rooms.interceptions.candidates(asker, offer.subject["after_sale_id"])
        if not candidates:
            return None
        card = self.draw_confirmation(offer, candidates, draw)
        if offer.used_at is None:
            return card
        done = await self._rooms.database.read(lambda c: several(c, offer.result))
        rules = self._rooms.rules()
        names = [rules.carrier_name(case.carrier).of(draw.lang) for case in done]
        counted = [(name, names.count(name)) for name in dict.fromkeys(names)]
        return confirm.folded(card, offer.used_by or "", offer.used_at, draw, confirmed=counted)

    def draw_confirmation(
        self, offer: Offer, candidates: Sequence[Candidate], draw: Draw, picked: Sequence[str] | None = None
    ) -> Card:
        """A confirmation with every parcel; `picked` in place of what the offer had picked."""
        rules = self._rooms.rules()
        chosen = offer.subject["picked"] if picked is None else picked
        parcels = [
            views.parcel_view(c, rules, draw.lang, picked=c.parcel.tracking_number in chosen) for c in candidates
        ]
        verbs = {verb: action(verb, offer.id) for verb in ("confirm", "dismiss")}
        return confirm.confirmation(f"confirm:{offer.id}", 1, candidates[0].after_sale, parcels, draw, verbs)

    async def stale(self, offer: Offer, candidates: Sequence[Candidate], draw: Draw) -> Card:
        """A confirmation whose facts have changed: nothing was done, one button takes the latest."""
        card = self.draw_confirmation(offer, candidates, draw)
        changed = next((c for c in candidates if c.parcel.tracking_number in offer.subject["picked"]), candidates[0])
        refresh = {"refresh": action("refresh", offer.subject["after_sale_id"])}
        return confirm.stale(card, draw, refresh, reasons=changed.verdict.reasons, done=changed.blocking)

    async def late(self, case: Interception, asker: Asker, offer: Offer, lang: str) -> Card:
        """For somebody who pressed later: the present card, and who was first."""
        draw = Draw(lang, datetime.now(UTC))
        card = await self.draw_case(case, asker, draw)
        return already_confirmed(card, offer.used_by or case.asked_by, offer.used_at or case.created_at, draw)

    async def _choice(self, number: str, asker: Asker, draw: Draw) -> Card | None:
        found = (await self._rooms.interceptions.find(asker.shop_id, [number]))[number]
        options = [AfterSaleView(one, action("open", one.after_sale_id)) for one in found]
        return confirm.choose_after_sale(f"choice:{number}", 1, number, options, draw) if options else None

    async def _signup(self, after_sale_id: str, asker: Asker, draw: Draw) -> Card | None:
        return await self.sign_up(after_sale_id, asker, draw)

    async def sign_up(
        self, after_sale_id: str, asker: Asker, draw: Draw, ticked: frozenset[str] = frozenset()
    ) -> Card | None:
        """Sign-up as this viewer may see it: to sign, to remind the owner, or that it is done (U3)."""
        rules, lang = self._rooms.rules(), draw.lang
        shop = await self._rooms.database.read(lambda c: shops.facts(c, asker.shop_id))
        if shop is None:
            return None
        signature = await self._rooms.database.read(lambda c: agreements.latest(c, asker.shop_id))
        signed = await self._rooms.database.read(lambda c: agreements.signed(c, asker.shop_id))
        waiting_for = await self._rooms.interceptions.candidates(asker, after_sale_id) if after_sale_id else []
        names = [rules.carrier_name(c.parcel.carrier).of(lang) for c in waiting_for]
        if signature is not None and all(signed.get(a.kind, "") >= a.oldest_valid for a in rules.agreements):
            counted = [(name, names.count(name)) for name in dict.fromkeys(names)]
            verbs = {"open": action("open", after_sale_id)}
            return signup.signed(signature.by, signature.version, signature.at, draw, verbs, parcels=counted)
        waiting = Waiting(names[0], waiting_for[0].parcel.tracking_number) if waiting_for else None
        shown = views.agreement_views(rules, lang, ticked)
        if agreements.may_sign(asker):
            signer = Signer(shop.name, asker.name, asker.role or Role.AGENT, f"signup:{after_sale_id}", 1 + len(ticked))
            verbs = {"sign": action("sign", after_sale_id)}
            return signup.sign_up(signer, views.fee_views(rules, lang), shown, draw, verbs, waiting=waiting)
        verbs = {"remind": action("remind", after_sale_id)}
        return signup.unsigned(shown, draw, verbs, owner=await self._owner(asker.shop_id), waiting=waiting)

    async def _denied(self, kind: str, asker: Asker, draw: Draw) -> Card | None:
        can_ask = asker.role is Role.AGENT and kind not in ("grant", "asked")
        needed = Permission.SIGN_AGREEMENTS if kind == "sign" else Permission.LOGISTICS_TOOLS
        verbs = {"ask_grant": action("ask_grant", needed.value)} if can_ask else {}
        return signup.denied(draw, verbs, owner=await self._owner(asker.shop_id), kind=kind)

    async def _granted(self, person_id: str, asker: Asker, draw: Draw) -> Card | None:
        person = await self._rooms.database.read(lambda c: people.get(c, person_id))
        if person is None or person.shop_id != asker.shop_id:
            return None
        return signup.granted(person.name, draw)

    async def _owner(self, shop_id: str) -> str:
        return await self._rooms.database.read(lambda c: people.owner_name(c, shop_id))

    async def _batch(self, batch_id: str, asker: Asker, draw: Draw) -> Card | None:
        batch = await self._rooms.batches.get(asker.shop_id, batch_id)
        if batch is None:
            return None
        verbs = {verb: action(verb, batch.id) for verb in ("confirm_batch", "pause_batch", "resume_batch")}
        view = views.batch_view(batch, self._rooms.rules(), draw.lang, self._rooms.batch_path(batch.id))
        return batch_cards.batch_card(view, draw, verbs)

    async def _records(self, number: str, asker: Asker, draw: Draw) -> Card | None:
        rules, lang, own = self._rooms.rules(), draw.lang, permissions.own_only(asker)
        mine = (asker.person_id or NOBODY) if own else None
        wanted = Filter(asker_id=mine, newest_first=True)
        if number:
            found = (await self._rooms.interceptions.find(asker.shop_id, [number]))[number]
            is_parcel = any(a.parcel(number) is not None for a in found)
            wanted = replace(
                wanted,
                tracking_number=number if is_parcel or not found else None,
                after_sale_id=found[0].after_sale_id if found and not is_parcel else None,
            )
        page = await self._rooms.interceptions.records(asker.shop_id, wanted, None, RECORDS_SHOWN)
        total = (await self._rooms.interceptions.sums(asker.shop_id, wanted)).count
        rows = views.record_rows(page.items, rules, lang)
        return info.records_card(rows, total, draw, {}, page="/records", number=number, own=own)

    async def _not_found(self, numbers: str, asker: Asker, draw: Draw) -> Card | None:
        del asker
        return info.not_found(numbers.split(","), draw)

    async def _usage(self, _rest: str, asker: Asker, draw: Draw) -> Card | None:
        del asker
        return info.usage(draw, MOST)

    async def _help(self, _rest: str, asker: Asker, draw: Draw) -> Card | None:
        del asker
        return info.help_card(draw)

    async def _fees(self, _rest: str, asker: Asker, draw: Draw) -> Card | None:
        del asker
        rules = self._rooms.rules()
        fees = views.fee_views(rules, draw.lang)
        return info.fees_card(fees, rules.compensation_limit_fen, rules.version, draw)

    async def _too_old(self, minutes: str, asker: Asker, draw: Draw) -> Card | None:
        del asker
        return info.too_old(int(minutes), draw)

    async def _no_person(self, login: str, asker: Asker, draw: Draw) -> Card | None:
        del asker
        return info.no_person(login, draw)
