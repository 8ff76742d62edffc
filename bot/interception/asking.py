"""T1, the ask: which parcels are meant, what the rules say, and the case that is committed before anybody is told.

Everything here runs inside one transaction: key, cases and rule results stand or fall together.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from bot.carriers.contract import Routes
from bot.domain.after_sale import AfterSale, AfterSaleStatus
from bot.domain.case import Phase
from bot.domain.interception import Interception
from bot.domain.people import Asker
from bot.interception.errors import ChoiceRequired, KeyReused, UnknownParcels
from bot.interception.facts import Candidate, judge, shop_facts
from bot.interception.moves import Submission, open_case
from bot.interception.pace import Pace
from bot.rules.facts import ShopFacts
from bot.rules.rulebook import RuleSet
from bot.store import after_sales, cases
from bot.store.cases import cases as table
from bot.store.cases import idempotency
from bot.store.database import now
from bot.store.prepared import Prepared
from bot.store.sql import insert_new


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be intercepted: a parcel, a parcel of a certain after-sale, or the only parcel of an after-sale."""

    after_sale_id: str | None = None
    tracking_number: str | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """An `Idempotency-Key` and the digest of the body that came with it."""

    key: str
    body_digest: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for what, and what makes the ask the same one when it comes again."""

    asker: Asker
    targets: Sequence[Target]
    key: Key | None = None
    click: str | None = None


@dataclass(slots=True)
class Taken:
    """What an ask became: the interceptions in the order of the targets, the rows whose call may start now, and whether
    others wait for a slot.
    """

    items: list[Interception] = field(default_factory=list)
    to_call: list[Row[Any]] = field(default_factory=list)
    queued: bool = False


@dataclass(frozen=True, slots=True)
class Asking:
    """What an ask is judged by. `take` is one transaction."""

    routes: Routes
    rules: RuleSet
    pace: Pace

    def take(self, connection: Connection, asked: Asked, slots: int) -> Taken:
        """Opens the cases; the same key and body, or the same click, finds those that it opened before.

        Raises what `errors.py` names; then nothing is kept.
        """
        shop_id = asked.asker.shop_id
        at = now(connection)
        ids = [f"icpt-{secrets.token_hex(10)}" for _ in asked.targets]
        if asked.key is not None:
            before = _key_taken(connection, shop_id, asked.key, ids, at)
            if before is not None:
                return Taken(cases.several(connection, before))
        shop = shop_facts(connection, shop_id)
        chosen = [self._choose(connection, asked.asker, shop, target) for target in asked.targets]
        taken = Taken()
        final_ids = []
        for case_id, candidate in zip(ids, _once(chosen), strict=False):
            row = self._open(connection, asked, shop, candidate, case_id, at, call_now=len(taken.to_call) < slots)
            final_ids.append(row.id)
            taken.items.append(cases.snapshot(row))
            if row.id == case_id and row.phase == Phase.CALLING.value:
                taken.to_call.append(row)
            taken.queued = taken.queued or (row.id == case_id and row.phase == Phase.QUEUED.value)
        if asked.key is not None and final_ids != ids:
            _name_cases(connection, shop_id, asked.key, final_ids)
        return taken

    def candidates(self, connection: Connection, asker: Asker, after_sale: AfterSale) -> list[Candidate]:
        """Every parcel of the after-sale with its verdict."""
        shop = shop_facts(connection, asker.shop_id)
        return [self._judge(connection, asker, shop, after_sale, p.tracking_number) for p in after_sale.parcels]

    def _judge(
        self, connection: Connection, asker: Asker, shop: ShopFacts, after_sale: AfterSale, number: str
    ) -> Candidate:
        parcel = after_sale.parcel(number)
        if parcel is None:
            raise UnknownParcels([number])
        return judge(connection, asker, shop, after_sale, parcel, self.routes, self.rules)

    def _choose(self, connection: Connection, asker: Asker, shop: ShopFacts, target: Target) -> Candidate:
        number = target.tracking_number
        if target.after_sale_id is not None:
            after_sale = after_sales.load(connection, shop.shop_id, target.after_sale_id)
            if after_sale is None or not after_sale.parcels:
                raise UnknownParcels([number or target.after_sale_id])
            if number is not None:
                return self._judge(connection, asker, shop, after_sale, number)
            if len(after_sale.parcels) != 1:
                raise ChoiceRequired(self.candidates(connection, asker, after_sale))
            return self._judge(connection, asker, shop, after_sale, after_sale.parcels[0].tracking_number)
        if number is None:
            raise UnknownParcels([])
        found = [a for a in after_sales.find(connection, shop.shop_id, number) if a.parcel(number) is not None]
        if not found:
            raise UnknownParcels([number])
        still_open = [a for a in found if a.status is AfterSaleStatus.OPEN]
        fitting = still_open if len(found) > 1 else found
        if len(fitting) != 1:
            raise ChoiceRequired([self._judge(connection, asker, shop, a, number) for a in fitting or found])
        return self._judge(connection, asker, shop, fitting[0], number)

    def _open(
        self,
        connection: Connection,
        asked: Asked,
        shop: ShopFacts,
        candidate: Candidate,
        case_id: str,
        at: datetime,
        *,
        call_now: bool,
    ) -> Row[Any]:
        number = candidate.parcel.tracking_number
        for _ in range(3):
            submission = self._submission(asked, candidate, case_id, call_now=call_now)
            opened = open_case(connection, submission, self.pace, at)
            if opened is not None:
                return opened
            # The table has this click and parcel already: it is the same ask.
            same_click = _of_click(connection, asked.click, number)
            if same_click is not None:
                return same_click
            # Somebody else's case was committed in between: the rules see it now, and R10 refuses.
            candidate = self._judge(connection, asked.asker, shop, candidate.after_sale, number)
        raise LookupError(case_id)

    def _submission(self, asked: Asked, candidate: Candidate, case_id: str, *, call_now: bool) -> Submission:
        asker, parcel, verdict = asked.asker, candidate.parcel, candidate.verdict
        route = self.routes.find(asker.shop_id, parcel.carrier)
        row = {
            "id": case_id,
            "shop_id": asker.shop_id,
            "after_sale_id": candidate.after_sale.after_sale_id,
            "tracking_number": parcel.tracking_number,
            "carrier": parcel.carrier,
            "route": route.facts.name if route is not None else "",
            "doubt_by": route.facts.doubt.value if route is not None else "",
            "route_can_cancel": route is not None and route.facts.can_cancel,
            "settled_by": route.facts.settled_by.value if route is not None and verdict.eligible else None,
            "origin": asker.origin.value,
            "asked_by": asker.name,
            "asker_id": asker.person_id or asker.key_id or "",
            "click": asked.click,
            "quoted_fen": verdict.fee_fen,
            "rules_version": verdict.rules_version,
            "checks": [check.as_json() for check in verdict.checks],
        }
        return Submission(row, verdict.reasons, call_now=call_now)


def _once(chosen: Sequence[Candidate]) -> list[Candidate]:
    first: dict[str, Candidate] = {}
    for candidate in chosen:
        first.setdefault(candidate.parcel.tracking_number, candidate)
    return list(first.values())


def _of_click(connection: Connection, click: str | None, number: str) -> Row[Any] | None:
    if click is None:
        return None
    return _CLICKED.first(connection, {"click_": click, "number": number})


_CLICKED = Prepared(
    select(table).where(table.c.click == bindparam("click_"), table.c.tracking_number == bindparam("number"))
)


def _key_taken(connection: Connection, shop_id: str, key: Key, ids: Sequence[str], at: datetime) -> list[str] | None:
    """The cases of this key, or None when it is new; it is then kept with the ids that are about to be opened.

    Written first: a second request with the same key waits here for the first one's commit.
    """
    row = {"shop_id": shop_id, "key": key.key, "body_digest": key.body_digest, "case_ids": list(ids), "created_at": at}
    if insert_new(connection, idempotency, row):
        return None
    this = (idempotency.c.shop_id == shop_id) & (idempotency.c.key == key.key)
    before = connection.execute(select(idempotency).where(this)).one()
    if before.body_digest != key.body_digest:
        raise KeyReused(key.key)
    return list(before.case_ids)


def _name_cases(connection: Connection, shop_id: str, key: Key, ids: Sequence[str]) -> None:
    this = (idempotency.c.shop_id == shop_id) & (idempotency.c.key == key.key)
    connection.execute(idempotency.update().where(this).values(case_ids=list(ids)))
