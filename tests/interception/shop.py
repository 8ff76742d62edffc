"""Two shops that may intercept, their after-sales, and who asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.domain.after_sale import AfterSale, AfterSaleStatus, AfterSaleType
from bot.domain.parcel import Item, Parcel, Stage, TraceEvent
from bot.domain.people import Asker, Origin, Permission, Role, Scope
from bot.merchants import shops
from bot.rules.rulebook import RuleBook, RuleSet
from bot.store import after_sales
from bot.store.shops import agreements

START = datetime.fromisoformat("2026-11-24T09:00:00+08:00")
RULES: RuleSet = RuleBook.load().at(START)

AGENT = Asker("demo", Origin.AGENT, "周琳", Role.AGENT, "p1", permissions=frozenset({Permission.LOGISTICS_TOOLS}))
OWNER = Asker("demo", Origin.AGENT, "陈老板", Role.OWNER, "p0")
NEWCOMER = Asker("demo", Origin.AGENT, "小新", Role.AGENT, "p2")
ERP = Asker("demo", Origin.API, "ERP", key_id="k1", scopes=frozenset({Scope.INTERCEPTIONS_WRITE}))
STRANGER = Asker("other", Origin.AGENT, "别家", Role.OWNER, "q0")


def parcel(number: str, carrier: str = "zto", *, stage: Stage | None = Stage.IN_TRANSIT) -> Parcel:
    """An ordinary parcel on its way."""
    trace = () if stage is None else (event(stage, at=START - timedelta(hours=1)),)
    return Parcel(number, carrier, (Item("棉质短袖", "apparel", 1, 12900),), trace=trace)


def event(stage: Stage, *, at: datetime = START, text: str = "") -> TraceEvent:
    """One scan."""
    return TraceEvent(at, text or f"scan: {stage.value}", place="杭州", stage=stage)


def after_sale(after_sale_id: str, *parcels: Parcel, order_id: str | None = None) -> AfterSale:
    """An open claim for a refund only."""
    return AfterSale(
        after_sale_id=after_sale_id,
        order_id=order_id or f"order-{after_sale_id}",
        type=AfterSaleType.REFUND_ONLY,
        status=AfterSaleStatus.OPEN,
        in_arbitration=False,
        applied_at=START,
        refund_fen=12900,
        parcels=parcels,
    )


def closed(claim: AfterSale) -> AfterSale:
    """The same claim, finished."""
    return replace(claim, status=AfterSaleStatus.CLOSED)


def enter_shops(connection: Connection) -> None:
    """`demo` and `other`, both signed."""
    for shop_id in ("demo", "other"):
        shops.create(connection, shop_id, f"店 {shop_id}", START)
        for kind in ("service", "debit"):
            row = {"shop_id": shop_id, "kind": kind, "version": "2025-01-01"}
            connection.execute(
                agreements.insert(), {**row, "signed_by": "p0", "signed_by_name": "陈老板", "signed_at": START}
            )


def enter(connection: Connection, claims: Sequence[AfterSale], shop_id: str = "demo") -> None:
    """These after-sales of a shop."""
    for claim in claims:
        after_sales.save(connection, shop_id, claim, START)
