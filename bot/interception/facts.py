"""Collects what the rules judge, from what is stored at this moment (R1–R11)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from bot.carriers.contract import Routes
from bot.domain.after_sale import AfterSale
from bot.domain.case import SettledBy
from bot.domain.interception import Interception
from bot.domain.parcel import Parcel, Stage, TraceEvent
from bot.domain.people import Asker
from bot.rules.eligibility import evaluate
from bot.rules.facts import Blocking, Facts, ShopFacts, Verdict
from bot.rules.rulebook import RuleSet
from bot.rules.stage import stage_of_trace
from bot.store.cases import blocking
from bot.store.prepared import Prepared
from bot.store.shops import agreements, shops


@dataclass(frozen=True, slots=True)
class StageReading:
    """Where the parcel is, and how old that is: the time, place and text of the newest event."""

    stage: Stage
    as_of: datetime | None = None
    place: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One parcel that somebody may want intercepted, with the verdict on it."""

    after_sale: AfterSale
    parcel: Parcel
    reading: StageReading
    verdict: Verdict
    blocking: Interception | None
    settled_by: SettledBy | None = None


def shop_facts(connection: Connection, shop_id: str) -> ShopFacts:
    """The shop as R1–R3 see it; a shop that does not exist is not in operation."""
    rows = _SHOP.all(connection, {"shop": shop_id})
    if not rows:
        return ShopFacts(shop_id, active=False)
    signed: dict[str, str] = {}
    for row in rows:
        if row.kind is not None:
            signed[row.kind] = max(row.version, signed.get(row.kind, ""))
    return ShopFacts(shop_id, active=rows[0].active, cross_border=rows[0].cross_border, signed=signed)


def read_stage(trace: Sequence[TraceEvent], carrier: str) -> StageReading:
    """The stage of a trace that is sorted as it was stored: by time, then by arrival."""
    if not trace:
        return StageReading(Stage.UNKNOWN)
    newest = trace[-1]
    return StageReading(stage_of_trace(trace, carrier), newest.at, newest.place, newest.text)


def judge(
    connection: Connection,
    asker: Asker,
    shop: ShopFacts,
    after_sale: AfterSale,
    parcel: Parcel,
    routes: Routes,
    rules: RuleSet,
) -> Candidate:
    """The verdict on one parcel, from the stored trace (ruling 10)."""
    reading = read_stage(parcel.trace, parcel.carrier)
    blocks = blocking(connection, parcel.carrier, parcel.tracking_number)
    route = routes.find(shop.shop_id, parcel.carrier)
    verdict = evaluate(
        Facts(
            asker=asker,
            shop=shop,
            after_sale=after_sale,
            parcel=parcel,
            stage=reading.stage,
            seen_at=reading.as_of,
            blocking=None if blocks is None else _blocking(blocks, shop.shop_id),
            has_route=route is not None and route.accepts(after_sale.after_sale_id),
        ),
        rules,
    )
    own = blocks if blocks is not None and blocks.shop_id == shop.shop_id else None
    settled_by = None if route is None else route.facts.settled_by
    return Candidate(after_sale, parcel, reading, verdict, own, settled_by)


def _blocking(case: Interception, shop_id: str) -> Blocking:
    own = case.shop_id == shop_id
    return Blocking(case.id, case.state, own=own, number=case.number if own else None)


_SHOP = Prepared(
    select(shops.c.active, shops.c.cross_border, agreements.c.kind, agreements.c.version)
    .select_from(shops.outerjoin(agreements, agreements.c.shop_id == shops.c.id))
    .where(shops.c.id == bindparam("shop"))
)
